//! `cargo xtask compose-init`: the secrets and certificates of `docker-compose.yml`, made once.
//!
//! Every secret is drawn from the kernel; there is no default password. What exists is never overwritten: the databases
//! cannot be read without the keys they were sealed with.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown};
use std::path::{self, Path, PathBuf};

use clap::Args;
use rustix::process::{getgid, getuid};
use tempfile::TempDir;

use crate::certs::Certificates;
use crate::chance;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::workspace;

/// What docker-compose fills into `docker-compose.yml`; no secret.
pub(crate) const ENVIRONMENT: &str = "compose.env";
pub(crate) const ADMIN_PASSWORD: &str = "admin-password";
/// The folder of the certificates by which the services know each other.
pub(crate) const TLS: &str = "tls";

/// Who runs the containers where root made the secrets.
const UNPRIVILEGED: u32 = 10_001;

#[derive(Args)]
pub(crate) struct Options {
    /// The folder to make [default: deploy/secrets in the workspace]
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = options.secrets.clone().unwrap_or_else(|| workspace::root().join("deploy/secrets"));
    let folder = path::absolute(&folder).map_err(Failure::on("find", &folder))?;
    make(&folder)?;
    let environment = folder.join(ENVIRONMENT);
    progress::say(&format!(
        "Made {folder}. Keep a copy of its two master keys apart from the backups of the databases.\n\n\
         Start:  docker-compose --env-file {environment} up --build --detach\n\
         Log in: user 'admin', password in {password}\n",
        folder = folder.display(),
        environment = environment.display(),
        password = folder.join(ADMIN_PASSWORD).display(),
    ));
    Ok(())
}

/// Makes the folder with all secrets, or nothing: it is written beside and then moved.
pub(crate) fn make(folder: &Path) -> Result<()> {
    if folder.exists() {
        let folder = folder.display();
        return Err(Failure::new(format!(
            "{folder} exists and is not touched, since its secrets may be in use; to start anew, remove it and the volumes of \
             docker-compose"
        )));
    }
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Failure::on("create", parent))?;
    let owner = Owner::choose();
    // Nobody else can enter it from its first moment on.
    let unfinished = private_folder("secrets.", parent)?;
    for (name, content) in files(folder, owner)? {
        let path = unfinished.path().join(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| owner.take(&path))
            .map_err(Failure::on("write", &path))?;
    }
    // First the folder: what the certificates' own command makes in it belongs to whom the folder belongs.
    owner.take(unfinished.path()).map_err(Failure::on("give away", unfinished.path()))?;
    Certificates::at(unfinished.path().join(TLS)).make(&[])?;
    fs::rename(unfinished.path(), folder).map_err(Failure::on("make", folder))?;
    // It has its name now; there is nothing to remove.
    let _ = unfinished.keep();
    Ok(())
}

/// A temporary folder that nobody else can enter.
pub(crate) fn private_folder(prefix: &str, parent: &Path) -> Result<TempDir> {
    let only_owner = Permissions::from_mode(0o700);
    let made = tempfile::Builder::new().prefix(prefix).permissions(only_owner).tempdir_in(parent);
    made.map_err(Failure::on("write into", parent))
}

/// Gives a file or folder to whoever runs the containers.
pub(crate) fn give(path: &Path) -> Result<()> {
    Owner::choose().take(path).map_err(Failure::on("give away", path))
}

/// Who runs the containers, and so must own the files: whoever made them, but never root.
#[derive(Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
    /// Root makes files for somebody else.
    given_away: bool,
}

impl Owner {
    fn choose() -> Self {
        if getuid().is_root() {
            return Self { user: UNPRIVILEGED, group: UNPRIVILEGED, given_away: true };
        }
        Self { user: getuid().as_raw(), group: getgid().as_raw(), given_away: false }
    }

    fn take(self, path: &Path) -> std::io::Result<()> {
        if self.given_away { chown(path, Some(self.user), Some(self.group)) } else { Ok(()) }
    }
}

/// Every file with its content.
fn files(folder: &Path, owner: Owner) -> Result<Vec<(&'static str, String)>> {
    let mut files = vec![
        ("auth-master.key", chance::master_key()?),
        ("identity-master.key", chance::master_key()?),
        (ADMIN_PASSWORD, chance::password()?),
        // The server's own role, which no service uses.
        ("postgres-password", chance::shared_secret()?),
        ("grafana-admin-password", chance::password()?),
        // Git takes nothing from this folder.
        (".gitignore", "*\n".to_owned()),
        (ENVIRONMENT, environment(folder, owner)),
    ];
    for (password, pgpass, role) in [
        ("auth-database-password", "auth-pgpass", "gatehouse_auth"),
        ("identity-database-password", "identity-pgpass", "gatehouse_identity"),
    ] {
        let secret = chance::shared_secret()?;
        // libpq's form: host, port, database, user, password. It passes over a file that others can read.
        files.push((pgpass, format!("postgres:5432:{role}:{role}:{secret}")));
        files.push((password, secret));
    }
    Ok(files)
}

fn environment(folder: &Path, owner: Owner) -> String {
    let user = format!("GATEHOUSE_USER={}:{}\n", owner.user, owner.group);
    if folder == workspace::root().join("deploy/secrets") {
        return user;
    }
    format!("{user}GATEHOUSE_SECRETS={}\n", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_but_the_owner_can_read_a_secret() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("secrets");
        make(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(TLS)), 0o700);
        for entry in fs::read_dir(&folder).unwrap().chain(fs::read_dir(folder.join(TLS)).unwrap()) {
            let path = entry.unwrap().path();
            assert!(path.is_dir() || mode(&path) == 0o600, "{}", path.display());
        }
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        let compose = fs::read_to_string(workspace::root().join("docker-compose.yml")).unwrap();
        for line in compose.lines().filter(|line| line.contains("GATEHOUSE_SECRETS")) {
            let (_, name) = line.rsplit_once("}/").unwrap();
            assert!(folder.join(name).is_file(), "docker-compose.yml mounts {name}, which is not made");
        }
    }

    #[test]
    fn secrets_that_exist_are_never_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("secrets");
        make(&folder).unwrap();
        let before = fs::read(folder.join("auth-master.key")).unwrap();
        let refused = make(&folder).unwrap_err().to_string();
        assert!(refused.contains("exists and is not touched"), "{refused}");
        assert_eq!(fs::read(folder.join("auth-master.key")).unwrap(), before);
    }

    #[test]
    fn each_service_has_a_password_of_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("secrets");
        make(&folder).unwrap();
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_ne!(read("auth-database-password"), read("identity-database-password"));
        let expected = format!("postgres:5432:gatehouse_auth:gatehouse_auth:{}", read("auth-database-password"));
        assert_eq!(read("auth-pgpass"), expected);
    }

    #[test]
    fn everything_belongs_to_who_runs_the_containers() {
        use std::os::unix::fs::MetadataExt;

        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("secrets");
        make(&folder).unwrap();
        let owner = Owner::choose();
        for path in [folder.clone(), folder.join(ADMIN_PASSWORD), folder.join(TLS), folder.join("tls/auth-service.key")]
        {
            let metadata = path.metadata().unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (owner.user, owner.group), "{}", path.display());
        }
    }

    #[test]
    fn compose_runs_as_somebody_who_is_not_root() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("secrets");
        make(&folder).unwrap();
        let environment = fs::read_to_string(folder.join(ENVIRONMENT)).unwrap();
        assert!(
            environment.starts_with("GATEHOUSE_USER=") && !environment.starts_with("GATEHOUSE_USER=0:"),
            "{environment}"
        );
        assert!(environment.contains(&format!("GATEHOUSE_SECRETS={}\n", folder.display())), "{environment}");
    }
}
