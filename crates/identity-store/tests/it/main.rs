//! The store of identity, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

mod applications;
mod declarations;
mod groups;
mod members;
mod permissions;
mod secrets;
mod seed;
mod tenants;
mod tries;
mod users;
mod world;
