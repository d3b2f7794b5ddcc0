//! The refresh token of a machine: it carries all it needs, writes no row, does not rotate and is never extended.

use domain::id::{ApplicationId, SecretId, SessionId, TenantId};
use domain::scope::Scopes;
use domain::{Epochs, Timestamp};

use super::{Redemption, Refusal};
use crate::Door;
use crate::party::Application;

/// The refresh token of an application that acts for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRefresh {
    /// The tenant of the application.
    pub tenant: TenantId,
    /// The application.
    pub application: ApplicationId,
    /// The secret that bought it.
    pub secret: SecretId,
    /// The credentials exchange that it came from; every token bought with it has the same.
    pub session: SessionId,
    /// What it was authorised for.
    pub scopes: Scopes,
    /// The epochs of the credentials exchange.
    pub epochs: Epochs,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The door that issued it.
    pub door: Door,
}

impl MachineRefresh {
    /// Decides whether it buys another access token. Its revocation is a question to the database, which comes after.
    pub fn check(&self, application: &Application, redemption: &Redemption) -> Result<(), Refusal> {
        if application.id != self.application || application.tenant.id != self.tenant {
            return Err(Refusal::Ended);
        }
        if redemption.now >= self.expires_at {
            return Err(Refusal::Expired);
        }
        if !self.epochs.hold_under(redemption.current) {
            return Err(Refusal::Outdated);
        }
        if !application.has_live_secret(self.secret, redemption.now) {
            return Err(Refusal::SecretWithdrawn);
        }
        redemption.door.admits(self.door, self.application, redemption.client)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Epoch, Slug};
    use uuid::Uuid;

    use super::*;
    use crate::TenantLifetimes;
    use crate::party::Tenant;

    const END: Timestamp = Timestamp::from_seconds(100_000);

    fn application() -> Application {
        Application {
            id: Uuid::from_u128(2).into(),
            client_id: "client".to_owned(),
            tenant: Tenant {
                id: Uuid::from_u128(1).into(),
                slug: Slug::parse("lerian").unwrap(),
                epoch: Epoch(1),
                lifetimes: TenantLifetimes::default(),
                requests_per_second: None,
            },
            name: "midaz-1a2b".to_owned(),
            product: None,
            epoch: Epoch(4),
            grants: Vec::new(),
            secrets: [(Uuid::from_u128(9).into(), Some(END.plus(Duration::from_secs(9))))].into(),
            is_default: false,
        }
    }

    fn token(application: &Application) -> MachineRefresh {
        MachineRefresh {
            tenant: application.tenant.id,
            application: application.id,
            secret: Uuid::from_u128(9).into(),
            session: Uuid::from_u128(5).into(),
            scopes: Scopes::default(),
            epochs: application.own_epochs(),
            expires_at: END,
            door: Door::AccessManager,
        }
    }

    fn redemption(application: &Application, seconds: i64) -> Redemption {
        let now = Timestamp::from_seconds(seconds);
        Redemption { door: Door::AccessManager, client: None, current: application.own_epochs(), now }
    }

    #[test]
    fn it_is_redeemed_any_number_of_times_until_its_end() {
        let application = application();
        let token = token(&application);
        for seconds in [1, 2, 99_999] {
            assert_eq!(token.check(&application, &redemption(&application, seconds)), Ok(()));
        }
        assert_eq!(token.check(&application, &redemption(&application, 100_000)), Err(Refusal::Expired));
    }

    #[test]
    fn it_dies_with_its_secret_its_epochs_and_its_application() {
        let before = application();
        let token = token(&before);

        let mut withdrawn = before.clone();
        withdrawn.secrets.clear();
        assert_eq!(token.check(&withdrawn, &redemption(&withdrawn, 1)), Err(Refusal::SecretWithdrawn));

        let mut expiring = before.clone();
        expiring.secrets.insert(token.secret, Some(Timestamp::from_seconds(50)));
        assert_eq!(token.check(&expiring, &redemption(&expiring, 49)), Ok(()));
        assert_eq!(token.check(&expiring, &redemption(&expiring, 50)), Err(Refusal::SecretWithdrawn));

        let mut disabled = before.clone();
        disabled.epoch = Epoch(5);
        assert_eq!(token.check(&disabled, &redemption(&disabled, 1)), Err(Refusal::Outdated));

        let mut other = before.clone();
        other.id = Uuid::from_u128(8).into();
        assert_eq!(token.check(&other, &redemption(&other, 1)), Err(Refusal::Ended));
    }
}
