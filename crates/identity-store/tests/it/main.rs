//! The store of identity, on both engines.

mod applications;
mod groups;
mod members;
mod permissions;
mod secrets;
mod seed;
mod tries;
mod users;
mod world;
