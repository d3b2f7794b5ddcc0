//! The containers of `docker-compose.yml` under a project name of the check.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::api::Api;
use super::base::Bases;
use super::docker::{Docker, printed};
use super::images;
use crate::compose::init;
use crate::failure::{Failure, Result};
use crate::workspace;

const NAME: &str = "gatehouse-check";
/// What runs for long, in the order of its start; jobs end by themselves.
pub(super) const SERVICES: [&str; 3] = ["postgres", "auth-service", "identity-service"];
pub(super) const JOBS: [&str; 2] = ["auth-migrate", "identity-migrate"];
/// Services of profiles, with the variable that names their image.
const EXTRAS: [(&str, &str); 4] = [
    ("otel-collector", "COLLECTOR_IMAGE"),
    ("prometheus", "PROMETHEUS_IMAGE"),
    ("grafana", "GRAFANA_IMAGE"),
    ("mail", "MAIL_IMAGE"),
];
const PROFILES: [&str; 3] = ["mail", "observe", "tools"];
/// Its image holds nothing that could ask for its health.
const WITHOUT_HEALTH: &str = "otel-collector";

const HEALTH_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(250);

/// A running project; dropping it removes its containers, networks and volumes, unless it was told to leave them.
pub(super) struct Project<'check> {
    pub(super) docker: &'check Docker,
    environment: Vec<(String, String)>,
    context: PathBuf,
    env_file: PathBuf,
    extras: Vec<&'static str>,
    pub(super) auth: u16,
    pub(super) identity: u16,
    pub(super) prometheus: u16,
    keep: bool,
}

impl<'check> Project<'check> {
    pub(super) fn new(docker: &'check Docker, bases: &Bases, secrets: &Path, keep: bool) -> Result<Self> {
        let names = [
            "GATEHOUSE_AUTH_PORT",
            "GATEHOUSE_IDENTITY_PORT",
            "GATEHOUSE_AUTH_OPERATIONS_PORT",
            "GATEHOUSE_IDENTITY_OPERATIONS_PORT",
            "GATEHOUSE_PROMETHEUS_PORT",
            "GATEHOUSE_GRAFANA_PORT",
            "GATEHOUSE_MAIL_PORT",
        ];
        let ports = free_ports(names.len())?;
        let mut environment: Vec<(String, String)> =
            names.iter().zip(&ports).map(|(name, port)| ((*name).to_owned(), port.to_string())).collect();
        environment.push(("GATEHOUSE_TAG".to_owned(), images::TAG.to_owned()));
        environment.push(("GATEHOUSE_ISSUER".to_owned(), format!("http://127.0.0.1:{}", ports[0])));
        environment.extend(bases.variables().map(|(name, image)| (name.to_owned(), image.to_owned())));
        let extras = EXTRAS.into_iter().filter(|(_, image)| bases.is_here(image));
        let project = Self {
            docker,
            environment,
            context: images::context()?,
            env_file: secrets.join(init::ENVIRONMENT),
            extras: extras.map(|(service, _)| service).collect(),
            auth: ports[0],
            identity: ports[1],
            prometheus: ports[4],
            keep,
        };
        // What an interrupted check may have left would be found again as if it were ours.
        project.down()?;
        Ok(project)
    }

    /// A call of docker-compose with all the project's settings, for every profile.
    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker-compose");
        command
            .args(["--project-name", NAME])
            .arg("--file")
            .arg(workspace::root().join("docker-compose.yml"))
            .arg("--project-directory")
            .arg(&self.context)
            .arg("--env-file")
            .arg(&self.env_file);
        for profile in PROFILES {
            command.args(["--profile", profile]);
        }
        command.args(arguments).envs(self.environment.iter().cloned()).current_dir(workspace::root());
        command
    }

    pub(super) fn parses(&self) -> Result<()> {
        printed(&mut self.compose(&["config", "--quiet"])).map(drop)
    }

    /// Starts what is not running, and returns when everything is healthy and every job is done.
    pub(super) fn up(&self) -> Result<()> {
        // By name, because the profiles also hold what has no image here, and the tool, which is run and not started.
        let mut command = self.compose(&["up", "--detach", "--no-build"]);
        printed(command.args(self.services()))?;
        for job in JOBS {
            let ended = self.docker.inspect(&self.container(job)?, "{{.State.Status}} {{.State.ExitCode}}")?;
            if ended != "exited 0" {
                return Err(Failure::new(format!("{job} is '{ended}' instead of 'exited 0'")));
            }
        }
        self.wait_for_all()
    }

    pub(super) fn wait_for_all(&self) -> Result<()> {
        let mut asked = self.services().filter(|service| *service != WITHOUT_HEALTH);
        asked.try_for_each(|service| self.wait_for(service, "healthy"))
    }

    /// Everything that runs here.
    pub(super) fn services(&self) -> impl Iterator<Item = &'static str> {
        SERVICES.into_iter().chain(self.extras.iter().copied())
    }

    /// The image of this service is here, so it runs.
    pub(super) fn has(&self, service: &str) -> bool {
        self.services().any(|here| here == service)
    }

    /// Makes the container of one service anew, and leaves all others alone.
    pub(super) fn recreate(&self, service: &str) -> Result<()> {
        let arguments = ["up", "--detach", "--no-build", "--no-deps", "--force-recreate", service];
        printed(&mut self.compose(&arguments)).map(drop)
    }

    /// Runs the operator's tool with a folder of the host at /backups.
    pub(super) fn tool(&self, backups: &Path, arguments: &[&str]) -> Result<String> {
        let mut command = self.compose(&["run", "--rm", "-T", "--volume"]);
        command.arg(format!("{}:/backups", backups.display())).arg("gatehouse").args(arguments);
        printed(&mut command)
    }

    /// Removes the containers and keeps the volumes.
    pub(super) fn remove_containers(&self) -> Result<()> {
        printed(&mut self.compose(&["down"])).map(drop)
    }

    pub(super) fn restart(&self, service: &str) -> Result<()> {
        printed(&mut self.compose(&["restart", service]))?;
        self.wait_for(service, "healthy")
    }

    pub(super) fn stop(&self, service: &str) -> Result<()> {
        printed(&mut self.compose(&["stop", service])).map(drop)
    }

    /// The number of a service's container, running or not.
    pub(super) fn container(&self, service: &str) -> Result<String> {
        let id = printed(&mut self.compose(&["ps", "--all", "--quiet", service]))?;
        match id.trim() {
            "" => Err(Failure::new(format!("{service} has no container"))),
            id => Ok(id.to_owned()),
        }
    }

    /// Waits until the engine's health check says so.
    pub(super) fn wait_for(&self, service: &str, health: &str) -> Result<()> {
        let container = self.container(service)?;
        let deadline = Instant::now() + HEALTH_LIMIT;
        loop {
            let state = self.docker.inspect(&container, "{{.State.Status}} {{.State.Health.Status}}")?;
            if state == format!("running {health}") {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let last = self.docker.inspect(&container, "{{range .State.Health.Log}}{{.Output}}{{end}}")?;
                let seconds = HEALTH_LIMIT.as_secs();
                return Err(Failure::new(format!(
                    "{service} is '{state}' instead of '{health}' after {seconds} s: {last}"
                )));
            }
            thread::sleep(POLL);
        }
    }

    pub(super) fn auth_api(&self) -> Api {
        Api::at(self.auth)
    }

    pub(super) fn identity_api(&self) -> Api {
        Api::at(self.identity)
    }

    pub(super) fn prometheus_api(&self) -> Api {
        Api::at(self.prometheus)
    }

    pub(super) fn logs(&self) -> Result<String> {
        printed(&mut self.compose(&["logs", "--no-color"]))
    }

    pub(super) fn show_logs(&self) {
        if let Ok(logs) = printed(&mut self.compose(&["logs", "--no-color", "--tail", "15"])) {
            eprintln!("\n{logs}");
        }
    }

    fn down(&self) -> Result<()> {
        let arguments = ["down", "--volumes", "--remove-orphans", "--timeout", "20"];
        printed(&mut self.compose(&arguments)).map(drop)
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("Left running as the project {NAME}: auth on {}, identity on {}.", self.auth, self.identity);
        } else if let Err(failure) = self.down() {
            eprintln!("The project {NAME} could not be taken down: {failure}");
        }
    }
}

/// Ports that nobody listens on now, held together so that each is another.
pub(super) fn free_ports(count: usize) -> Result<Vec<u16>> {
    let taken = |cause| Failure::new(format!("no port is free: {cause}"));
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<std::io::Result<_>>()
        .map_err(taken)?;
    listeners.iter().map(|listener| listener.local_addr().map(|address| address.port()).map_err(taken)).collect()
}
