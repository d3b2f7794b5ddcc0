//! Measures a running Gatehouse: real processes of shipped builds, requests per second of their processor time, a table.
//!
//! Owns: the load, the rows, the bare reference, the instruction counts. Leaves the build to `cargo xtask bench`. No
//! layer: nothing may depend on it. Read [`load`] first, then one of [`rows`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its terminal")]

mod cpu;
mod database;
mod decision;
mod instructions;
mod load;
mod reference;
mod report;
mod rows;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a running Gatehouse; `cargo xtask bench` builds everything and calls this.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures every row and prints the table.
    Run(run::Options),
    /// Serves the bare handlers.
    Reference,
    /// Does one thing so many times, for a tool that counts instructions.
    Instructions {
        /// What: `token`, `verify` or `check`.
        subject: String,
        /// How many times.
        times: u32,
    },
    /// Counts the instructions of one token, one verification and one check with valgrind, beside the kept counts.
    Count {
        /// The file with the kept counts.
        #[arg(long)]
        kept: PathBuf,
        /// Writes the counts into the file.
        #[arg(long)]
        keep: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Reference => runtime().and_then(|runtime| Ok(runtime.block_on(reference::serve())?)),
        Command::Instructions { subject, times } => instructions::repeat(&subject, times),
        Command::Count { kept, keep } => instructions::count(&kept, keep),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> deployment::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}
