//! A deployment to be measured: the release binaries as real processes over databases of their own.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::load::{Answer, Connection, get, post};

/// How long a process may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
const ADMINISTRATOR_PASSWORD: &str = "Bench-harbour-42-lantern";

/// What goes wrong, as a sentence.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

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

/// Where the binaries and the database server are.
#[derive(Clone, Debug)]
pub struct Machine {
    /// auth-service.
    pub auth: PathBuf,
    /// identity-service.
    pub identity: PathBuf,
    /// The URL of a maintenance database whose user may create databases.
    pub postgres: url::Url,
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
    auth: Vec<Process>,
    identity: Vec<Process>,
}

/// One running process.
pub struct Process {
    child: Child,
    /// Where clients reach it.
    pub http: SocketAddr,
    grpc: SocketAddr,
}

impl Process {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself needs no signal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Deployment {
    /// Fresh databases, and so many processes of each service; `settings` are environment variables of both.
    pub async fn start(machine: &Machine, engine: Engine, settings: &[(&str, &str)], processes: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (auth_url, identity_url) = databases(machine, engine, folder.path());
        let mut deployment = Self {
            engine,
            auth_url,
            identity_url,
            machine: machine.clone(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            folder,
            auth: Vec::new(),
            identity: Vec::new(),
        };
        deployment.make_secrets()?;
        let addresses: Vec<_> = (0..processes).map(|_| Ok((addresses()?, addresses()?))).collect::<Result<_>>()?;
        let grpc = |of: fn(&(Addresses, Addresses)) -> &Addresses| {
            addresses.iter().map(|pair| format!("http://{}", of(pair).grpc)).collect::<Vec<_>>().join(",")
        };
        let (auths, identities) = (grpc(|pair| &pair.0), grpc(|pair| &pair.1));
        deployment.set("GATEHOUSE_AUTH__IDENTITY__ENDPOINTS", identities);
        deployment.set("GATEHOUSE_IDENTITY__AUTH__ENDPOINTS", auths);
        let issuer = format!("http://{}", addresses.first().ok_or("no process was asked for")?.0.http);
        deployment.set("GATEHOUSE_AUTH__TOKENS__ISSUER", issuer.clone());
        deployment.set("GATEHOUSE_IDENTITY__TOKENS__ISSUER", issuer);
        deployment.migrate()?;
        for (auth, identity) in addresses {
            let identity = deployment.spawn("IDENTITY", &identity)?;
            deployment.identity.push(identity);
            let auth = deployment.spawn("AUTH", &auth)?;
            deployment.auth.push(auth);
        }
        for process in deployment.auth.iter().chain(&deployment.identity) {
            ready(process.http).await?;
        }
        Ok(deployment)
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

    /// Ends the only process of a service and starts it again over the same database; how long until it was ready.
    pub async fn restart(&mut self, service: &'static str) -> Result<Duration> {
        let processes = if service == "AUTH" { &mut self.auth } else { &mut self.identity };
        let old = processes.pop().ok_or("the service does not run")?;
        let addresses = Addresses { http: old.http, grpc: old.grpc };
        drop(old);
        let began = Instant::now();
        let process = self.spawn(service, &addresses)?;
        let http = process.http;
        let processes = if service == "AUTH" { &mut self.auth } else { &mut self.identity };
        processes.push(process);
        ready(http).await?;
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

    fn set(&mut self, name: &str, value: String) {
        self.settings.push((name.to_owned(), value));
    }

    fn migrate(&self) -> Result<()> {
        for program in [&self.machine.auth, &self.machine.identity] {
            let mut command = Command::new(program);
            command.args(["migrate", "--drop-database", "--create-database"]).envs(self.settings.iter().cloned());
            let output = command.stdin(Stdio::null()).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
        }
        Ok(())
    }

    fn spawn(&self, service: &str, addresses: &Addresses) -> Result<Process> {
        let program = if service == "AUTH" { &self.machine.auth } else { &self.machine.identity };
        let log =
            fs::File::options().create(true).append(true).open(self.folder.path().join(format!("{service}.log")))?;
        let prefix = format!("GATEHOUSE_{service}__");
        let child = Command::new(program)
            .arg("serve")
            .envs(self.settings.iter().cloned())
            .env(format!("{prefix}HTTP__LISTEN"), addresses.http.to_string())
            .env(format!("{prefix}GRPC__LISTEN"), addresses.grpc.to_string())
            .env(format!("{prefix}OPERATIONS__LISTEN"), "127.0.0.1:0")
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()?;
        Ok(Process { child, http: addresses.http, grpc: addresses.grpc })
    }
}

struct Addresses {
    http: SocketAddr,
    grpc: SocketAddr,
}

/// Ports that were free a moment ago, below those that the kernel hands out by itself.
fn addresses() -> Result<Addresses> {
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
    Ok(Addresses { http: free()?, grpc: free()? })
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
                url.set_path(name);
                url.to_string()
            };
            (url("gatehouse_bench_auth"), url("gatehouse_bench_identity"))
        }
    }
}

async fn ready(address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + READY_LIMIT;
    let request = get("/readyz", None);
    while Instant::now() < deadline {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.ask(&request).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(format!("the process at {address} was not ready in {} s", READY_LIMIT.as_secs()).into())
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
