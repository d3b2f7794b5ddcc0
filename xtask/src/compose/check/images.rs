//! Builds the images of `deploy/Dockerfile` with the classic builder and without a network.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::base::Bases;
use super::docker::{Docker, printed};
use super::report::Report;
use crate::cargo;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::workspace::{self, Workspace};

/// The tag of every image the check makes, so that an operator's own stay what they are.
pub(super) const TAG: &str = "compose-check";

/// Folders and files of the repository that a build looks at.
const CONTEXT: [&str; 9] =
    [".cargo", ".dockerignore", "Cargo.lock", "Cargo.toml", "crates", "deploy", "examples", "proto", "xtask"];
pub(super) const TARGETS: [&str; 4] = ["auth-service", "identity-service", "gatehouse", "trial"];

pub(super) fn name(target: &str) -> String {
    format!("gatehouse/{target}:{TAG}")
}

/// A copy of what the builds look at, with the crates beside it: nothing is put into the repository.
pub(super) fn context() -> Result<PathBuf> {
    Ok(Workspace::read()?.target_directory.join("compose-check/context"))
}

/// Builds with a profile of cargo; without one the images of the check before must be there.
pub(super) fn build(docker: &Docker, bases: &Bases, profile: Option<&str>, report: &mut Report) -> Result<()> {
    let context = context()?;
    report.check("every crate lies in a folder, and no build needs a network", || fill(&context))?;
    for target in TARGETS {
        if let Some(profile) = profile {
            let sentence = format!("the image {target} is built");
            report.check(&sentence, || build_one(docker, bases, profile, &context, target))?;
        }
        report.note(&format!("  {}", size(docker, target)?));
    }
    Ok(())
}

fn fill(context: &Path) -> Result<()> {
    fs::create_dir_all(context).map_err(Failure::on("create", context))?;
    for part in CONTEXT {
        let copy = context.join(part);
        if copy.is_dir() {
            fs::remove_dir_all(&copy).map_err(Failure::on("remove", &copy))?;
        }
        printed(Command::new("cp").arg("--archive").arg(workspace::root().join(part)).arg(&copy))?;
    }
    // Whoever checks has secrets of their own there; the builds must not even see them.
    let secrets = context.join("deploy/secrets");
    if secrets.exists() {
        fs::remove_dir_all(&secrets).map_err(Failure::on("remove", &secrets))?;
    }
    printed(cargo::command(["vendor", "--locked", "--versioned-dirs"]).arg(context.join("vendor"))).map(drop)
}

fn build_one(docker: &Docker, bases: &Bases, profile: &str, context: &Path, target: &str) -> Result<()> {
    let log = context.with_file_name(format!("build-{target}.log"));
    progress::step(&format!("building {target} ({profile}); {} grows meanwhile", log.display()));
    let writer = File::create(&log).map_err(Failure::on("write", &log))?;
    let errors = writer.try_clone().map_err(Failure::on("write", &log))?;
    let mut command = docker.command(["build", "--network", "none", "--target", target, "--tag", &name(target)]);
    command.arg("--build-arg").arg(format!("PROFILE={profile}"));
    for (variable, image) in bases.variables() {
        if matches!(variable, "BUILD_IMAGE" | "RUN_IMAGE" | "TRIAL_IMAGE") {
            command.arg("--build-arg").arg(format!("{variable}={image}"));
        }
    }
    command.arg("--file").arg(context.join("deploy/Dockerfile")).arg(context);
    let built = command.stdout(writer).stderr(errors).status();
    if built.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let text = fs::read_to_string(&log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].join("\n  ");
    Err(Failure::new(format!("the image {target} was not built; {} says why, and ends with:\n  {last}", log.display())))
}

/// How large the image is, and how much of it is ours.
fn size(docker: &Docker, target: &str) -> Result<String> {
    let bytes = docker.inspect(&name(target), "{{.Size}}")?;
    let megabytes = bytes.parse::<u64>().unwrap_or_default() / 1_000_000;
    Ok(format!("{} has {megabytes} MB with its base image", name(target)))
}
