//! The trial image: both services on SQLite in one container.

use std::thread;
use std::time::{Duration, Instant};

use super::api::Api;
use super::docker::Docker;
use super::images;
use super::project::free_ports;
use super::report::Report;
use super::ways::Known;
use crate::failure::{Failure, Result};

const NAME: &str = "gatehouse-check-trial";
const DATA: &str = "/var/lib/gatehouse/data";
const HEALTH_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);

/// A trial container and its volume; dropping it removes both, unless it was told to leave them.
pub(super) struct Trial<'check> {
    docker: &'check Docker,
    keep: bool,
}

impl<'check> Trial<'check> {
    pub(super) fn new(docker: &'check Docker, keep: bool) -> Self {
        let trial = Self { docker, keep };
        trial.remove();
        trial
    }

    pub(super) fn prove(&self, report: &mut Report) -> Result<()> {
        report.heading("trial image");
        let ports = free_ports(2)?;
        report.check(
            "one container with both services gets healthy, and needs neither root nor its root folder",
            || {
                let publish = |port: u16, inner: u16| format!("--publish=127.0.0.1:{port}:{inner}");
                let volume = format!("--volume={NAME}:{DATA}");
                let [auth, identity] = [publish(ports[0], 4000), publish(ports[1], 4001)];
                let options =
                    ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true", "--tmpfs=/tmp"];
                let start = ["run", "--detach", "--name", NAME, &auth, &identity, &volume];
                let image = images::name("trial");
                self.docker.run(start.into_iter().chain(options).chain([image.as_str()]))?;
                self.wait_until_healthy()?;
                self.not_root()
            },
        )?;
        let password = self.docker.run(["exec", NAME, "cat", &format!("{DATA}/admin-password")])?;
        report.check("it says where the password is, and never the password", || {
            let said = self.docker.run(["logs", NAME])?;
            if said.contains("docker exec") && !said.contains(password.trim()) {
                return Ok(());
            }
            Err(Failure::new(format!("it said:\n{said}")))
        })?;
        let known = Known::make(Api::at(ports[0]), Api::at(ports[1]), password.trim(), report)?;
        report.check("both databases are backed up while it runs, and the backup is whole", || {
            self.docker.run(["exec", NAME, "gatehouse", "backup", "--to", "data/backup"])?;
            self.docker.run(["exec", NAME, "gatehouse", "verify", "data/backup"])
        })?;
        report.check("killed and started again, it finds everything again", || {
            self.docker.run(["kill", "--signal", "KILL", NAME])?;
            self.docker.run(["start", NAME])?;
            self.wait_until_healthy()?;
            known.find_again()
        })?;
        report.check("one service that ends takes the container along", || {
            self.docker.run([
                "exec",
                NAME,
                "bash",
                "-c",
                "for p in /proc/[0-9]*; do \
                [ \"$(cat $p/comm)\" = auth-service ] && kill -KILL ${p#/proc/}; done; true",
            ])?;
            self.wait("{{.State.Status}}", "exited")
        })?;
        report.check("a stop is orderly, and no failure", || {
            self.docker.run(["start", NAME])?;
            self.wait_until_healthy()?;
            self.docker.run(["stop", "--time", "20", NAME])?;
            self.wait("{{.State.Status}} {{.State.ExitCode}}", "exited 0")
        })
    }

    pub(super) fn show_logs(&self) {
        if let Ok(logs) = self.docker.run(["logs", "--tail", "30", NAME]) {
            eprintln!("\n{logs}");
        }
    }

    fn not_root(&self) -> Result<()> {
        let shown = self.docker.run(["top", NAME, "-eo", "uid,pid,comm"])?;
        let root = shown.lines().skip(1).any(|line| line.split_whitespace().next() == Some("0"));
        if root { Err(Failure::new(format!("a process runs as root:\n{shown}"))) } else { Ok(()) }
    }

    fn wait_until_healthy(&self) -> Result<()> {
        self.wait("{{.State.Health.Status}}", "healthy")
    }

    fn wait(&self, template: &str, wanted: &str) -> Result<()> {
        let deadline = Instant::now() + HEALTH_LIMIT;
        loop {
            let state = self.docker.inspect(NAME, template)?;
            if state == wanted {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let seconds = HEALTH_LIMIT.as_secs();
                return Err(Failure::new(format!("the trial is '{state}' instead of '{wanted}' after {seconds} s")));
            }
            thread::sleep(POLL);
        }
    }

    /// A container or volume that is not there needs no removal.
    fn remove(&self) {
        self.docker.succeeds(["rm", "--force", "--volumes", NAME]);
        self.docker.succeeds(["volume", "rm", "--force", NAME]);
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.keep {
            self.remove();
        }
    }
}
