//! A refresh token (RFC 6749 §6): a person's rotates in one conditional update, a machine's carries all it needs.

use std::sync::Arc;

use ::auth::party::Application;
use ::auth::refresh::{MachineRefresh, PersonRefresh, Redemption, RefreshToken, Refusal};
use ::auth::{Door, GrantType};
use auth_store::revocations;
use auth_store::sessions::{self, Redeemed};
use domain::Secret;
use domain::id::ApplicationId;
use domain::scope::Scopes;
use error_codes::{Failure, Result, aut};

use super::{Granted, GrantedSubject, require};
use crate::app::identity::{ClientCredentials, Party, Who};
use crate::app::{App, Origin};

impl App {
    pub(super) async fn grant_refresh_token(
        &self,
        door: Door,
        token: Secret<String>,
        client: Option<ClientCredentials>,
        scopes: Option<Scopes>,
        origin: Origin,
    ) -> Result<Granted> {
        let client = match &client {
            Some(credentials) => Some(self.identity.verify_client(credentials, &origin).await?.application.id),
            None => None,
        };
        let granted = match self.decode(token.expose()) {
            Some(RefreshToken::Person(presented)) => self.refresh_person(door, presented, client, &origin).await?,
            Some(RefreshToken::Machine(presented)) => {
                self.refresh_machine(door, presented, client, token, &origin).await?
            }
            None => return Err(refused(Refusal::Unreadable)),
        };
        // Narrowing is for this access token alone; the refresh token keeps what it has (RFC 6749 §6).
        match scopes {
            None => Ok(granted),
            Some(scopes) if scopes.is_within(&granted.scopes) => Ok(Granted { scopes, ..granted }),
            Some(_) => Err(Failure::new(aut::BAD_REQUEST).with_field("scope", "asks for more than was granted")),
        }
    }

    async fn refresh_person(
        &self,
        door: Door,
        presented: PersonRefresh,
        client: Option<ApplicationId>,
        origin: &Origin,
    ) -> Result<Granted> {
        let session = self.store.read(move |unit| sessions::find(unit, presented.session)).await?;
        let session = session.ok_or_else(|| refused(Refusal::Ended))?;
        let login = &session.login;
        let (subject, application) = tokio::try_join!(
            self.identity.subject(login.tenant, Who::User(login.user)),
            self.identity.application(login.application),
        )?;
        let subject = subject.filter(|subject| subject.is_active).ok_or_else(|| refused(Refusal::Outdated))?;
        let application = application.ok_or_else(|| refused(Refusal::Outdated))?;
        require(&application, GrantType::RefreshToken)?;
        of_path(&application, origin)?;
        // Before the token is spent: who is refused here may come again with it.
        self.admit(&application, &login.user.to_string())?;
        let current = application.epochs_of(subject.epoch);
        let user = match &subject.party {
            Party::Person(user, _) => user.clone(),
            Party::Application(_) => return Err(refused(Refusal::Ended)),
        };
        let redemption = Redemption { door, client, current, now: self.clock.now() };
        let (lifetimes, actor) = (self.lifetimes_in(&application.tenant), origin.actor("user", user.id));
        let redeemed =
            self.store.write(move |unit| sessions::redeem(unit, &presented, &redemption, &lifetimes, &actor)).await?;
        let (session, successor) = match redeemed {
            Redeemed::Granted { session, successor } => (session, successor),
            Redeemed::Refused(refusal) => return Err(refused(refusal)),
        };
        let refresh_token = self.encode(&RefreshToken::Person(successor));
        let scopes = session.login.scopes.clone();
        let now = self.clock.now();
        let subject = GrantedSubject::Person { user: Box::new(user), session };
        Ok(Granted { application, scopes, subject, refresh_token, now })
    }

    async fn refresh_machine(
        &self,
        door: Door,
        presented: MachineRefresh,
        client: Option<ApplicationId>,
        token: Secret<String>,
        origin: &Origin,
    ) -> Result<Granted> {
        let application = self.identity.application(presented.application).await?;
        let application: Arc<Application> = application.ok_or_else(|| refused(Refusal::Ended))?;
        let now = self.clock.now();
        let redemption = Redemption { door, client, current: application.own_epochs(), now };
        presented.check(&application, &redemption).map_err(refused)?;
        require(&application, GrantType::RefreshToken)?;
        of_path(&application, origin)?;
        self.admit(&application, &application.client_id)?;
        // Memory holds the revocations of an access lifetime; this token may be older.
        let session = presented.session;
        if self.store.read(move |unit| revocations::is_revoked(unit, session)).await? {
            return Err(refused(Refusal::Ended));
        }
        let MachineRefresh { scopes, epochs, secret, .. } = presented;
        self.usage.count(secret, now);
        let subject = GrantedSubject::Machine { session, epochs, secret };
        Ok(Granted { application, scopes, subject, refresh_token: Some(token), now })
    }
}

/// A path that names a tenant takes the tokens of that one alone, before anything of another is touched.
fn of_path(application: &Application, origin: &Origin) -> Result<()> {
    match origin.tenant.as_deref() {
        Some(tenant) if tenant != application.tenant.slug => Err(refused(Refusal::Unreadable)),
        Some(_) | None => Ok(()),
    }
}

/// One code for the caller; the truth is for the log.
fn refused(refusal: Refusal) -> Failure {
    Failure::new(aut::INVALID_REFRESH_TOKEN).with_cause(refusal.to_string())
}
