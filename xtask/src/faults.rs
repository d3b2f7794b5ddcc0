//! `cargo xtask faults`: real processes that are killed, frozen, starved and flooded, then the table.

use std::process::Command;

use clap::Args;

use crate::binaries::{self, Profile, Targets};
use crate::cargo;
use crate::failure::{Failure, Result};
use crate::postgres;

#[derive(Args)]
pub(crate) struct Options {
    /// Only these scenarios, separated by commas: kill, peer, database, slow, disk, descriptors, clock, rolling, migrators, crowd
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// How long load lasts where it matters, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Breaks release builds, whose bounds on time are a tenth of those of debug builds
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Servers of its own, since they are killed, frozen and put on a full disk.
    let programs = postgres::programs()?;
    let profile = if options.release { Profile::Release } else { Profile::Debug };
    let binaries = binaries::build(Targets::Binaries, profile)?;
    let tool = binaries.auth.with_file_name("faults");
    let mut command = Command::new(&tool);
    command.arg("--auth").arg(&binaries.auth).arg("--identity").arg(&binaries.identity);
    command.arg("--postgres-programs").arg(programs).args(["--seconds", &options.seconds.to_string()]);
    command.arg("--logs").arg(tool.with_file_name("faults-logs"));
    if let Some(names) = &options.only {
        command.args(["--only", names]);
    }
    if options.release {
        command.arg("--release");
    }
    cargo::run(command, "a promise was broken, or a scenario could not be run; the table or the reason stands above")
        .map_err(|failure| if tool.exists() { failure } else { Failure::new("the build made no `faults` executable") })
}
