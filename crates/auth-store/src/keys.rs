//! Signing keys: next, active, retiring. They belong to the deployment, not to a tenant.

use diesel::prelude::*;
use domain::Timestamp;
use domain::audit::{DEPLOYMENT, action, changes};
use domain::change::Change;
use domain::id::TenantId;
use error_codes::Result;
use serde_json::json;
use store::sql::At;
use store::{Actor, AuditEvent, Both, Outcome, Unit};

use crate::schema::signing_keys;

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name in the header of tokens.
    pub kid: String,
    /// The name of its algorithm.
    pub algorithm: String,
    /// The public half, as a JWK.
    pub public_jwk: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where it is in its life.
    pub stage: Stage,
}

/// Where a key is in its life. Its public half is published in every stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Published, so that verifiers know it before it signs.
    Next {
        /// The private half, sealed.
        private: Vec<u8>,
    },
    /// Signs; one of each algorithm does.
    Active {
        /// The private half, sealed.
        private: Vec<u8>,
        /// Since when.
        since: Timestamp,
    },
    /// Signs no longer; its private half is gone.
    Retiring {
        /// When its last token has expired.
        until: Timestamp,
    },
}

/// A fresh key that shall sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its name in the header of tokens.
    pub kid: String,
    /// The name of its algorithm.
    pub algorithm: String,
    /// The public half, as a JWK.
    pub public_jwk: String,
    /// The private half, sealed.
    pub private_sealed: Vec<u8>,
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
    let tenant = TenantId::from(DEPLOYMENT);
    unit.announce(tenant, Change::KeysChanged);
    unit.audit(&AuditEvent {
        tenant,
        actor: actor.clone(),
        action: action::SIGNING_KEY_CREATE,
        target_id: key.kid.clone(),
        outcome: Outcome::Done,
        details: Some(changes(None, Some(json!({ "algorithm": key.algorithm, "stage": "active" })))),
    })?;
    Ok(true)
}

/// Lists every key, the oldest first; there are at most 16 of each algorithm.
pub fn list(unit: &mut Unit<'_>) -> Result<Vec<StoredKey>> {
    let rows: Vec<Row> = unit.query(|connection| {
        signing_keys::table.order((signing_keys::created_at, signing_keys::kid)).load(connection)
    })?;
    rows.into_iter()
        .map(|row| {
            let kid = row.0.clone();
            read(row).ok_or_else(|| unit.corrupt("signing_keys", kid))
        })
        .collect()
}

type Row = (String, String, String, String, Option<Vec<u8>>, At, Option<At>, Option<At>);

fn read(
    (kid, algorithm, state, public_jwk, private, At(created_at), activated_at, retires_at): Row,
) -> Option<StoredKey> {
    let stage = match (state.as_str(), private, activated_at, retires_at) {
        ("next", Some(private), None, None) => Stage::Next { private },
        ("active", Some(private), Some(At(since)), None) => Stage::Active { private, since },
        ("retiring", None, Some(_), Some(At(until))) => Stage::Retiring { until },
        _ => return None,
    };
    Some(StoredKey { kid, algorithm, public_jwk, created_at, stage })
}
