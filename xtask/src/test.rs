//! `cargo xtask test`: every test, on SQLite and on PostgreSQL.

mod evidence;

use std::ffi::OsString;
use std::process::{Child, Command};
use std::thread;
use std::time::Instant;

use clap::Args;
use rustix::process::Signal;

use self::evidence::Evidence;
use crate::binaries::{self, Profile, Targets};
use crate::cargo;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::layers;
use crate::postgres::{self, Source};
use crate::process::{self, POLL};
use crate::progress::{self, spell};
use crate::workspace::{self, Workspace};

#[derive(Args)]
pub(crate) struct Options {
    /// Passed on to `cargo test`, for example the name of a test
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// Arguments that change how tests are shown, and not which ones run.
const HARMLESS: [&str; 7] = ["--", "--nocapture", "--no-capture", "--no-fail-fast", "--quiet", "--verbose", "-v"];

pub(crate) fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    let whole = options.arguments.iter().all(|argument| HARMLESS.iter().any(|harmless| argument == harmless));
    progress::heading("layers");
    layers::run()?;
    progress::heading("PostgreSQL");
    let source = Source::find()?;
    progress::heading("build");
    binaries::build(Targets::All, Profile::Debug)?;
    progress::heading("tests");
    let interrupt = Interrupt::watch()?;
    let postgres = source.open()?;
    let evidence = Evidence::begin(&Workspace::read()?.target_directory)?;
    let suite = |target: &str| -> Result<Command> {
        let mut command = cargo::compiler(["test", "--workspace", target])?;
        command.args(&options.arguments).env(postgres::VARIABLE, postgres.url());
        evidence.ask_for_it(&mut command);
        Ok(command)
    };
    run_to_end(suite("--all-targets")?, &interrupt)?;
    if !whole {
        println!(
            "\nThe chosen tests passed in {}; a run without a choice also judges coverage.",
            spell(started.elapsed())
        );
        return Ok(());
    }
    progress::heading("examples in the documentation");
    run_to_end(suite("--doc")?, &interrupt)?;
    let codes = evidence.judge(workspace::root())?;
    println!(
        "\nAll tests passed on SQLite and on PostgreSQL, and each of the {codes} published codes was provoked ({}).",
        spell(started.elapsed())
    );
    Ok(())
}

/// Waits for a test run; a signal ends it, and this command then still stops its PostgreSQL.
fn run_to_end(mut command: Command, interrupt: &Interrupt) -> Result<()> {
    let mut child: Child = command.spawn().map_err(|cause| Failure::new(format!("cannot start cargo: {cause}")))?;
    let status = loop {
        if let Some(status) =
            child.try_wait().map_err(|cause| Failure::new(format!("cannot wait for cargo: {cause}")))?
        {
            break status;
        }
        if interrupt.is_raised() {
            process::signal(child.id(), Signal::TERM);
        }
        thread::sleep(POLL);
    };
    if interrupt.is_raised() {
        return Err(Failure::new("interrupted; nothing is left running"));
    }
    if status.success() { Ok(()) } else { Err(Failure::new("tests failed as shown above")) }
}
