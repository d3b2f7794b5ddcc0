//! What every process needs around its rules: settings, logs, traces, TLS, limits, the HTTP and gRPC edges, health and shutdown.
//!
//! Owns: how a request is read and bounded, who the caller is, how a failure is rendered, how a process starts and stops.
//! Leaves to the services what their routes do, and to `client` how a token is verified (the [`Verifier`] port). Layer 3.
//! Read [`http`] and [`grpc`] first.

pub mod audit;
pub mod grpc;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod limits;
pub mod logs;
pub mod master_key;
pub mod metrics;
pub mod settings;
pub mod table;
pub mod telemetry;
pub mod tls;

mod current;
mod spans;
mod verifier;

pub use verifier::{Verifier, VerifyFault};
