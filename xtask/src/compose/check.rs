//! `cargo xtask compose-check`: builds the images, runs `docker-compose.yml` with a Docker engine, and proves it.
//!
//! Read [`run`] first: it is the list of what is proved. Everything runs beside what an operator may have running: under
//! a project name, tags, ports, volumes and secrets of its own.

mod api;
mod base;
mod crashes;
mod docker;
mod engine;
mod hardening;
mod images;
mod observe;
mod project;
mod report;
mod trial;
mod upkeep;
mod ways;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use self::base::Bases;
use self::docker::Docker;
use self::project::Project;
use self::report::Report;
use self::trial::Trial;
use self::ways::Known;
use super::init;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::tools;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// The profile of cargo with which the images are built: `dist` is what is shipped, `dev` is quicker
    #[arg(long, value_name = "NAME", default_value = "dist")]
    profile: String,
    /// Takes the images of the check before, for work on the check itself
    #[arg(long)]
    no_build: bool,
    /// Starts a Docker engine for the check when none answers; needs root and the program dockerd
    #[arg(long)]
    start_engine: bool,
    /// Leaves containers, volumes and secrets for a look
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    require_programs()?;
    let folder = Workspace::read()?.target_directory.join("compose-check");
    fs::create_dir_all(&folder).map_err(Failure::on("create", &folder))?;
    // Ctrl-C reaches the programs that we wait for; we then fail with them and take everything down.
    let _interrupt = Interrupt::watch()?;
    let docker = Docker::new();
    let _engine = engine::find_or_start(&docker, &folder, options.start_engine)?;
    let mut report = Report::begin();

    report.heading("base images");
    let bases = Bases::gather(&docker, &folder)?;
    report.note(&bases.told());
    report.heading("images");
    let profile = (!options.no_build).then_some(options.profile.as_str());
    images::build(&docker, &bases, profile, &mut report)?;

    let secrets = fresh_secrets(&folder)?;
    let project = Project::new(&docker, &bases, &secrets, options.keep)?;
    let outcome = prove(&project, &secrets, &mut report).and_then(|()| {
        let trial = Trial::new(&docker, options.keep);
        trial.prove(&mut report).inspect_err(|_| trial.show_logs())
    });
    if outcome.is_err() {
        project.show_logs();
    }
    outcome?;
    report.end(&bases);
    Ok(())
}

fn prove(project: &Project<'_>, secrets: &Path, report: &mut Report) -> Result<()> {
    report.heading("docker-compose.yml");
    report.check("the file parses with every profile", || project.parses())?;
    report.check("secrets are never made over secrets", || match init::make(secrets) {
        Err(_) => Ok(()),
        Ok(()) => Err(Failure::new("compose-init wrote over secrets that exist")),
    })?;
    report.check("every container starts, in order, and gets healthy", || project.up())?;
    hardening::prove(project, secrets, report)?;

    report.heading("both ways");
    let password = secrets.join(init::ADMIN_PASSWORD);
    let password = fs::read_to_string(&password).map_err(Failure::on("read", &password))?;
    let known = Known::make(project.auth_api(), project.identity_api(), password.trim(), report)?;
    observe::prove(project, report)?;
    upkeep::prove(project, &known, secrets, report)?;
    report.heading("crashes");
    crashes::prove(project, &known, report)
}

/// Secrets of an earlier check belong to volumes that are gone.
fn fresh_secrets(folder: &Path) -> Result<PathBuf> {
    let secrets = folder.join("secrets");
    if secrets.exists() {
        fs::remove_dir_all(&secrets).map_err(Failure::on("remove", &secrets))?;
    }
    init::make(&secrets)?;
    Ok(secrets)
}

fn require_programs() -> Result<()> {
    let missing: Vec<&str> = [("docker", "docker.io"), ("docker-compose", "docker-compose"), ("curl", "curl")]
        .into_iter()
        .filter_map(|(program, package)| tools::find(program).is_none().then_some(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    Err(Failure::new(format!("the check needs programs that are not here; on Debian: apt-get install {missing}")))
}
