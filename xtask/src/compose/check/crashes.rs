//! Kills and restarts part after part, and finds everything again.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getuid};

use super::project::{Project, SERVICES};
use super::report::Report;
use super::ways::Known;
use crate::failure::{Failure, Result};
use crate::process;

/// What is known from elsewhere may be this old, with what the check needs to see it.
const LEASE_LIMIT: Duration = Duration::from_secs(10);
const RESTART_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

pub(super) fn prove(project: &Project<'_>, known: &Known, report: &mut Report) -> Result<()> {
    for service in SERVICES {
        report.check(&format!("{service} crashes, is started again, and everything is found again"), || {
            crash(project, service)?;
            project.wait_for_all()?;
            known.find_again()
        })?;
        report.check(&format!("{service} is killed and started by hand, and everything is found again"), || {
            project.docker.run(["kill", "--signal", "KILL", &project.container(service)?])?;
            project.up()?;
            known.find_again()
        })?;
    }
    for (service, other) in [("auth-service", "identity-service"), ("identity-service", "auth-service")] {
        report.check(&format!("{service} gets a new container, and {other} finds it without a restart"), || {
            let others = started(project, other)?;
            project.recreate(service)?;
            project.wait_for_all()?;
            known.find_again()?;
            if started(project, other)? == others {
                return Ok(());
            }
            Err(Failure::new(format!("{other} was started again as well")))
        })?;
    }
    report.check("without identity-service no permission is answered, and auth-service is not healthy", || {
        let token = known.machine()?.expect(200)?.text("accessToken")?;
        known.permissions(&token)?.expect(200)?;
        project.stop("identity-service")?;
        let deadline = Instant::now() + LEASE_LIMIT;
        while known.permissions(&token)?.status != 503 {
            if Instant::now() >= deadline {
                return Err(Failure::new("permissions are still answered from old knowledge"));
            }
            thread::sleep(POLL);
        }
        project.wait_for("auth-service", "unhealthy")?;
        project.up()?;
        known.find_again()
    })?;
    report.check("all containers are removed and made again, and everything is found again", || {
        project.remove_containers()?;
        project.up()?;
        known.find_again()
    })
}

/// Ends the main process as a crash does. The engine takes `docker kill` for the operator's wish and starts nothing
/// again, so it is killed from outside where that is allowed.
fn crash(project: &Project<'_>, service: &str) -> Result<()> {
    let container = project.container(service)?;
    let before = started(project, service)?;
    let pid: u32 = project.docker.inspect(&container, "{{.State.Pid}}")?.parse().unwrap_or_default();
    if !getuid().is_root() || pid == 0 || !Path::new("/proc").join(pid.to_string()).exists() {
        return Err(Failure::new(
            "a crash can only be made by root on the host of the engine; run the check there as root",
        ));
    }
    process::signal(pid, Signal::KILL);
    let deadline = Instant::now() + RESTART_LIMIT;
    while project.docker.inspect(&container, "{{.State.Running}} {{.State.StartedAt}}")? == format!("true {before}")
        || project.docker.inspect(&container, "{{.State.Running}}")? != "true"
    {
        if Instant::now() >= deadline {
            return Err(Failure::new(format!("{service} was not started again after its crash")));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn started(project: &Project<'_>, service: &str) -> Result<String> {
    project.docker.inspect(&project.container(service)?, "{{.State.StartedAt}}")
}
