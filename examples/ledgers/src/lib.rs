//! An example: a service with an HTTP and a gRPC edge, protected by Gatehouse through the crate `client`.
//!
//! Read [`http`] and [`grpc`] for what a route and a method need, [`start`] for what a process needs.

pub mod grpc;
pub mod http;
mod process;
pub mod settings;

pub use process::{Running, start};

/// What this service keeps.
const LEDGERS: [&str; 2] = ["Main", "Reserves"];
