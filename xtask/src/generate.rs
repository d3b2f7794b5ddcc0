//! `cargo xtask generate`: the files that are made from the code, written or compared.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;

use crate::binaries::{self, Binaries, Profile, Targets};
use crate::failure::{Failure, Result};
use crate::workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Compares instead of writing, and fails when a file is stale
    #[arg(long)]
    check: bool,
}

/// A file, and the words that make a service print it.
struct Generated {
    path: &'static str,
    service: fn(&Binaries) -> &Path,
    arguments: &'static [&'static str],
}

const GENERATED: [Generated; 5] = [
    Generated { path: "CODES.md", service: auth, arguments: &["codes"] },
    Generated { path: "docs/openapi/auth-service.json", service: auth, arguments: &["openapi"] },
    Generated { path: "docs/openapi/identity-service.json", service: identity, arguments: &["openapi"] },
    Generated { path: "deploy/auth-service.toml", service: auth, arguments: &["config", "--reference"] },
    Generated { path: "deploy/identity-service.toml", service: identity, arguments: &["config", "--reference"] },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.check { check() } else { write() }
}

/// Writes what has changed. Builds no tests, since they may be waiting for these very files.
fn write() -> Result<()> {
    let binaries = binaries::build(Targets::Binaries, Profile::Debug)?;
    for generated in &GENERATED {
        let path = workspace::root().join(generated.path);
        let content = generated.print(&binaries)?;
        if fs::read(&path).is_ok_and(|current| current == content) {
            println!("{}: unchanged", generated.path);
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::on("create", folder))?;
        }
        fs::write(&path, content).map_err(Failure::on("write", &path))?;
        println!("{}: written", generated.path);
    }
    Ok(())
}

/// Fails when a file differs from what the code would write today.
pub(crate) fn check() -> Result<()> {
    let binaries = binaries::build(Targets::All, Profile::Debug)?;
    let mut stale = Vec::new();
    for generated in &GENERATED {
        let content = generated.print(&binaries)?;
        if !fs::read(workspace::root().join(generated.path)).is_ok_and(|current| current == content) {
            stale.push(generated.path);
        }
    }
    if stale.is_empty() {
        println!("Generated files: all {} are current.", GENERATED.len());
        return Ok(());
    }
    Err(Failure::new(format!("stale: {}; `cargo xtask generate` mends it", stale.join(", "))))
}

impl Generated {
    /// What the file must hold: the service's output, ended by exactly one line break.
    fn print(&self, binaries: &Binaries) -> Result<Vec<u8>> {
        let service = (self.service)(binaries);
        let output = Command::new(service)
            .args(self.arguments)
            .current_dir(workspace::root())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(Failure::starting(service))?;
        if !output.status.success() || output.stdout.is_empty() {
            let call = self.arguments.join(" ");
            return Err(Failure::new(format!("`{} {call}` printed no {}", service.display(), self.path)));
        }
        let mut content = output.stdout.trim_ascii_end().to_vec();
        content.push(b'\n');
        Ok(content)
    }
}

fn auth(binaries: &Binaries) -> &Path {
    &binaries.auth
}

fn identity(binaries: &Binaries) -> &Path {
    &binaries.identity
}
