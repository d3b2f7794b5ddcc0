//! What an operator does while it runs: backup and restore, and certificates before they expire.

use std::fs;
use std::path::Path;

use super::project::Project;
use super::report::Report;
use super::ways::Known;
use crate::certs::Certificates;
use crate::compose::init;
use crate::failure::{Failure, Result};

/// Made after the backup, so a restore takes it away again.
const LATER: &str = "later";

pub(super) fn prove(project: &Project<'_>, known: &Known, secrets: &Path, report: &mut Report) -> Result<()> {
    report.heading("upkeep");
    let parent = secrets.parent().unwrap_or(secrets);
    let backups = init::private_folder("backups.", parent)?;
    init::give(backups.path())?;
    report.check("both databases are backed up while everything runs, and the backup is whole", || {
        project.tool(backups.path(), &["backup", "--to", "/backups/one"])?;
        project.tool(backups.path(), &["verify", "/backups/one"])
    })?;
    report.check("a restore brings back what was, and nothing that came later", || {
        known.make_user(LATER)?;
        project.stop("auth-service")?;
        project.stop("identity-service")?;
        project.tool(backups.path(), &["restore", "--from", "/backups/one", "--replace", "--keep-sessions"])?;
        project.up()?;
        known.find_again()?;
        if known.users()?.contains(LATER) { Err(Failure::new("what came later is still there")) } else { Ok(()) }
    })?;
    report.check("renewed certificates count when one service after the other was restarted", || {
        Certificates::at(secrets.join(init::TLS)).make(&[])?;
        for (service, name) in [("auth-service", "auth"), ("identity-service", "identity")] {
            project.restart(service)?;
            project.wait_for_all()?;
            known.find_again()?;
            let made = secrets.join(init::TLS).join(format!("{service}.pem"));
            let pid = project.docker.inspect(&project.container(service)?, "{{.State.Pid}}")?;
            let seen = Path::new("/proc").join(pid).join(format!("root/run/secrets/{name}_tls_certificate"));
            let read = |path: &Path| fs::read(path).map_err(Failure::on("read", path));
            if read(&made)? != read(&seen)? {
                return Err(Failure::new(format!("{service} sees another certificate than {}", made.display())));
            }
        }
        Ok(())
    })
}
