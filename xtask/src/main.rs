//! What cargo cannot say: start the pair, make certificates, run every test on both engines, keep layers and generated files right.
//!
//! Owns: the commands of `cargo xtask`. Leaves every rule of the product to the services, which it only starts and asks.
//! No layer: nothing may depend on it. It is the first thing a stranger compiles, so it stays light. Read [`up`] first.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks through its terminal")]

mod bench;
mod binaries;
mod cargo;
mod certs;
mod chance;
mod check;
mod compose;
mod dashboards;
mod down;
mod failure;
mod faults;
mod generate;
mod interrupt;
mod layers;
mod postgres;
mod process;
mod progress;
mod test;
mod tools;
mod up;
mod walkthrough;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs, tests and checks Gatehouse.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds and starts both services, and shows how to use them
    Up(up::Options),
    /// Stops a pair that `up` left running
    Down(down::Options),
    /// Makes a development authority, and certificates of it for both services; made again, renews them
    Certs(certs::Options),
    /// Makes the secrets and certificates of docker-compose.yml, once
    ComposeInit(compose::init::Options),
    /// Builds the images, runs docker-compose.yml and proves it: hardening, both ways, observation, upkeep, crashes
    ComposeCheck(compose::check::Options),
    /// Runs every test on SQLite and on PostgreSQL
    Test(test::Options),
    /// Checks format, layers, generated files, lints, documentation and dependencies
    Check,
    /// Refuses a dependency between crates that goes up
    Layers,
    /// Measures the services as they are shipped and prints the table of goals
    Bench(bench::Options),
    /// Kills, freezes, starves and floods real processes, and prints which promises held
    Faults(faults::Options),
    /// Evaluates the dashboard and the alerts with a real Prometheus over a running pair, where there is one
    Dashboards,
    /// Writes the files that are made from the code
    Generate(generate::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Up(options) => up::run(&options),
        Command::Down(options) => down::run(&options),
        Command::Certs(options) => certs::run(&options),
        Command::ComposeInit(options) => compose::init::run(&options),
        Command::ComposeCheck(options) => compose::check::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Check => check::run(),
        Command::Layers => layers::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Dashboards => dashboards::run(),
        Command::Generate(options) => generate::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
