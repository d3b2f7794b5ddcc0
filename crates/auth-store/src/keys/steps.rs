//! The steps in the life of a key, as conditional updates: a step that was taken meanwhile changes nothing.

use ::auth::signing::Step;
use diesel::prelude::*;
use domain::Timestamp;
use domain::audit::{Action, DEPLOYMENT, action, changes};
use domain::change::Change;
use domain::id::TenantId;
use error_codes::Result;
use serde_json::{Value, json};
use store::sql::At;
use store::{Actor, AuditEvent, Both, Outcome, Unit};

use super::NewKey;
use crate::schema::signing_keys;

/// Where a key comes from, for the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made here.
    Made,
    /// Brought by an operator.
    Imported,
}

/// Makes a key the active one of its algorithm where there is none; false where there is, which its caller lists then.
///
/// Of several processes that start together on an empty database one succeeds.
pub fn insert_first(unit: &mut Unit<'_>, key: &NewKey, actor: &Actor) -> Result<bool> {
    let now = At(unit.now());
    let rows = unit.query(|connection| {
        Both(
            diesel::insert_into(signing_keys::table)
                .values((
                    signing_keys::kid.eq(&key.kid),
                    signing_keys::algorithm.eq(&key.algorithm),
                    signing_keys::state.eq("active"),
                    signing_keys::public_jwk.eq(&key.public_jwk),
                    signing_keys::private_sealed.eq(&key.private_sealed),
                    signing_keys::created_at.eq(now),
                    signing_keys::activated_at.eq(now),
                ))
                .on_conflict_do_nothing(),
        )
        .execute(connection)
    })?;
    if rows == 0 {
        return Ok(false);
    }
    tell(unit, actor, action::SIGNING_KEY_CREATE, &key.kid, made(key, "active", None))?;
    Ok(true)
}

/// Publishes a key that will sign; false where this very key is known already.
pub fn insert_next(
    unit: &mut Unit<'_>,
    key: &NewKey,
    signs_at: Timestamp,
    origin: Origin,
    actor: &Actor,
) -> Result<bool> {
    let now = At(unit.now());
    let rows = unit.query(|connection| {
        Both(
            diesel::insert_into(signing_keys::table)
                .values((
                    signing_keys::kid.eq(&key.kid),
                    signing_keys::algorithm.eq(&key.algorithm),
                    signing_keys::state.eq("next"),
                    signing_keys::public_jwk.eq(&key.public_jwk),
                    signing_keys::private_sealed.eq(&key.private_sealed),
                    signing_keys::created_at.eq(now),
                    signing_keys::signs_at.eq(At(signs_at)),
                ))
                .on_conflict_do_nothing(),
        )
        .execute(connection)
    })?;
    if rows == 0 {
        return Ok(false);
    }
    let action = match origin {
        Origin::Made => action::SIGNING_KEY_CREATE,
        Origin::Imported => action::SIGNING_KEY_IMPORT,
    };
    tell(unit, actor, action, &key.kid, made(key, "next", Some(signs_at)))?;
    Ok(true)
}

/// Takes a step with a key that is there; false where it was taken before. Publishing is [`insert_next`].
pub fn take(unit: &mut Unit<'_>, step: &Step, actor: &Actor) -> Result<bool> {
    let (action, kid, details) = match step {
        Step::Publish { .. } => return Ok(false),
        Step::Hasten { kid, signs_at } => {
            if !hasten(unit, kid, *signs_at)? {
                return Ok(false);
            }
            (action::SIGNING_KEY_HASTEN, kid, json!({ "signsAt": signs_at.to_string() }))
        }
        Step::Activate { kid, replaced_until } => {
            let Some(replaced) = activate(unit, kid, *replaced_until)? else { return Ok(false) };
            (
                action::SIGNING_KEY_ACTIVATE,
                kid,
                json!({ "replaced": replaced, "replacedUntil": replaced_until.to_string() }),
            )
        }
        Step::Retire { kid, until } => {
            if !retire(unit, kid, *until)? {
                return Ok(false);
            }
            (action::SIGNING_KEY_RETIRE, kid, json!({ "until": until.to_string() }))
        }
        Step::Remove { kid } => {
            let gone: Option<String> = unit.query(|connection| {
                diesel::delete(signing_keys::table.find(kid))
                    .returning(signing_keys::state)
                    .get_result(connection)
                    .optional()
            })?;
            let Some(stage) = gone else { return Ok(false) };
            (action::SIGNING_KEY_REMOVE, kid, json!({ "was": stage }))
        }
    };
    tell(unit, actor, action, kid, details)?;
    Ok(true)
}

/// Remembers when a token of a key was last accepted, never moved back. A key that is gone is passed over.
pub fn mark_needed(unit: &mut Unit<'_>, kid: &str, at: Timestamp) -> Result<()> {
    let at = At(at);
    unit.query(|connection| {
        diesel::update(signing_keys::table.find(kid))
            .filter(signing_keys::last_needed_at.is_null().or(signing_keys::last_needed_at.lt(at)))
            .set(signing_keys::last_needed_at.eq(Some(at)))
            .execute(connection)
    })?;
    Ok(())
}

fn hasten(unit: &mut Unit<'_>, kid: &str, signs_at: Timestamp) -> Result<bool> {
    let hastened = unit.query(|connection| {
        diesel::update(signing_keys::table.find(kid))
            .filter(signing_keys::signs_at.gt(At(signs_at)))
            .set(signing_keys::signs_at.eq(Some(At(signs_at))))
            .execute(connection)
    })?;
    Ok(hastened == 1)
}

/// Lets a published key of a ring that is held sign; the key that it replaces, where there is one, and `None` where the
/// key is not one that waits.
fn activate(unit: &mut Unit<'_>, kid: &str, replaced_until: Timestamp) -> Result<Option<Option<String>>> {
    let algorithm: Option<String> = unit.query(|connection| {
        signing_keys::table
            .find(kid)
            .filter(signing_keys::state.eq("next"))
            .select(signing_keys::algorithm)
            .first(connection)
            .optional()
    })?;
    let Some(algorithm) = algorithm else { return Ok(None) };
    let replaced = active(unit, &algorithm)?;
    if let Some(replaced) = &replaced {
        retire(unit, replaced, replaced_until)?;
    }
    let now = At(unit.now());
    let activated = unit.query(|connection| {
        diesel::update(signing_keys::table.find(kid))
            .filter(signing_keys::state.eq("next"))
            .set((
                signing_keys::state.eq("active"),
                signing_keys::activated_at.eq(Some(now)),
                signing_keys::signs_at.eq(None::<At>),
            ))
            .execute(connection)
    })?;
    Ok((activated == 1).then_some(replaced))
}

/// The key of an algorithm that signs, where there is one.
fn active(unit: &mut Unit<'_>, algorithm: &str) -> Result<Option<String>> {
    unit.query(|connection| {
        signing_keys::table
            .filter(signing_keys::algorithm.eq(algorithm))
            .filter(signing_keys::state.eq("active"))
            .select(signing_keys::kid)
            .first(connection)
            .optional()
    })
}

/// Lets an active key only verify, without its private half.
fn retire(unit: &mut Unit<'_>, kid: &str, until: Timestamp) -> Result<bool> {
    let retired = unit.query(|connection| {
        diesel::update(signing_keys::table.find(kid))
            .filter(signing_keys::state.eq("active"))
            .set((
                signing_keys::state.eq("retiring"),
                signing_keys::retires_at.eq(Some(At(until))),
                signing_keys::private_sealed.eq(None::<Vec<u8>>),
            ))
            .execute(connection)
    })?;
    Ok(retired == 1)
}

/// What the trail tells of a fresh key.
fn made(key: &NewKey, stage: &str, signs_at: Option<Timestamp>) -> Value {
    let mut after = json!({ "algorithm": key.algorithm, "stage": stage });
    if let Some(signs_at) = signs_at {
        after["signsAt"] = json!(signs_at.to_string());
    }
    changes(None, Some(after))
}

fn tell(unit: &mut Unit<'_>, actor: &Actor, action: Action, kid: &str, details: Value) -> Result<()> {
    let tenant = TenantId::from(DEPLOYMENT);
    unit.announce(tenant, Change::KeysChanged);
    unit.audit(&AuditEvent {
        tenant,
        actor: actor.clone(),
        action,
        target_id: kid.to_owned(),
        outcome: Outcome::Done,
        details: Some(details),
    })
}
