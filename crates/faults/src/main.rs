//! What Gatehouse survives: real processes that are killed, frozen, starved and flooded, and a table of what was seen.
//!
//! Owns: the scenarios, the clients beside them, the table. Leaves the build to `cargo xtask faults` and the processes to
//! `deployment`. No layer: nothing may depend on it. Read [`run`] first, then one of [`scenarios`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its terminal")]

mod ask;
mod bystander;
mod ledger;
mod probe;
mod proxy;
mod report;
mod run;
mod scenarios;
mod small_disk;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match run::run(&run::Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error}");
            ExitCode::FAILURE
        }
    }
}
