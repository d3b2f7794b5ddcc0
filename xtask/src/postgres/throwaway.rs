//! A PostgreSQL server that lives in a temporary folder and ends with the value that holds it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::progress;

const SUPERUSER: &str = "gatehouse";
/// PostgreSQL refuses to run as root; these accounts of a usual system own nothing of worth.
const HARMLESS_USERS: [&str; 2] = ["postgres", "nobody"];

pub(crate) struct Throwaway {
    folder: TempDir,
    programs: PathBuf,
    account: Option<Account>,
    url: String,
}

/// A user of the system by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Throwaway {
    pub(super) fn start(programs: &Path) -> Result<Self> {
        let account = if geteuid().is_root() { Some(harmless_account()?) } else { None };
        let port = free_port()?;
        let server = Self {
            folder: make_folder(account)?,
            programs: programs.to_owned(),
            account,
            url: format!("postgres://{SUPERUSER}@{}:{port}/postgres", Ipv4Addr::LOCALHOST),
        };
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
        let mut start = server.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"]).arg(server.data());
        server.run(start.arg("--log").arg(server.folder.path().join("server.log")), "start.log")?;
        progress::step(&format!("PostgreSQL listens on 127.0.0.1:{port}"));
        Ok(server)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
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
    fn run(&self, command: &mut Command, log: &str) -> Result<()> {
        let path = self.folder.path().join(log);
        let file = fs::File::create(&path).map_err(Failure::on("create", &path))?;
        let again = file.try_clone().map_err(Failure::on("open", &path))?;
        let program = PathBuf::from(command.get_program());
        let status = command.stdout(file).stderr(again).status().map_err(Failure::starting(&program))?;
        if status.success() {
            return Ok(());
        }
        for shown in [path, self.folder.path().join("server.log")] {
            eprint!("{}", fs::read_to_string(shown).unwrap_or_default());
        }
        Err(Failure::new(format!("{} failed as shown above", program.display())))
    }

    /// Durability against power loss is given up; a killed server still keeps what it acknowledged, which tests rely on.
    fn configure(&self, port: u16) -> Result<()> {
        let path = self.data().join("postgresql.conf");
        let mut settings = fs::read_to_string(&path).map_err(Failure::on("read", &path))?;
        settings.push_str(&format!(
            "listen_addresses = '{}'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\nmax_connections = 300\n",
            Ipv4Addr::LOCALHOST,
            self.folder.path().display()
        ));
        fs::write(&path, settings).map_err(Failure::on("write", &path))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--wait", "--silent", "--pgdata"]).arg(self.data());
        // There may be no server yet, which is what is wanted.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// As root in `/tmp`, because `TMPDIR` may lie in a folder that the other user cannot enter.
fn make_folder(account: Option<Account>) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("gatehouse-postgres-");
    let made = if account.is_some() { builder.tempdir_in("/tmp") } else { builder.tempdir() };
    let folder = made.map_err(|cause| Failure::new(format!("cannot make a temporary folder: {cause}")))?;
    if let Some(Account { user, group }) = account {
        chown(folder.path(), Some(user), Some(group)).map_err(Failure::on("give away", folder.path()))?;
    }
    Ok(folder)
}

fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|cause| Failure::new(format!("no free port on 127.0.0.1: {cause}")))
}

fn harmless_account() -> Result<Account> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    HARMLESS_USERS.iter().find_map(|name| account(&users, name)).ok_or_else(|| {
        Failure::new(format!(
            "PostgreSQL does not run as root, and the system has none of the users {}; run this as another user",
            HARMLESS_USERS.join(", ")
        ))
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
