//! The Docker engine: the one that answers, or one that lives as long as the check.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::getuid;

use super::docker::Docker;
use crate::failure::{Failure, Result};
use crate::process::{self, POLL};
use crate::progress;

const START_LIMIT: Duration = Duration::from_secs(60);

/// An engine that was started for the check; dropping it stops it.
pub(super) struct Engine(Child);

/// The engine that answers needs nothing; without one it is started where that was asked for.
pub(super) fn find_or_start(docker: &Docker, folder: &Path, start: bool) -> Result<Option<Engine>> {
    if answers(docker) {
        return Ok(None);
    }
    if !start {
        return Err(Failure::new(
            "no Docker engine answers; start it (Debian: `apt-get install docker.io`, then `systemctl start docker`), join the \
             group docker, or let this command start one, as root: `cargo xtask compose-check --start-engine`",
        ));
    }
    if !getuid().is_root() {
        return Err(Failure::new("only root can start a Docker engine; run as root, or start it yourself"));
    }
    progress::step("starting a Docker engine for the check");
    let log = folder.join("engine.log");
    let writer = File::create(&log).map_err(Failure::on("write", &log))?;
    let errors = writer.try_clone().map_err(Failure::on("write", &log))?;
    let child = Command::new("dockerd")
        .arg("--data-root")
        .arg(folder.join("engine"))
        .arg("--exec-root")
        .arg(folder.join("engine-run"))
        .arg("--pidfile")
        .arg(folder.join("engine.pid"))
        // Ctrl-C must not reach it before the containers are taken down.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .map_err(|cause| Failure::new(format!("cannot start dockerd ({cause}); Debian has it in docker.io")))?;
    let mut engine = Engine(child);
    let deadline = Instant::now() + START_LIMIT;
    while !answers(docker) {
        if Instant::now() >= deadline || engine.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(Failure::new(format!("the Docker engine did not start; {} says why", log.display())));
        }
        thread::sleep(POLL);
    }
    Ok(Some(engine))
}

fn answers(docker: &Docker) -> bool {
    docker.succeeds(["version", "--format", "{{.Server.Version}}"])
}

impl Drop for Engine {
    fn drop(&mut self) {
        process::stop(self.0.id(), || self.0.try_wait().is_ok_and(|ended| ended.is_some()));
    }
}
