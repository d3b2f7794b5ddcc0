//! The tables of identity-service and their queries.
//!
//! Owns the schema (`migrations/`) and one module a table or question: plain functions over a [`store::Unit`], which
//! know no rule. Leaves what is allowed to `identity`, and the order of things to `identity-service`. Layer 4.
//!
//! Three habits hold everywhere. What is about to be changed is *held* first: its revision is raised and its row locked
//! until the commit, in the order tenant, user, group, role, application. What happens once is a conditional update whose
//! affected rows decide. And every change that somebody may remember is announced here, so that no caller can forget it.
//! Read [`users`] first, then [`permissions`].

#![warn(missing_docs)]

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use store::Migrations;

pub mod applications;
mod counters;
pub mod declarations;
pub mod epochs;
pub mod grants;
pub mod groups;
pub mod holders;
pub mod members;
mod paging;
pub mod passwords;
pub mod permissions;
pub mod roles;
mod rows;
mod schema;
pub mod secrets;
pub mod seed;
pub mod tenants;
pub mod tries;
pub mod users;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The migrations of identity-service, in both dialects.
pub fn migrations() -> Migrations {
    Migrations { service: "identity-service", sqlite: SQLITE, postgres: POSTGRES }
}
