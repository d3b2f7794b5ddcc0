//! `cargo xtask check`: everything that can be judged without running a test.

use std::process::Command;
use std::time::Instant;

use crate::cargo;
use crate::failure::{Failure, Result};
use crate::generate;
use crate::layers;
use crate::progress::{self, spell};

/// A name for the heading and the summary, and what it does.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 6] = [
    ("format", format),
    ("layers", layers::run),
    ("generated files", generate::check),
    ("clippy", clippy),
    ("documentation", documentation),
    ("one TLS provider", one_tls_provider),
];

/// Runs every step, also after one has failed, and names the failed ones at the end.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        progress::heading(name);
        if let Err(failure) = step() {
            eprintln!("{name}: {failure}");
            failed.push(name);
        }
    }
    eprintln!();
    if failed.is_empty() {
        println!("All {} checks passed in {}.", STEPS.len(), spell(started.elapsed()));
        return Ok(());
    }
    Err(Failure::new(format!("{} of {} checks failed: {}", failed.len(), STEPS.len(), failed.join(", "))))
}

fn format() -> Result<()> {
    cargo::run(cargo::command(["fmt", "--all", "--check"]), "not formatted as listed above; `cargo fmt --all` mends it")
}

fn clippy() -> Result<()> {
    let command = cargo::compiler(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo::run(command, "there are warnings as listed above")
}

fn documentation() -> Result<()> {
    let mut command: Command = cargo::compiler(["doc", "--workspace", "--no-deps"])?;
    command.env("RUSTDOCFLAGS", "-D warnings");
    cargo::run(command, "the documentation has the faults listed above")
}

/// With a second provider in the tree rustls cannot choose, and the first TLS configuration of a process panics.
fn one_tls_provider() -> Result<()> {
    const SECOND: &str = "aws-lc-rs";
    let output = cargo::command(["tree", "--workspace", "--invert", SECOND])
        .output()
        .map_err(|cause| Failure::new(format!("cannot start cargo: {cause}")))?;
    let words = String::from_utf8_lossy(&output.stderr);
    let absent = words.contains("did not match any packages");
    if !output.status.success() && !absent {
        return Err(Failure::new(format!("`cargo tree` failed: {}", words.trim())));
    }
    if absent || output.stdout.trim_ascii().is_empty() {
        println!("TLS: ring is the only provider.");
        return Ok(());
    }
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    Err(Failure::new(format!(
        "{SECOND} is in the tree beside ring; choose features of the crates above that take ring"
    )))
}
