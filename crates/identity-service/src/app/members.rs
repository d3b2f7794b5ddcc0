//! Who is in a group: put in, and taken out.

use domain::Slug;
use domain::audit::action;
use domain::id::UserId;
use error_codes::{Result, ide};
use identity::group::ADMINISTRATORS;
use identity::membership::Validity;
use identity_store::{groups, members};
use serde_json::{Value, json};

use super::App;
use super::access::Acting;
use super::acts::{keep_an_administrator, telling};
use super::users::{ActedOn, UserView, slugs};

impl App {
    /// Puts a user into a group, or changes when the user is in it.
    ///
    /// # Errors
    /// IDE-1006, IDE-1003, IDE-0023 when the user has, or would get, what the caller may not do; IDE-1016 for bounds that
    /// leave no lasting administrator.
    pub async fn add_member(&self, acting: Acting, slug: Slug, user: UserId, validity: Validity) -> Result<()> {
        self.act(acting.event(action::GROUP_ADD_MEMBER, &slug), move |unit, event| {
            let group = groups::find(unit, acting.tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
            let before = ActedOn::hold(unit, acting.tenant, user)?;
            members::put(unit, &before.view.user, group.id, validity)?;
            let after = ActedOn::of(unit, before.view.user.clone())?;
            acting.may_act_on(&before.permissions, &after.permissions)?;
            if validity != Validity::ALWAYS && group.slug.as_str() == ADMINISTRATORS {
                keep_an_administrator(unit, acting.tenant)?;
            }
            unit.audit(&telling(event, bounded(changes(user, &before.view, &after.view), validity)))
        })
        .await
    }

    /// Takes a user out of a group; nothing happens where the user is not in it.
    ///
    /// # Errors
    /// IDE-1006, IDE-1003, IDE-0023 for somebody above the caller, IDE-1016.
    pub async fn remove_member(&self, acting: Acting, slug: Slug, user: UserId) -> Result<()> {
        self.act(acting.event(action::GROUP_REMOVE_MEMBER, &slug), move |unit, event| {
            let group = groups::find(unit, acting.tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
            let before = ActedOn::hold(unit, acting.tenant, user)?;
            if !members::remove(unit, &before.view.user, group.id)? {
                return Ok(());
            }
            let after = ActedOn::of(unit, before.view.user.clone())?;
            acting.may_act_on(&before.permissions, &after.permissions)?;
            if before.view.administers() && !after.view.administers() {
                keep_an_administrator(unit, acting.tenant)?;
            }
            unit.audit(&telling(event, changes(user, &before.view, &after.view)))
        })
        .await
    }
}

/// All groups of the user before and after, for the trail.
fn changes(user: UserId, before: &UserView, after: &UserView) -> Value {
    json!({
        "user": user.to_string(),
        "before": { "groups": slugs(&before.groups) },
        "after": { "groups": slugs(&after.groups) },
    })
}

/// The same with the bounds of a membership, where it has some.
fn bounded(mut told: Value, validity: Validity) -> Value {
    for (name, bound) in [("validFrom", validity.from), ("validUntil", validity.until)] {
        if let Some(time) = bound {
            told[name] = json!(time.to_string());
        }
    }
    told
}
