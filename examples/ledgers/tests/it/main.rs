//! The example beside a real Gatehouse: what its clients see when tokens are missing, forged or ended, when rights are
//! taken away, and when Gatehouse is stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

mod actors;
mod fetched;
mod followed;
