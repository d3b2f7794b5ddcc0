//! `cargo xtask generate`: the files that are made from the code, written or compared.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;

use self::settings::Reference;
use crate::binaries::{self, AUTH, Binaries, IDENTITY, Profile, Targets};
use crate::failure::{Failure, Result};
use crate::workspace;

mod settings;

#[derive(Args)]
pub(crate) struct Options {
    /// Compares instead of writing, and fails when a file is stale
    #[arg(long)]
    check: bool,
}

/// A file, and how its text is made.
struct Generated {
    path: &'static str,
    make: fn(&Binaries) -> Result<Vec<u8>>,
}

const REFERENCE: &[&str] = &["config", "--reference"];

const GENERATED: [Generated; 6] = [
    Generated { path: "CODES.md", make: |binaries| printed(&binaries.auth, &["codes"]) },
    Generated { path: "docs/openapi/auth-service.json", make: |binaries| printed(&binaries.auth, &["openapi"]) },
    Generated {
        path: "docs/openapi/identity-service.json",
        make: |binaries| printed(&binaries.identity, &["openapi"]),
    },
    Generated { path: "deploy/auth-service.toml", make: |binaries| printed(&binaries.auth, REFERENCE) },
    Generated { path: "deploy/identity-service.toml", make: |binaries| printed(&binaries.identity, REFERENCE) },
    Generated { path: "docs/settings.md", make: all_settings },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.check { check() } else { write() }
}

/// Writes what has changed. Builds no tests, since they may be waiting for these very files.
fn write() -> Result<()> {
    let binaries = binaries::build(Targets::Binaries, Profile::Debug)?;
    for generated in &GENERATED {
        let path = workspace::root().join(generated.path);
        let content = (generated.make)(&binaries)?;
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
        let content = (generated.make)(&binaries)?;
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

/// What a service prints, ended by exactly one line break.
fn printed(service: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(service)
        .args(arguments)
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::starting(service))?;
    if !output.status.success() || output.stdout.is_empty() {
        return Err(Failure::new(format!("`{} {}` printed nothing", service.display(), arguments.join(" "))));
    }
    let mut content = output.stdout.trim_ascii_end().to_vec();
    content.push(b'\n');
    Ok(content)
}

fn all_settings(binaries: &Binaries) -> Result<Vec<u8>> {
    let toml = |service: &Path| printed(service, REFERENCE).map(|text| String::from_utf8_lossy(&text).into_owned());
    let (auth, identity) = (toml(&binaries.auth)?, toml(&binaries.identity)?);
    let page = settings::page(&[
        Reference { service: AUTH, prefix: "GATEHOUSE_AUTH", toml: &auth },
        Reference { service: IDENTITY, prefix: "GATEHOUSE_IDENTITY", toml: &identity },
    ]);
    Ok(page.into_bytes())
}
