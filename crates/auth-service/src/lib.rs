//! Token issuance, sessions, revocation and permission answers, as a process.
//!
//! Owns: the HTTP and gRPC edges of auth, and the sequence of every request (`app`). Leaves the decisions to `auth`, the
//! tables to `auth-store`, the verification of tokens to `client`. Layer 5. Read [`app`] first, then `http`.

pub mod app;
pub mod commands;
pub mod grpc;
pub mod http;
pub mod process;
pub mod settings;

pub use process::{Running, start};
