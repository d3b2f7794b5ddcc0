//! The data folder of a pair: whose it is, the secrets in it, and who runs on it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{self, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::binaries::{AUTH, IDENTITY};
use crate::certs::Certificates;
use crate::chance;
use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace;

/// Says that a folder is ours, and so that `--fresh` may remove what it knows in it.
const MARKER: &str = ".gatehouse";
const MARKER_TEXT: &str = "Made by `cargo xtask up`; it may remove the files it knows in this folder.\n";
/// SQLite keeps companions beside a database (`-wal`, `-shm`), and the store a lock file: all begin with its name.
const DATABASES: [&str; 2] = ["auth.db", "identity.db"];
const PIDS: &str = "pids.json";
const LOGS: &str = "logs";
const SECRETS: &str = "secrets";
/// Within the folder of the secrets.
const CERTIFICATES: &str = "tls";
const ADMIN_PASSWORD: &str = "admin-password";

pub(crate) struct DataFolder {
    path: PathBuf,
}

/// The files in which each service finds what must not stand in its environment.
pub(crate) struct Secrets {
    pub(crate) auth_master_key: PathBuf,
    pub(crate) identity_master_key: PathBuf,
    /// What auth presents to identity.
    pub(crate) auth_to_identity: PathBuf,
    /// What identity presents to auth.
    pub(crate) identity_to_auth: PathBuf,
    /// What a service of the user presents to auth that asks questions over gRPC.
    pub(crate) resource_server: PathBuf,
    pub(crate) admin_password: PathBuf,
}

/// The process numbers of a started pair, as `pids.json` keeps them.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Pids {
    pub(crate) auth_service: u32,
    pub(crate) identity_service: u32,
}

/// A service that runs on a data folder.
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) pid: u32,
}

impl DataFolder {
    /// The given folder, or `data` in the workspace; nothing is touched yet.
    pub(crate) fn at(given: Option<&Path>) -> Result<Self> {
        let path = given.map_or_else(|| workspace::root().join("data"), Path::to_owned);
        let path = path::absolute(&path).map_err(Failure::on("find", &path))?;
        if path.to_str().is_none_or(|text| text.contains(['?', '#', '%', '\n'])) {
            return Err(Failure::new(
                "the path of the data folder cannot stand in a database URL; choose another with --data DIR",
            ));
        }
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, or takes one that is empty or was ours before.
    pub(crate) fn claim(&self) -> Result<()> {
        let unusable = |cause| {
            let path = self.path.display();
            Failure::new(format!("the data folder {path} cannot be written ({cause}); choose another with --data DIR"))
        };
        make_private_folder(&self.path).map_err(unusable)?;
        let mut entries = fs::read_dir(&self.path).map_err(unusable)?;
        if !self.path.join(MARKER).exists() && entries.next().is_some() {
            let path = self.path.display();
            return Err(Failure::new(format!("the folder {path} holds foreign files; choose another with --data DIR")));
        }
        fs::write(self.path.join(MARKER), MARKER_TEXT).map_err(unusable)
    }

    /// Removes the databases, the made secrets and the logs of a claimed folder, and nothing else.
    pub(crate) fn remove_made_files(&self) -> Result<()> {
        for entry in fs::read_dir(&self.path).map_err(Failure::on("read", &self.path))?.flatten() {
            let name = entry.file_name();
            if DATABASES.iter().any(|database| name.to_string_lossy().starts_with(database)) {
                remove(&entry.path())?;
            }
        }
        let secrets = self.secret_files();
        for secret in secrets.all() {
            remove(secret)?;
        }
        for file in self.certificate_files().all() {
            remove(&file)?;
        }
        remove(&self.log(AUTH))?;
        remove(&self.log(IDENTITY))
    }

    /// The secrets, made where they are missing; never made anew for a database that was sealed with a lost key.
    pub(crate) fn secrets(&self) -> Result<Secrets> {
        let secrets = self.secret_files();
        for (key, database) in [&secrets.auth_master_key, &secrets.identity_master_key].into_iter().zip(DATABASES) {
            if !key.exists() && self.path.join(database).exists() {
                let key = key.display();
                return Err(Failure::new(format!(
                    "{key} is missing, and {database} cannot be read without it; bring it back, or start anew with --fresh"
                )));
            }
        }
        let folder = self.path.join(SECRETS);
        make_private_folder(&folder).map_err(Failure::on("create", &folder))?;
        make(&secrets.auth_master_key, chance::master_key)?;
        make(&secrets.identity_master_key, chance::master_key)?;
        make(&secrets.auth_to_identity, chance::shared_secret)?;
        make(&secrets.identity_to_auth, chance::shared_secret)?;
        make(&secrets.resource_server, chance::shared_secret)?;
        make(&secrets.admin_password, chance::password)?;
        Ok(secrets)
    }

    /// Certificates for both services, renewed at each start; their authority stays.
    pub(crate) fn certificates(&self) -> Result<Certificates> {
        let certificates = self.certificate_files();
        certificates.make(&[])?;
        Ok(certificates)
    }

    /// The URL of a service's SQLite file.
    pub(crate) fn sqlite_url(&self, service: &str) -> String {
        let database = if service == AUTH { DATABASES[0] } else { DATABASES[1] };
        format!("sqlite://{}", self.path.join(database).display())
    }

    pub(crate) fn log(&self, service: &str) -> PathBuf {
        self.path.join(LOGS).join(format!("{service}.log"))
    }

    /// The folder of the logs, made when missing.
    pub(crate) fn make_log_folder(&self) -> Result<()> {
        let folder = self.path.join(LOGS);
        make_private_folder(&folder).map_err(Failure::on("create", &folder))
    }

    pub(crate) fn refuse_second_pair(&self) -> Result<()> {
        let Some(running) = self.running()?.into_iter().next() else { return Ok(()) };
        let (path, Running { name, pid }) = (self.path.display(), running);
        Err(Failure::new(format!(
            "{name} (process {pid}) already runs on {path}; stop it with `cargo xtask down --data {path}`, or choose another \
             folder with --data DIR"
        )))
    }

    /// The services of the last start that still live.
    pub(crate) fn running(&self) -> Result<Vec<Running>> {
        let path = self.path.join(PIDS);
        // Whatever else is wrong with the folder is told when it is claimed.
        let Ok(text) = fs::read(&path) else { return Ok(Vec::new()) };
        let pids: Pids = serde_json::from_slice(&text)
            .map_err(|cause| Failure::new(format!("{} is not understood ({cause}); remove it", path.display())))?;
        let services = [(AUTH, pids.auth_service), (IDENTITY, pids.identity_service)];
        let services = services.map(|(name, pid)| Running { name, pid });
        Ok(services.into_iter().filter(|service| process::runs(service.pid, service.name)).collect())
    }

    pub(crate) fn remember_running(&self, pids: Pids) -> Result<()> {
        let path = self.path.join(PIDS);
        let text = serde_json::to_vec(&pids)
            .map_err(|cause| Failure::new(format!("cannot write process numbers: {cause}")))?;
        fs::write(&path, text).map_err(Failure::on("write", &path))
    }

    pub(crate) fn forget_running(&self) -> Result<()> {
        remove(&self.path.join(PIDS))
    }

    fn certificate_files(&self) -> Certificates {
        Certificates::at(self.path.join(SECRETS).join(CERTIFICATES))
    }

    fn secret_files(&self) -> Secrets {
        let secrets = self.path.join(SECRETS);
        Secrets {
            auth_master_key: secrets.join("auth-master.key"),
            identity_master_key: secrets.join("identity-master.key"),
            auth_to_identity: secrets.join("auth-to-identity.secret"),
            identity_to_auth: secrets.join("identity-to-auth.secret"),
            resource_server: secrets.join("resource-server.secret"),
            admin_password: self.path.join(ADMIN_PASSWORD),
        }
    }
}

impl Secrets {
    fn all(&self) -> [&Path; 6] {
        [
            &self.auth_master_key,
            &self.identity_master_key,
            &self.auth_to_identity,
            &self.identity_to_auth,
            &self.resource_server,
            &self.admin_password,
        ]
    }
}

fn make_private_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a secret for its owner alone; one that exists stays. Written beside and then linked, so that a start that is
/// cut short leaves no half secret.
fn make(path: &Path, secret: fn() -> Result<String>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_added_extension("new");
    remove(&unfinished)?;
    let secret = secret()?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(Failure::on("write", path))
}

/// Removes a file; one that is not there is fine.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Failure::on("remove", path)(cause)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
