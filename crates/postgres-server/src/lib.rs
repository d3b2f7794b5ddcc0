//! A PostgreSQL server that lives in a folder of its own and ends with the value that holds it.
//!
//! Owns: making, starting, stopping, killing and freezing it. Leaves finding or installing the programs to `xtask`. No layer:
//! only tools may depend on it. Read [`Server`].

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

const SUPERUSER: &str = "gatehouse";
/// PostgreSQL refuses to run as root; these accounts of a usual system own nothing of worth.
const HARMLESS_USERS: [&str; 2] = ["postgres", "nobody"];

/// What goes wrong, as a sentence.
pub type Result<T> = std::result::Result<T, String>;

/// A server that listens on a free port of 127.0.0.1.
pub struct Server {
    folder: TempDir,
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
}

/// A user of the system by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Server {
    /// Makes and starts a server in a temporary folder; `programs` is the folder of `initdb` and `pg_ctl`.
    ///
    /// # Errors
    /// A sentence; what the programs said is written to the standard error.
    pub fn start(programs: &Path) -> Result<Self> {
        Self::start_in(programs, None)
    }

    /// Makes and starts a server in a fresh folder of `place`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_in(programs: &Path, place: Option<&Path>) -> Result<Self> {
        let account = if geteuid().is_root() { Some(harmless_account()?) } else { None };
        let port = free_port()?;
        let server = Self { folder: make_folder(account, place)?, programs: programs.to_owned(), account, port };
        let mut initdb = server.program("initdb");
        initdb.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--username",
            SUPERUSER,
            "--pgdata",
        ]);
        server.run(initdb.arg(server.data()), "initdb.log")?;
        server.configure(port)?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`].
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_again(&self) -> Result<()> {
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"]).arg(self.data());
        self.run(start.arg("--log").arg(self.folder.path().join("server.log")), "start.log")
    }

    /// Stops it in order, ending every connection.
    ///
    /// # Errors
    /// A sentence when it does not stop.
    pub fn stop(&self) -> Result<()> {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=fast", "--wait", "--silent", "--pgdata"]).arg(self.data());
        self.run(&mut stop, "stop.log")
    }

    /// Ends every process of it as `kill -9` does.
    pub fn kill(&self) {
        // One that stands still forks no further child meanwhile.
        self.freeze();
        let pids = self.pids();
        self.signal(&pids, Signal::KILL);
        // The port and the shared memory are free when all are gone.
        while pids.iter().any(|pid| is_alive(*pid)) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // In a container nobody may reap the first process, and PostgreSQL takes a zombie for a server that runs. A file
        // that is not there needs no removal.
        let socket = self.folder.path().join(format!(".s.PGSQL.{}.lock", self.port));
        for lock in [self.pid_file(), socket] {
            let _ = fs::remove_file(lock);
        }
    }

    /// Stops every process where it stands; the kernel still takes connections for it.
    pub fn freeze(&self) {
        self.signal(&self.pids(), Signal::STOP);
    }

    /// Lets every process go on.
    pub fn thaw(&self) {
        self.signal(&self.pids(), Signal::CONT);
    }

    /// Whether the server runs.
    pub fn runs(&self) -> bool {
        self.pids().first().is_some_and(|pid| is_alive(*pid))
    }

    /// The URL of the maintenance database.
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@{}/postgres", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The first process and its children, the first one first; empty when none runs.
    fn pids(&self) -> Vec<u32> {
        let file = fs::read_to_string(self.pid_file()).unwrap_or_default();
        let Some(first) = file.lines().next().and_then(|line| line.trim().parse().ok()) else { return Vec::new() };
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        std::iter::once(first).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
    }

    fn signal(&self, pids: &[u32], signal: Signal) {
        for pid in pids.iter().filter_map(|pid| i32::try_from(*pid).ok()).filter_map(Pid::from_raw) {
            // One that is gone needs no signal.
            let _ = kill_process(pid, signal);
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    /// A server program, as the harmless user when this command runs as root.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).env_remove("PGDATA").stdin(Stdio::null());
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    /// Runs to the end with the output in a file: a pipe would stay open as long as the server that inherits it.
    #[allow(clippy::print_stderr, reason = "what a program said is worth more than a summary of it")]
    fn run(&self, command: &mut Command, log: &str) -> Result<()> {
        let path = self.folder.path().join(log);
        let file = fs::File::create(&path).map_err(on("create", &path))?;
        let again = file.try_clone().map_err(on("open", &path))?;
        let program = PathBuf::from(command.get_program());
        let status = command
            .stdout(file)
            .stderr(again)
            .status()
            .map_err(|cause| format!("cannot start {}: {cause}", program.display()))?;
        if status.success() {
            return Ok(());
        }
        for shown in [path, self.folder.path().join("server.log")] {
            eprint!("{}", fs::read_to_string(shown).unwrap_or_default());
        }
        Err(format!("{} failed as shown above", program.display()))
    }

    /// Durability against power loss is given up; a killed server still keeps what it acknowledged, which tests rely on.
    fn configure(&self, port: u16) -> Result<()> {
        let path = self.data().join("postgresql.conf");
        let mut settings = fs::read_to_string(&path).map_err(on("read", &path))?;
        settings.push_str(&format!(
            "listen_addresses = '{}'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\nmax_connections = 300\n",
            Ipv4Addr::LOCALHOST,
            self.folder.path().display()
        ));
        fs::write(&path, settings).map_err(on("write", &path))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.thaw();
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--wait", "--silent", "--pgdata"]).arg(self.data());
        // There may be no server yet, which is what is wanted.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// As root in `/tmp`, because `TMPDIR` may lie in a folder that the other user cannot enter.
fn make_folder(account: Option<Account>, place: Option<&Path>) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("gatehouse-postgres-");
    let made = match place {
        Some(place) => builder.tempdir_in(place),
        None if account.is_some() => builder.tempdir_in("/tmp"),
        None => builder.tempdir(),
    };
    let folder = made.map_err(|cause| format!("cannot make a temporary folder: {cause}"))?;
    if let Some(Account { user, group }) = account {
        chown(folder.path(), Some(user), Some(group)).map_err(on("give away", folder.path()))?;
    }
    Ok(folder)
}

/// The failure of an act ("read", "write") on a file or folder, for `map_err`.
fn on(act: &str, path: &Path) -> impl FnOnce(io::Error) -> String {
    move |cause| format!("cannot {act} {}: {cause}", path.display())
}

/// A zombie, which only waits to be reaped, counts as gone.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(") ").map(|(_, rest)| !rest.starts_with('Z')))
        .unwrap_or(false)
}

fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|cause| format!("no free port on 127.0.0.1: {cause}"))
}

fn harmless_account() -> Result<Account> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    HARMLESS_USERS.iter().find_map(|name| account(&users, name)).ok_or_else(|| {
        format!(
            "PostgreSQL does not run as root, and the system has none of the users {}; run this as another user",
            HARMLESS_USERS.join(", ")
        )
    })
}

/// The numbers of a user in the text of `/etc/passwd`.
fn account(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let mut numbers = fields.skip(1).map(str::parse);
        Some(Account { user: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\npostgresql:x:9:9::/:\npostgres:x:101:104:,,,:/var/lib/postgresql:\n";
        assert_eq!(account(users, "postgres"), Some(Account { user: 101, group: 104 }));
        assert_eq!(account(users, "nobody"), None);
    }
}
