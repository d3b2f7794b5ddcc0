//! `cargo xtask bench`: both services as they are shipped and the load tool, then the table.

use std::process::Command;

use clap::Args;

use crate::binaries::{self, Profile, Targets};
use crate::cargo;
use crate::failure::{Failure, Result};
use crate::postgres::Source;
use crate::workspace;

/// Where the instruction counts are kept.
const COUNTS: &str = "crates/bench/instructions.json";

#[derive(Args)]
pub(crate) struct Options {
    /// How long each row lasts, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The users of the large database
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Only these parts, separated by commas: tokens, reads, checks, refresh, passwords, revocation, pages, memory, growth
    #[arg(long, value_name = "PARTS")]
    only: Option<String>,
    /// Counts instructions with valgrind instead, beside the counts kept in the repository
    #[arg(long)]
    instructions: bool,
    /// With --instructions: keeps the new counts
    #[arg(long, requires = "instructions")]
    keep: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let server = if options.instructions { None } else { Some(Source::find()?) };
    let binaries = binaries::build(Targets::Measured, Profile::Dist)?;
    let tool = binaries.auth.with_file_name(binaries::BENCH);
    let mut command = Command::new(&tool);
    let counts = workspace::root().join(COUNTS);
    // Ends when the measurements do.
    let server = server.map(Source::open).transpose()?;
    match &server {
        None => {
            command.arg("count").arg("--kept").arg(&counts);
            if options.keep {
                command.arg("--keep");
            }
        }
        Some(server) => {
            command.arg("run").arg("--auth").arg(&binaries.auth).arg("--identity").arg(&binaries.identity);
            command.args(["--postgres", &server.url()]);
            command.args(["--seconds", &options.seconds.to_string(), "--users", &options.users.to_string()]);
            if let Some(parts) = &options.only {
                command.args(["--only", parts]);
            }
        }
    }
    cargo::run(command, "the measurements ended early; the reason stands above")
        .map_err(|failure| if tool.exists() { failure } else { Failure::new("the build made no `bench` executable") })
}
