//! A deployment: processes of both services over fresh databases, with secrets of their own.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Answer, Connection, Process, Result, Service, get, post};

/// How long a process may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// What a service shows that asks auth over gRPC.
pub const RESOURCE_SERVER_SECRET: &str = "d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4";
/// The password of the first administrator, `admin`.
pub const ADMINISTRATOR_PASSWORD: &str = "Bench-harbour-42-lantern";

/// Which database engine the services use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file each.
    Sqlite,
    /// A database each on the given server.
    Postgres,
}

impl Engine {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Where the binaries and the databases are.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What the databases are named after, so that two tools over one server keep apart.
    pub name: &'static str,
    /// auth-service.
    pub auth: PathBuf,
    /// identity-service.
    pub identity: PathBuf,
    /// The URL of a maintenance database whose user may create databases.
    pub postgres: url::Url,
    /// The folder of SQLite's files; a temporary one when it is not given.
    pub sqlite: Option<PathBuf>,
    /// The folder where what the processes say is kept; a temporary one when it is not given.
    pub logs: Option<PathBuf>,
}

/// Processes of both services over one pair of databases.
pub struct Deployment {
    /// The engine under it.
    pub engine: Engine,
    auth_url: String,
    identity_url: String,
    machine: Machine,
    folder: TempDir,
    settings: Vec<(String, String)>,
    wrappers: Vec<(Service, Vec<String>)>,
    auth: Vec<Process>,
    identity: Vec<Process>,
}

impl Deployment {
    /// Fresh databases, and so many processes of each service; `settings` are environment variables of both.
    pub async fn start(machine: &Machine, engine: Engine, settings: &[(&str, &str)], processes: usize) -> Result<Self> {
        let mut deployment = Self::prepare(machine, engine, settings, processes)?;
        deployment.migrate()?;
        deployment.begin_all().await?;
        Ok(deployment)
    }

    /// Settings, secrets and addresses, but no database and nothing that runs.
    pub fn prepare(machine: &Machine, engine: Engine, settings: &[(&str, &str)], processes: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (auth_url, identity_url) =
            databases(machine, engine, machine.sqlite.as_deref().unwrap_or_else(|| folder.path()));
        let places = || (0..processes).map(|_| place()).collect::<Result<Vec<Process>>>();
        let mut deployment = Self {
            engine,
            auth_url,
            identity_url,
            machine: machine.clone(),
            settings: Vec::new(),
            wrappers: Vec::new(),
            folder,
            auth: places()?,
            identity: places()?,
        };
        deployment.make_secrets()?;
        let grpc = |processes: &[Process]| {
            processes.iter().map(|process| format!("http://{}", process.grpc)).collect::<Vec<_>>().join(",")
        };
        let (auths, identities) = (grpc(&deployment.auth), grpc(&deployment.identity));
        deployment.set("GATEHOUSE_AUTH__IDENTITY__ENDPOINTS", identities);
        deployment.set("GATEHOUSE_IDENTITY__AUTH__ENDPOINTS", auths);
        let issuer = format!("http://{}", deployment.auth.first().ok_or("no process was asked for")?.http);
        deployment.set("GATEHOUSE_AUTH__TOKENS__ISSUER", issuer.clone());
        deployment.set("GATEHOUSE_IDENTITY__TOKENS__ISSUER", issuer);
        for (name, value) in settings {
            deployment.set(name, (*value).to_owned());
        }
        Ok(deployment)
    }

    /// Begins every process that does not run, and waits until all are ready.
    pub async fn begin_all(&mut self) -> Result<()> {
        for service in [Service::Identity, Service::Auth] {
            for index in 0..self.processes(service).len() {
                if self.processes(service)[index].child.is_none() {
                    self.begin(service, index)?;
                }
            }
        }
        self.all_ready(READY_LIMIT).await
    }

    /// Waits until every process is ready.
    pub async fn all_ready(&self, limit: Duration) -> Result<()> {
        for process in self.auth.iter().chain(&self.identity) {
            ready(process.http, limit).await?;
        }
        Ok(())
    }

    /// Begins one process, at the addresses it always has.
    pub fn begin(&mut self, service: Service, index: usize) -> Result<()> {
        let mut command = self.command(service);
        let process = &self.processes(service)[index];
        let log = fs::File::options().create(true).append(true).open(self.log(service))?;
        command
            .arg("serve")
            .env(format!("{}HTTP__LISTEN", service.prefix()), process.http.to_string())
            .env(format!("{}GRPC__LISTEN", service.prefix()), process.grpc.to_string())
            .env(format!("{}OPERATIONS__LISTEN", service.prefix()), "127.0.0.1:0")
            .stderr(log.try_clone()?)
            .stdout(log);
        let child = command.spawn()?;
        self.processes_mut(service)[index].child = Some(child);
        Ok(())
    }

    /// A command of a service with all settings.
    pub fn command(&self, service: Service) -> Command {
        let program = match service {
            Service::Auth => &self.machine.auth,
            Service::Identity => &self.machine.identity,
        };
        let wrapper = self.wrappers.iter().find(|(wrapped, _)| *wrapped == service).map(|(_, words)| words.as_slice());
        let mut command = match wrapper {
            Some([first, rest @ ..]) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            Some([]) | None => Command::new(program),
        };
        command.envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Lets a service be begun by another program from now on, such as `env NAME=VALUE`, which ends in its `exec`.
    pub fn wrap(&mut self, service: Service, words: &[&str]) {
        self.wrappers.retain(|(wrapped, _)| *wrapped != service);
        self.wrappers.push((service, words.iter().map(|word| (*word).to_owned()).collect()));
    }

    /// Sets an environment variable of both services from now on.
    pub fn set(&mut self, name: &str, value: String) {
        self.settings.push((name.to_owned(), value));
    }

    /// The processes of a service.
    pub fn processes(&self, service: Service) -> &[Process] {
        match service {
            Service::Auth => &self.auth,
            Service::Identity => &self.identity,
        }
    }

    /// The processes of a service, to be ended or signalled.
    pub fn processes_mut(&mut self, service: Service) -> &mut [Process] {
        match service {
            Service::Auth => &mut self.auth,
            Service::Identity => &mut self.identity,
        }
    }

    /// The file with what the processes of a service have said.
    pub fn log(&self, service: Service) -> PathBuf {
        let folder = self.machine.logs.as_deref().unwrap_or_else(|| self.folder.path());
        folder.join(format!("{}.log", service.name()))
    }

    /// The process of auth-service that clients use.
    pub fn auth(&self) -> SocketAddr {
        self.auth[0].http
    }

    /// The process of identity-service that clients use.
    pub fn identity(&self) -> SocketAddr {
        self.identity[0].http
    }

    /// Every process of auth-service.
    pub fn auths(&self) -> &[Process] {
        &self.auth
    }

    /// Every process of identity-service.
    pub fn identities(&self) -> &[Process] {
        &self.identity
    }

    /// The numbers of all processes.
    pub fn pids(&self) -> Vec<u32> {
        self.auth.iter().chain(&self.identity).map(Process::pid).collect()
    }

    /// The URL of auth's database.
    pub fn auth_database(&self) -> &str {
        &self.auth_url
    }

    /// The URL of identity's database.
    pub fn identity_database(&self) -> &str {
        &self.identity_url
    }

    /// Ends the first process of a service and starts it again over the same database; how long until it was ready.
    pub async fn restart(&mut self, service: Service) -> Result<Duration> {
        self.processes_mut(service)[0].kill();
        let began = Instant::now();
        self.begin(service, 0)?;
        ready(self.processes(service)[0].http, READY_LIMIT).await?;
        Ok(began.elapsed())
    }

    /// The access token of the administrator.
    pub async fn administrator(&self) -> Result<String> {
        let answer = self.log_in("admin", ADMINISTRATOR_PASSWORD).await?;
        text(&answer, "accessToken")
    }

    /// The answer to a login.
    pub async fn log_in(&self, username: &str, password: &str) -> Result<Value> {
        let answer = Connection::open(self.auth()).await?.ask(&login(username, password)).await?;
        body(answer, 200)
    }

    /// Makes an application of a product; its client id and secret.
    pub async fn application(&self, administrator: &str) -> Result<(String, String)> {
        let input = json!({ "name": "midaz", "description": "Measured" }).to_string();
        let request = post("/v1/applications", Some(administrator), &input);
        let made = body(Connection::open(self.identity()).await?.ask(&request).await?, 201)?;
        Ok((text(&made, "clientId")?, text(&made, "clientSecret")?))
    }

    /// Makes a person; the password is [`password_of`] the name.
    pub async fn person(&self, administrator: &str, username: &str) -> Result<()> {
        let input = json!({
            "firstName": "Ana", "lastName": "Souza", "username": username, "password": password_of(username),
            "email": format!("{username}@example.com"), "groups": ["midaz-editor-group"],
        });
        let request = post("/v1/users", Some(administrator), &input.to_string());
        body(Connection::open(self.identity()).await?.ask(&request).await?, 201).map(drop)
    }

    fn make_secrets(&mut self) -> Result<()> {
        for (name, text) in [
            ("auth-master.key", "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"),
            ("identity-master.key", "1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"),
            ("auth-to-identity.secret", &"a1".repeat(32)),
            ("identity-to-auth.secret", &"b2".repeat(32)),
            ("resource-server.secret", RESOURCE_SERVER_SECRET),
            ("admin-password", ADMINISTRATOR_PASSWORD),
        ] {
            let path = self.folder.path().join(name);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            writeln!(file, "{text}")?;
        }
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let settings = [
            ("GATEHOUSE_AUTH__DATABASE__URL", self.auth_url.clone()),
            ("GATEHOUSE_IDENTITY__DATABASE__URL", self.identity_url.clone()),
            ("GATEHOUSE_AUTH__KEYS__FILE", path("auth-master.key")),
            ("GATEHOUSE_IDENTITY__KEYS__FILE", path("identity-master.key")),
            ("GATEHOUSE_AUTH__GRPC__CALLERS__IDENTITY_SERVICE", path("identity-to-auth.secret")),
            ("GATEHOUSE_AUTH__GRPC__CALLERS__RESOURCE_SERVER", path("resource-server.secret")),
            ("GATEHOUSE_IDENTITY__GRPC__CALLERS__AUTH_SERVICE", path("auth-to-identity.secret")),
            ("GATEHOUSE_AUTH__IDENTITY__SECRET_FILE", path("auth-to-identity.secret")),
            ("GATEHOUSE_IDENTITY__AUTH__SECRET_FILE", path("identity-to-auth.secret")),
            ("GATEHOUSE_IDENTITY__ADMIN__PASSWORD_FILE", path("admin-password")),
            // Decided for measurements; 12 would only make every login take four times as long.
            ("GATEHOUSE_IDENTITY__PASSWORDS__BCRYPT_COST", "10".to_owned()),
        ];
        for (name, value) in settings {
            self.set(name, value);
        }
        Ok(())
    }

    /// Makes both databases anew.
    pub fn migrate(&self) -> Result<()> {
        for service in [Service::Auth, Service::Identity] {
            let mut command = self.command(service);
            let output = command.args(["migrate", "--drop-database", "--create-database"]).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
        }
        Ok(())
    }
}

/// Ports that were free a moment ago, below those that the kernel hands out by itself.
fn place() -> Result<Process> {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(28_000);
    let free = || -> Result<SocketAddr> {
        loop {
            let address = SocketAddr::from(([127, 0, 0, 1], NEXT.fetch_add(1, Ordering::Relaxed)));
            if address.port() > 32_000 {
                return Err("no port between 28000 and 32000 is free".into());
            }
            if TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
    };
    Ok(Process { child: None, http: free()?, grpc: free()? })
}

fn databases(machine: &Machine, engine: Engine, folder: &Path) -> (String, String) {
    match engine {
        Engine::Sqlite => {
            let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
            (url("auth.db"), url("identity.db"))
        }
        Engine::Postgres => {
            let url = |name: &str| {
                let mut url = machine.postgres.clone();
                url.set_path(&format!("gatehouse_{}_{name}", machine.name));
                url.to_string()
            };
            (url("auth"), url("identity"))
        }
    }
}

async fn ready(address: SocketAddr, limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    let request = get("/readyz", None);
    while Instant::now() < deadline {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.ask(&request).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(format!("the process at {address} was not ready in {} s", limit.as_secs()).into())
}

/// A login with a password.
pub fn login(username: &str, password: &str) -> Vec<u8> {
    let input = json!({ "grantType": "password", "username": username, "password": password });
    post("/v1/login/oauth/access_token", None, &input.to_string())
}

/// The password of a person made here.
pub fn password_of(username: &str) -> String {
    format!("Correct-horse-7-{username}")
}

/// The JSON of an answer that must have this status.
pub fn body(answer: Answer, status: u16) -> Result<Value> {
    if answer.status == status {
        Ok(serde_json::from_slice(&answer.body)?)
    } else {
        Err(format!("{} instead of {status}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into())
    }
}

/// A text member of an answer.
pub fn text(answer: &Value, member: &str) -> Result<String> {
    answer[member].as_str().map(ToOwned::to_owned).ok_or_else(|| format!("the answer has no '{member}'").into())
}
