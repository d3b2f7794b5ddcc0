//! Signing keys: next, active, retiring. They belong to the deployment, not to a tenant.

mod seals;
mod steps;

pub use seals::{SealedKey, list_sealed, reseal};
pub use steps::{Origin, insert_first, insert_next, mark_needed, take};

use ::auth::signing::{Key, Stage};
use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;
use store::Unit;
use store::deployment;
use store::sql::At;

use crate::schema::signing_keys;

/// The row whose lock is the right to change the ring.
const RING: &str = "signing_keys";

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name in the header of tokens.
    pub kid: String,
    /// The name of its algorithm.
    pub algorithm: String,
    /// The public half, as a JWK.
    pub public_jwk: String,
    /// The private half, sealed; gone when the key no longer signs.
    pub private_sealed: Option<Vec<u8>>,
    /// When it was made, or imported, and published.
    pub created_at: Timestamp,
    /// Since when it signs, or signed.
    pub activated_at: Option<Timestamp>,
    /// Where it is in its life.
    pub stage: Stage,
    /// When a process of auth last accepted a token that it signed, to the minute; `None` for never.
    pub last_needed_at: Option<Timestamp>,
}

/// A fresh key.
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

impl StoredKey {
    /// The key as the rules see it.
    pub fn life(&self) -> Key {
        Key {
            kid: self.kid.clone(),
            algorithm: self.algorithm.clone(),
            published_at: self.created_at,
            stage: self.stage,
        }
    }
}

/// Waits for the right to change the ring and takes it until the commit: what is listed then stays so.
pub fn hold(unit: &mut Unit<'_>) -> Result<()> {
    deployment::put(unit, RING, "held while it changes")
}

/// Lists every key, the oldest first; there are at most 16 of each algorithm.
pub fn list(unit: &mut Unit<'_>) -> Result<Vec<StoredKey>> {
    let rows: Vec<Row> = unit.query(|connection| {
        signing_keys::table.order((signing_keys::created_at, signing_keys::kid)).load(connection)
    })?;
    rows.into_iter()
        .map(|row| {
            let kid = row.kid.clone();
            row.read().ok_or_else(|| unit.corrupt("signing_keys", kid))
        })
        .collect()
}

#[derive(Queryable)]
struct Row {
    kid: String,
    algorithm: String,
    state: String,
    public_jwk: String,
    private_sealed: Option<Vec<u8>>,
    created_at: At,
    activated_at: Option<At>,
    retires_at: Option<At>,
    signs_at: Option<At>,
    last_needed_at: Option<At>,
}

impl Row {
    fn read(self) -> Option<StoredKey> {
        let has_private = self.private_sealed.is_some();
        let stage = match (self.state.as_str(), has_private, self.activated_at, self.retires_at, self.signs_at) {
            ("next", true, None, None, Some(At(signs_at))) => Stage::Next { signs_at },
            ("active", true, Some(At(since)), None, None) => Stage::Active { since },
            ("retiring", false, Some(_), Some(At(until)), None) => Stage::Retiring { until },
            _ => return None,
        };
        Some(StoredKey {
            kid: self.kid,
            algorithm: self.algorithm,
            public_jwk: self.public_jwk,
            private_sealed: self.private_sealed,
            created_at: self.created_at.0,
            activated_at: self.activated_at.map(|At(at)| at),
            stage,
            last_needed_at: self.last_needed_at.map(|At(at)| at),
        })
    }
}
