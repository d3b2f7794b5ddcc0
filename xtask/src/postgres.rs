//! The PostgreSQL that tests and measurements use: a given one, or installed binaries, or a package, in this order.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use postgres_server::Server;
use rustix::process::geteuid;

use crate::failure::{Failure, Result};
use crate::progress;
use crate::tools;

/// The URL of a maintenance database whose user may create databases.
pub(crate) const VARIABLE: &str = "GATEHOUSE_TEST_POSTGRES_URL";

/// What a throw-away server is run with.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";
const USUAL_FOLDERS: [&str; 2] = ["/usr/local/bin", "/usr/local/pgsql/bin"];

/// Where the tests' PostgreSQL comes from; decided before the long build, so that a missing one is told at once.
pub(crate) enum Source {
    Given(String),
    /// The folder of installed server binaries.
    Programs(PathBuf),
}

/// A PostgreSQL that answers.
pub(crate) enum Postgres {
    /// Somebody else's server, which stays as it is.
    Given(String),
    /// Ours, which ends with this value.
    Throwaway(Server),
}

impl Source {
    pub(crate) fn find() -> Result<Self> {
        if let Some(url) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            return given(url.to_str().unwrap_or_default()).map(Self::Given);
        }
        programs().map(Self::Programs)
    }

    pub(crate) fn open(self) -> Result<Postgres> {
        match self {
            Self::Given(url) => Ok(Postgres::Given(url)),
            Self::Programs(programs) => {
                let server = Server::start(&programs).map_err(Failure::new)?;
                progress::step(&format!("PostgreSQL listens on {}", server.address()));
                Ok(Postgres::Throwaway(server))
            }
        }
    }
}

impl Postgres {
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Throwaway(server) => server.url(),
        }
    }
}

/// The folder of a server's programs, which are installed where that is allowed.
pub(crate) fn programs() -> Result<PathBuf> {
    let programs = match installed() {
        Some(folder) => folder,
        None => install()?,
    };
    progress::step(&format!("using the server binaries in {}", programs.display()));
    Ok(programs)
}

fn given(url: &str) -> Result<String> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        progress::step(&format!("using the server that {VARIABLE} names"));
        return Ok(url.to_owned());
    }
    Err(Failure::new(format!(
        "{VARIABLE} is no PostgreSQL URL such as postgres://user:password@127.0.0.1:5432/postgres"
    )))
}

/// The folder of installed server binaries: the PATH's, else Debian's newest, else the usual ones.
fn installed() -> Option<PathBuf> {
    let mut debian: Vec<PathBuf> =
        fs::read_dir(DEBIAN_FOLDER).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    debian.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    tools::folders()
        .into_iter()
        .chain(debian.into_iter().map(|folder| folder.join("bin")))
        .chain(USUAL_FOLDERS.map(PathBuf::from))
        .find(|folder| PROGRAMS.iter().all(|program| tools::is_executable(&folder.join(program))))
}

/// Debian names the folder by the major version.
fn version(folder: &Path) -> u32 {
    folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// Installs Debian's package where that is allowed and possible.
fn install() -> Result<PathBuf> {
    if !geteuid().is_root() || tools::find("apt-get").is_none() {
        return Err(Failure::new(format!(
            "the tests need PostgreSQL: install its server (Debian: postgresql), or set {VARIABLE} to the URL of a server \
             whose user may create databases"
        )));
    }
    progress::step("installing Debian's postgresql; this may take a minute or two");
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"])?;
    installed()
        .ok_or_else(|| Failure::new(format!("postgresql is installed, but {DEBIAN_FOLDER} holds no server binaries")))
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(["--quiet", "--quiet"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .map_err(Failure::starting(Path::new("apt-get")))?;
    if status.success() {
        return Ok(());
    }
    let call = arguments.join(" ");
    Err(Failure::new(format!("`apt-get {call}` failed; install PostgreSQL yourself, or set {VARIABLE}")))
}
