//! What a container may do, and what it must not know, as the engine and the database see it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::docker::printed;
use super::images;
use super::project::{JOBS, Project, SERVICES};
use super::report::Report;
use crate::compose::init;
use crate::failure::{Failure, Result};

pub(super) fn prove(project: &Project<'_>, secrets: &Path, report: &mut Report) -> Result<()> {
    report.heading("hardening");
    report.check("every container is bounded, read-only, without capabilities and not root", || {
        project.services().chain(JOBS).try_for_each(|service| bounded(service, &inspected(project, service)?))
    })?;
    report.check("no process of a container runs as root", || {
        project.services().try_for_each(|it| not_root(project, it))
    })?;
    report.check("nothing can be written beside the volumes", || {
        project.services().try_for_each(|service| read_only(project, service))
    })?;
    report.check("each service sees its own secrets alone", || {
        only_own_secrets(project, "auth-service", &["auth_", "tls_authority"])?;
        only_own_secrets(project, "identity-service", &["identity_", "tls_authority", "admin_password"])
    })?;
    report.check("no secret stands in a container's settings, an image or a log", || hidden(project, secrets))?;
    report.check("each service enters its own database, and no other", || databases(project))
}

fn inspected(project: &Project<'_>, service: &str) -> Result<Value> {
    let text = project.docker.run(["inspect", &project.container(service)?])?;
    let mut all: Vec<Value> = serde_json::from_str(&text)
        .map_err(|cause| Failure::new(format!("the answer of `docker inspect` is not understood: {cause}")))?;
    Ok(all.pop().unwrap_or_default())
}

fn bounded(service: &str, container: &Value) -> Result<()> {
    let (config, host) = (&container["Config"], &container["HostConfig"]);
    let text = |value: &Value| value.to_string();
    let positive = |value: &Value| value.as_i64().is_some_and(|number| number > 0);
    let user = config["User"].as_str().unwrap_or_default();
    let ports = host["PortBindings"].as_object().into_iter().flat_map(serde_json::Map::values);
    let faults = [
        (user.is_empty() || user.starts_with("0"), "runs as root"),
        (host["ReadonlyRootfs"] != Value::Bool(true), "can write its root"),
        (host["Privileged"] != Value::Bool(false), "is privileged"),
        (!text(&host["CapDrop"]).contains("ALL") || !host["CapAdd"].is_null(), "has capabilities"),
        (!text(&host["SecurityOpt"]).contains("no-new-privileges:true"), "can gain privileges"),
        (!positive(&host["Memory"]), "has no limit of memory"),
        (!positive(&host["NanoCpus"]), "has no limit of processors"),
        (!positive(&host["PidsLimit"]), "has no limit of processes"),
        (host["LogConfig"]["Config"]["max-size"].is_null(), "has an unbounded log"),
        (
            ports
                .flat_map(|bindings| bindings.as_array().into_iter().flatten())
                .any(|binding| binding["HostIp"] != "127.0.0.1"),
            "publishes a port beyond loopback",
        ),
        (SERVICES.contains(&service) && host["RestartPolicy"]["Name"] != "unless-stopped", "is not restarted"),
    ];
    match faults.iter().find(|(broken, _)| *broken) {
        Some((_, fault)) => Err(Failure::new(format!("{service} {fault}"))),
        None => Ok(()),
    }
}

/// As the kernel sees it: a number of a user for each process.
fn not_root(project: &Project<'_>, service: &str) -> Result<()> {
    let shown = project.docker.run(["top", &project.container(service)?, "-eo", "uid,pid,comm"])?;
    let mut users = shown.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    if users.clone().next().is_some() && users.all(|user| user != "0") {
        return Ok(());
    }
    Err(Failure::new(format!("a process of {service} runs as root:\n{shown}")))
}

fn read_only(project: &Project<'_>, service: &str) -> Result<()> {
    let target = format!("{}:/written", project.container(service)?);
    match project.docker.run(["cp", "Cargo.toml", &target]) {
        Err(refused) if refused.to_string().contains("read-only") => Ok(()),
        Err(other) => Err(other),
        Ok(_) => Err(Failure::new(format!("a file could be written into {service}"))),
    }
}

fn only_own_secrets(project: &Project<'_>, service: &str, own: &[&str]) -> Result<()> {
    let mounts = project.docker.inspect(&project.container(service)?, "{{range .Mounts}}{{.Destination}} {{end}}")?;
    let secrets = mounts.split_whitespace().filter_map(|mount| mount.strip_prefix("/run/secrets/"));
    let foreign: Vec<&str> = secrets.clone().filter(|name| !own.iter().any(|own| name.starts_with(own))).collect();
    if foreign.is_empty() && secrets.count() > 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{service} sees {}", foreign.join(", "))))
}

fn hidden(project: &Project<'_>, secrets: &Path) -> Result<()> {
    let mut places = vec![("a log".to_owned(), project.logs()?)];
    for service in project.services().chain(JOBS) {
        places.push((format!("the settings of {service}"), inspected(project, service)?.to_string()));
    }
    for target in images::TARGETS {
        let image = images::name(target);
        let history = project.docker.run(["history", "--no-trunc", &image])?;
        places.push((format!("the image {target}"), history + &project.docker.run(["inspect", &image])?));
    }
    for path in secret_files(secrets)? {
        let text = fs::read_to_string(&path).map_err(Failure::on("read", &path))?;
        // A password file ends with the password; a key begins with its number; of a PEM a line is enough.
        let longest = text.split(['\n', ':']).max_by_key(|part| part.len()).unwrap_or_default();
        for (place, shown) in &places {
            if shown.contains(longest) {
                return Err(Failure::new(format!("what {} holds stands in {place}", path.display())));
            }
        }
    }
    Ok(())
}

/// Every file but those that may be seen: the settings of docker-compose, and certificates.
fn secret_files(secrets: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in [secrets.to_owned(), secrets.join(init::TLS)] {
        for entry in fs::read_dir(&folder).map_err(Failure::on("read", &folder))?.flatten() {
            let path = entry.path();
            let is_public = entry.file_name() == init::ENVIRONMENT
                || entry.file_name() == ".gitignore"
                || path.extension().is_some_and(|extension| extension == "pem");
            if path.is_file() && !is_public {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn databases(project: &Project<'_>) -> Result<()> {
    let postgres = project.container("postgres")?;
    let ask = |role: &str, database: &str, question: &str| {
        let line = format!(
            "PGPASSWORD=$(cat /run/secrets/{role}_database_password) psql --no-psqlrc --tuples-only --no-align --host=127.0.0.1 \
             --username=gatehouse_{role} --dbname={database} --command=\"{question}\""
        );
        printed(&mut project.docker.command(["exec", &postgres, "bash", "-c", &line]))
    };
    for (role, other) in [("auth", "identity"), ("identity", "auth")] {
        let rights = "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles \
                      where rolname = current_user";
        if ask(role, &format!("gatehouse_{role}"), rights)?.trim() != "f" {
            return Err(Failure::new(format!("the role gatehouse_{role} may do more than own its database")));
        }
        for foreign in [&format!("gatehouse_{other}"), "postgres", "template1"] {
            match ask(role, foreign, "select 1") {
                Err(refused) if refused.to_string().contains("permission denied for database") => {}
                Err(failed) => return Err(failed),
                Ok(_) => return Err(Failure::new(format!("gatehouse_{role} enters the database {foreign}"))),
            }
        }
    }
    Ok(())
}
