//! The tables of auth-service and their queries: sessions, revocations and signing keys.
//!
//! Owns the rows and the conditional updates that make one use of many; every function works on a [`store::Unit`], so
//! that its caller decides what is committed together. Leaves each decision to `auth`: here a rule is asked and its answer
//! written down. Layer 4. Read [`sessions`] first.

#![warn(missing_docs)]

pub mod keys;
pub mod revocations;
pub mod sessions;
pub mod subscribers;

mod schema;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use store::Migrations;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Rows that one statement of a sweeper, or of an end of many sessions, takes at most.
const STEP: i64 = 1_000;

/// The migrations of auth-service.
pub fn migrations() -> Migrations {
    Migrations { service: "auth-service", sqlite: SQLITE, postgres: POSTGRES }
}
