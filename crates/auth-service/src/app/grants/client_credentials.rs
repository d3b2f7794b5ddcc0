//! An application for itself (RFC 6749 §4.4): no row is written, and what was seen before costs a signature.

use ::auth::refresh::{MachineRefresh, RefreshToken};
use ::auth::{Door, GrantType};
use domain::Secret;
use domain::id::SessionId;
use domain::scope::Scopes;
use error_codes::{Failure, Result, aut};

use super::{Granted, GrantedSubject, require};
use crate::app::identity::ClientCredentials;
use crate::app::{App, Origin};

impl App {
    pub(super) async fn grant_client_credentials(
        &self,
        door: Door,
        client: ClientCredentials,
        scopes: Option<Scopes>,
        origin: Origin,
    ) -> Result<Granted> {
        let verified = self.identity.verify_client(&client, &origin).await?;
        let application = verified.application;
        require(&application, GrantType::ClientCredentials)?;
        self.admit(&application, &application.client_id)?;
        let now = self.clock.now();
        // An application of a product acts by its role; there is no scope that it could be authorised for.
        let scopes = scopes.unwrap_or_default();
        if !scopes.is_empty() {
            let reason = "asks for a scope that this application cannot have";
            return Err(Failure::new(aut::BAD_REQUEST).with_field("scope", reason));
        }
        let session = SessionId::new(now, &*self.entropy);
        let epochs = application.own_epochs();
        let refresh = MachineRefresh {
            tenant: application.tenant.id,
            application: application.id,
            secret: verified.secret,
            session,
            scopes: scopes.clone(),
            epochs,
            expires_at: now.plus(self.lifetimes_in(&application.tenant).machine_refresh),
            door,
        };
        let refresh_token = self.refresh_token(door, &application, refresh);
        self.usage.count(verified.secret, now);
        let subject = GrantedSubject::Machine { session, epochs, secret: verified.secret };
        Ok(Granted { application, scopes, subject, refresh_token, now })
    }

    /// A machine's refresh token, where the door gives one and the application may redeem it.
    fn refresh_token(
        &self,
        door: Door,
        application: &::auth::party::Application,
        refresh: MachineRefresh,
    ) -> Option<Secret<String>> {
        let gives = !door.needs_client() && application.allows(GrantType::RefreshToken);
        gives.then(|| self.encode(&RefreshToken::Machine(refresh))).flatten()
    }
}
