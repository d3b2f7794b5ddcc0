//! auth-service as its clients see it: over HTTP and gRPC, beside a real identity-service, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

mod audit;
mod authorize;
mod authzen;
mod bounds;
mod checks;
mod contract;
mod doors;
mod edges;
mod floods;
mod forged;
mod grpc;
mod key_commands;
mod keys;
mod limits;
mod logout;
mod machines;
mod metrics;
mod outage;
mod people;
mod processes;
mod refresh;
mod sessions;
mod tls;
