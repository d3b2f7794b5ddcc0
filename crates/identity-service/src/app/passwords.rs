//! Passwords: given by an administrator, or changed by their owner. Either ends every token of the user.

use std::time::Duration;

use domain::Secret;
use domain::audit::action;
use domain::id::{TenantId, UserId};
use error_codes::{Failure, Result, ide};
use identity::password::{Kinds, NewPassword, Owner};
use identity::user::User;
use identity_store::{passwords, tenants, users};
use store::{AuditEvent, Outcome, Unit};

use super::App;
use super::access::Acting;
use super::attempts::Attempt;
use super::users::ActedOn;

/// The member that a new password comes in.
const NEW_PASSWORD: &str = "newPassword";

impl App {
    /// Gives a user another password.
    ///
    /// Nothing that was read before the hash decides: a change of the user's own meanwhile must not keep an
    /// administrator from locking out whoever made it. Whether the caller may is asked when it is written.
    ///
    /// # Errors
    /// IDE-1003, IDE-0020, IDE-0027, IDE-0023 for somebody above the caller.
    pub async fn reset_password(&self, acting: Acting, id: UserId, new: &Secret<String>) -> Result<()> {
        let tenant = acting.tenant;
        let (user, kinds) = self
            .store
            .read(move |unit| {
                let user = users::find(unit, tenant, id)?.ok_or(ide::USER_NOT_FOUND)?;
                Ok((user, password_kinds(unit, tenant)?))
            })
            .await?;
        let hash = self.hasher.hash(&acting.source(), new_password(&user, kinds, new)?.into_secret()).await?;
        self.act(acting.event(action::USER_RESET_PASSWORD, id), move |unit, event| {
            let held = ActedOn::hold(unit, tenant, id)?;
            acting.may_act_on(&held.permissions, &held.permissions)?;
            replace(unit, &held.view.user, &hash)?;
            unit.audit(event)
        })
        .await
    }

    /// Changes the caller's own password.
    ///
    /// # Errors
    /// IDE-0013 when the id is somebody else's, IDE-1017 for a wrong old password, IDE-0021 after too many, IDE-0020 and IDE-0027 for the new one;
    /// IDE-0009 when the caller's tokens were ended while it was hashed.
    pub async fn change_password(
        &self,
        acting: Acting,
        id: UserId,
        old: Secret<String>,
        new: &Secret<String>,
    ) -> Result<()> {
        if acting.user != Some(id) {
            return Err(ide::USER_ID_NOT_MATCH.into());
        }
        let tenant = acting.tenant;
        let (slug, user, kinds, stored) = self
            .store
            .read(move |unit| {
                let found = tenants::find(unit, tenant)?.ok_or(ide::INVALID_TOKEN)?;
                let user = users::find(unit, tenant, id)?.ok_or(ide::INVALID_TOKEN)?;
                Ok((found.slug, user, found.settings.password_kinds, passwords::find(unit, tenant, id)?))
            })
            .await?;
        let new = new_password(&user, kinds, new)?;
        let (event, source) = (acting.event(action::USER_CHANGE_PASSWORD, id), acting.source());
        // The old password is guessed here as it is at a login, by whoever stole a token: the same tries pay for both.
        let counters = self.counters(slug.as_str(), user.username.folded(), &acting.actor.address);
        let attempt = self.store.read(move |unit| Attempt::look(unit, counters)).await?;
        let wait = attempt.network_wait_seconds().or(attempt.account_wait_seconds());
        let throttled =
            || Failure::new(ide::THROTTLED).with_retry_after(Duration::from_secs(wait.unwrap_or(30).into()));
        if wait.is_some() {
            return Err(throttled());
        }
        let attempt = self.charge(attempt).await?.ok_or_else(throttled)?;
        if !self.hasher.verify(&source, old, stored.map(|stored| stored.hash)).await?.matches {
            self.store
                .write(move |unit| {
                    attempt.settle_failure(unit)?;
                    let outcome = Outcome::Refused(ide::OLD_PASSWORD_WRONG);
                    unit.audit(&AuditEvent { outcome, ..event.clone() })
                })
                .await?;
            return Err(Failure::new(ide::OLD_PASSWORD_WRONG).with_field("oldPassword", "is not the current password"));
        }
        let hash = self.hasher.hash(&source, new.into_secret()).await?;
        self.act(event, move |unit, event| {
            // Every change of a password raises the epoch: under the one that was read, the old password is still the
            // one that was compared.
            let held = users::hold(unit, tenant, id)?.filter(|held| held.epoch == user.epoch);
            replace(unit, &held.ok_or(ide::INVALID_TOKEN)?, &hash)?;
            attempt.settle_success(unit)?;
            unit.audit(event)
        })
        .await
    }
}

/// The kinds of characters that a tenant asks for in a password.
pub(super) fn password_kinds(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Kinds> {
    let tenant = tenants::find(unit, tenant)?.ok_or(ide::INVALID_TOKEN)?;
    Ok(tenant.settings.password_kinds)
}

fn new_password(user: &User, kinds: Kinds, text: &Secret<String>) -> Result<NewPassword> {
    let owner = Owner { username: &user.username, email: &user.email };
    NewPassword::parse(NEW_PASSWORD, text.expose(), kinds, owner)
}

/// Gives a user that is held another password, and ends every token of the user.
fn replace(unit: &mut Unit<'_>, user: &User, hash: &str) -> Result<()> {
    passwords::put(unit, user.tenant, user.id, hash)?;
    users::raise_epoch(unit, user)?;
    Ok(())
}
