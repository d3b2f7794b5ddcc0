//! The sessions of people: one's own, and those of somebody an administrator may act on.

use ::auth::session::{EndReason, Session};
use auth_store::sessions;
use domain::Epoch;
use domain::audit;
use domain::id::{SessionId, TenantId, UserId};
use domain::page::{Listed, Page};
use domain::scope::ACCESS_MANAGER;
use domain::token::AccessToken;
use error_codes::{Result, aut};
use store::{AuditEvent, Outcome};

use super::identity::Who;
use super::{App, Origin};

/// Whose sessions a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    tenant: TenantId,
    user: UserId,
    epoch: Epoch,
    reason: EndReason,
}

impl App {
    /// The caller as the owner of their own sessions.
    ///
    /// # Errors
    /// AUT-0017 for applications, which have none, and for a token that was not given the scope for it.
    pub async fn own_sessions(&self, token: &AccessToken) -> Result<Owner> {
        self.admit_caller(token).await?;
        let user = token.user().filter(|_| token.scopes.contains(ACCESS_MANAGER)).ok_or(aut::FORBIDDEN)?;
        Ok(Owner { tenant: token.tenant, user, epoch: token.epochs.subject, reason: EndReason::ByUser })
    }

    /// Somebody else as the owner, for a caller who may do `action` on their sessions and holds all they hold.
    ///
    /// # Errors
    /// AUT-0017, and AUT-1015 when the tenant has nobody with this id.
    pub async fn sessions_of(
        &self,
        token: &AccessToken,
        user: UserId,
        action: &'static str,
        origin: &Origin,
    ) -> Result<Owner> {
        if token.user() == Some(user) {
            return self.own_sessions(token).await;
        }
        self.admit_caller(token).await?;
        let caller = self.subject_of(token).await?;
        if !caller.may_manage(token, "sessions", action) {
            return self.deny(token, &format!("sessions:{action}"), origin).await;
        }
        let subject = self.identity.subject(token.tenant, Who::User(user)).await?.ok_or(aut::SUBJECT_NOT_FOUND)?;
        if !caller.permissions.covers(&subject.permissions) {
            let event = AuditEvent {
                tenant: token.tenant,
                actor: origin.actor(token.actor_kind(), &token.sub),
                action: audit::action::SESSION_ADMINISTER,
                target_id: user.to_string(),
                outcome: Outcome::Refused(aut::FORBIDDEN),
                details: None,
            };
            self.store.write(move |unit| unit.audit(&event)).await?;
            return Err(aut::FORBIDDEN.into());
        }
        Ok(Owner { tenant: token.tenant, user, epoch: subject.epoch, reason: EndReason::ByAdministrator })
    }

    /// Counts a request of somebody with a token, like the requests for tokens.
    async fn admit_caller(&self, token: &AccessToken) -> Result<()> {
        let application = self.identity.application(token.application).await?;
        let own = application.and_then(|application| application.tenant.requests_per_second);
        self.limits.admit(token.tenant, &token.user().map_or(token.sub.clone(), |id| id.to_string()), own)
    }

    /// The live sessions of somebody, the newest first.
    pub async fn list_sessions(&self, owner: Owner, page: Page) -> Result<Listed<Session>> {
        self.store.read(move |unit| sessions::list_live(unit, owner.tenant, owner.user, owner.epoch, &page)).await
    }

    /// Ends one session.
    ///
    /// # Errors
    /// AUT-1020 when it is not one of theirs, or no longer.
    pub async fn end_session(&self, token: &AccessToken, owner: Owner, id: SessionId, origin: Origin) -> Result<()> {
        let actor = origin.actor(token.actor_kind(), &token.sub);
        self.store
            .write(move |unit| {
                let session = sessions::find_live(unit, owner.tenant, owner.user, id)?;
                let session = session.ok_or(aut::SESSION_NOT_FOUND)?;
                if sessions::mark_ended(unit, &session, owner.reason, &actor)? {
                    Ok(())
                } else {
                    Err(aut::SESSION_NOT_FOUND.into())
                }
            })
            .await
    }

    /// Ends all sessions of somebody, the caller's own included.
    pub async fn end_sessions(&self, token: &AccessToken, owner: Owner, origin: Origin) -> Result<()> {
        let actor = origin.actor(token.actor_kind(), &token.sub);
        loop {
            let actor = actor.clone();
            let ended = self
                .store
                .write(move |unit| sessions::mark_all_ended(unit, owner.tenant, owner.user, None, owner.reason, &actor))
                .await?;
            if ended == 0 {
                return Ok(());
            }
        }
    }
}
