//! identity-service as its clients see it: over HTTP, beside a real auth-service, on both engines; and its commands.
#![allow(clippy::unwrap_used, reason = "a broken test should stop loudly")]

mod acting;
mod applications;
mod apply;
mod audit;
mod caller;
mod commands;
mod declarations;
mod edges;
mod explain;
mod grants;
mod groups;
mod isolation;
mod lists;
mod passwords;
mod roles;
mod tenants;
mod throttle;
mod users;
