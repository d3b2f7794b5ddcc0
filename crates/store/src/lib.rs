//! One diesel connection over SQLite and PostgreSQL, the unit of work, and the tables every service has.
//!
//! Owns: opening a database by its URL, who may write when, transactions and their repetition, migrations, the change
//! feed, the audit trail and whole copies of a database. Leaves the tables of a service to `identity-store` and `auth-store`. Layer 3. Read
//! [`Store`] first, then [`Unit`].

pub mod audit;
mod connection;
pub mod copy;
pub mod deployment;
mod feed;
mod gate;
pub mod master_keys;
mod meter;
mod migrate;
mod schema;
mod span;
pub mod sql;
mod sweep;
mod trail;
mod unit;
mod url;
mod writer;

pub use audit::{Actor, AuditEvent, Outcome};
pub use connection::{AnyConnection, Both, MultiBackend};
pub use feed::position;
pub use gate::{OnChange, OpenedFor, Store, StoreSettings};
pub use migrate::{Migrations, check, create_database, drop_database, migrate, prepare};
pub use sweep::{sweep_audit, sweep_feed};
pub use trail::{Found, Trail};
pub use unit::Unit;
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
