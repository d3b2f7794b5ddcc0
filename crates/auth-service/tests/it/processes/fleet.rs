//! Processes of both services, started from their binaries as an operator would.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Answer, Api, Engine, TestDatabase, free_port};

use crate::doors::caller::Doors;

pub(super) const ADMINISTRATOR_PASSWORD: &str = "Gatehouse-test-1";
pub(super) const PASSWORD: &str = "Correct-horse-7-staple";

/// Some processes of each service over one database each.
pub(super) struct Fleet {
    auths: Vec<Process>,
    identities: Vec<Process>,
    auth_database: TestDatabase,
    identity_database: TestDatabase,
    folder: TempDir,
    /// Settings beside those of every fleet, for both services.
    changes: Vec<(String, String)>,
}

struct Process {
    child: Child,
    api: Api,
    ports: Ports,
}

#[derive(Clone, Copy)]
struct Ports {
    http: u16,
    grpc: u16,
    operations: u16,
}

impl Drop for Process {
    fn drop(&mut self) {
        // A frozen process is killed all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A user as `POST /v1/users` takes it.
pub(super) fn user(name: &str) -> Value {
    json!({
        "firstName": "Ana", "lastName": "Souza", "username": name, "email": format!("{name}@example.com"),
        "password": PASSWORD, "groups": ["midaz-viewer-group"],
    })
}

impl Fleet {
    pub(super) async fn start(engine: Engine, count: usize) -> Self {
        Self::start_with(engine, count, &[]).await
    }

    /// Starts a fleet with some settings changed; what the processes write is then kept, see [`output`](Self::output).
    pub(super) async fn start_with(engine: Engine, count: usize, changes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("auth-to-identity.secret", "a".repeat(64)),
            ("identity-to-auth.secret", "b".repeat(64)),
            ("resource-server.secret", "d".repeat(64)),
            ("envoy.secret", "e".repeat(64)),
            ("auth.key", "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE".to_owned()),
            ("identity.key", "1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI".to_owned()),
            ("admin-password", ADMINISTRATOR_PASSWORD.to_owned()),
        ] {
            std::fs::write(folder.path().join(name), format!("{text}\n")).unwrap();
        }
        let (auth_database, identity_database) = (TestDatabase::fresh(engine).await, TestDatabase::fresh(engine).await);
        let changes = changes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (auths, identities) = (Vec::new(), Vec::new());
        let mut fleet = Self { auths, identities, auth_database, identity_database, folder, changes };
        let auth_ports: Vec<Ports> = (0..count).map(|_| Ports::free()).collect();
        let identity_ports: Vec<Ports> = (0..count).map(|_| Ports::free()).collect();
        fleet.migrate("identity-service", &identity_ports, &auth_ports);
        fleet.migrate("auth-service", &identity_ports, &auth_ports);
        for ports in &identity_ports {
            fleet.identities.push(fleet.spawn("identity-service", *ports, &identity_ports, &auth_ports));
        }
        for ports in &auth_ports {
            fleet.auths.push(fleet.spawn("auth-service", *ports, &identity_ports, &auth_ports));
        }
        fleet.ready().await;
        fleet
    }

    pub(super) fn auth(&self, index: usize) -> &Api {
        &self.auths[index].api
    }

    pub(super) fn identity(&self, index: usize) -> &Api {
        &self.identities[index].api
    }

    pub(super) fn auths(&self) -> impl Iterator<Item = &Api> {
        self.auths.iter().map(|process| &process.api)
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &Api> {
        self.identities.iter().map(|process| &process.api)
    }

    pub(super) fn is_auth(&self, api: &Api) -> bool {
        self.auths().any(|auth| auth.base() == api.base())
    }

    /// The operations listeners of the first process of each service.
    pub(super) fn operations(&self) -> [Api; 2] {
        [&self.auths[0], &self.identities[0]]
            .map(|process| Api::at(format!("http://127.0.0.1:{}", process.ports.operations)))
    }

    /// The doors to the decisions of one process of auth.
    pub(super) async fn doors(&self, index: usize) -> Doors {
        let Process { api, ports, .. } = &self.auths[index];
        let grpc = format!("http://127.0.0.1:{}", ports.grpc);
        Doors::at(api.clone(), grpc, &"d".repeat(64), &"e".repeat(64)).await
    }

    /// The gRPC address of the first process of identity.
    pub(super) fn identity_grpc(&self) -> String {
        format!("http://127.0.0.1:{}", self.identities[0].ports.grpc)
    }

    /// A file among the secrets of both services.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the processes of one service wrote, where it is kept.
    pub(super) fn output(&self, service: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{service}.log"))).unwrap()
    }

    /// Runs a command of one service to its end beside the processes that serve.
    pub(super) fn run(&self, service: &str, arguments: &[&str]) -> Output {
        let processes = if service == "auth-service" { &self.auths } else { &self.identities };
        let ports = processes[0].ports;
        let (identities, auths) = (ports_of(&self.identities), ports_of(&self.auths));
        let mut command = self.command(service, ports, &identities, &auths);
        tokio::task::block_in_place(|| {
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
        })
    }

    /// Asks every process to stop, and waits until all have.
    pub(super) fn stop(&mut self) {
        for process in self.auths.iter_mut().chain(&mut self.identities) {
            process.signal(Signal::TERM);
            assert!(tokio::task::block_in_place(|| process.child.wait()).unwrap().success());
        }
    }

    pub(super) fn freeze_auth(&self, index: usize) {
        self.auths[index].signal(Signal::STOP);
    }

    pub(super) fn thaw_auth(&self, index: usize) {
        self.auths[index].signal(Signal::CONT);
    }

    pub(super) fn freeze_identity(&self, index: usize) {
        self.identities[index].signal(Signal::STOP);
    }

    pub(super) fn thaw_identity(&self, index: usize) {
        self.identities[index].signal(Signal::CONT);
    }

    pub(super) fn kill_auth(&mut self, index: usize) {
        self.auths[index].kill();
    }

    pub(super) fn kill_identity(&mut self, index: usize) {
        self.identities[index].kill();
    }

    /// Starts one killed process of each service again, at its old addresses.
    pub(super) async fn restart(&mut self, index: usize) {
        let (auth_ports, identity_ports) = (ports_of(&self.auths), ports_of(&self.identities));
        self.identities[index] = self.spawn("identity-service", identity_ports[index], &identity_ports, &auth_ports);
        self.auths[index] = self.spawn("auth-service", auth_ports[index], &identity_ports, &auth_ports);
        self.ready().await;
    }

    /// The access token of the first administrator.
    pub(super) async fn administrator(&self) -> String {
        self.log_in(0, "admin").await.expect(200).text_of("accessToken")
    }

    pub(super) async fn create_user(&self, administrator: &str, name: &str) -> String {
        let answer = self.identity(0).post("/v1/users").bearer(administrator).json(&user(name)).send().await;
        answer.expect(201).text_of("id")
    }

    /// Makes a group and grants it a permission, and the administrators as well, who may then put people into it; before
    /// anybody asked what they may do.
    pub(super) fn grant(&self, group: &str, product: &str, resource: &str, action: &str) {
        let id = "0198c0de-0000-7000-8000-00000000de5c";
        tokio::task::block_in_place(|| {
            self.identity_database.execute(&format!(
                "INSERT INTO groups (tenant_id, id, slug, name, built_in, revision, created_at)
                 SELECT id, '{id}', '{group}', 'Desk', false, 0, created_at FROM tenants"
            ));
            self.identity_database.execute(&format!(
                "INSERT INTO permission_grants (tenant_id, holder_id, product, resource, action)
                 SELECT tenant_id, id, '{product}', '{resource}', '{action}' FROM groups
                 WHERE slug IN ('{group}', 'admin-group')"
            ));
        });
    }

    pub(super) async fn log_in(&self, index: usize, name: &str) -> Answer {
        let password = if name == "admin" { ADMINISTRATOR_PASSWORD } else { PASSWORD };
        let body = json!({ "grantType": "password", "username": name, "password": password });
        self.auth(index).post("/v1/login/oauth/access_token").json(&body).send().await
    }

    pub(super) async fn refresh(&self, index: usize, token: &str) -> Answer {
        let body = json!({ "refreshToken": token });
        self.auth(index).post("/v1/login/oauth/refresh_token").json(&body).send().await
    }

    /// Waits until every process says that it is ready.
    pub(super) async fn ready(&self) {
        for process in self.auths.iter().chain(&self.identities) {
            let asking = async {
                loop {
                    if let Ok(answer) = process.api.get("/readyz").try_send().await
                        && answer.status == 200
                    {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), asking).await.expect("a process does not become ready");
        }
    }

    fn migrate(&self, service: &str, identity_ports: &[Ports], auth_ports: &[Ports]) {
        let ports = identity_ports[0];
        let migrated = self.command(service, ports, identity_ports, auth_ports).arg("migrate").status().unwrap();
        assert!(migrated.success());
    }

    fn spawn(&self, service: &str, ports: Ports, identity_ports: &[Ports], auth_ports: &[Ports]) -> Process {
        let mut command = self.command(service, ports, identity_ports, auth_ports);
        if !self.changes.is_empty() {
            let log = self.path(&format!("{service}.log"));
            let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
            command.stdout(log.try_clone().unwrap()).stderr(log);
        }
        let child = command.arg("serve").spawn().unwrap();
        Process { child, api: Api::at(format!("http://127.0.0.1:{}", ports.http)), ports }
    }

    fn command(&self, service: &str, ports: Ports, identity_ports: &[Ports], auth_ports: &[Ports]) -> Command {
        let endpoints = |ports: &[Ports]| {
            ports.iter().map(|ports| format!("http://127.0.0.1:{}", ports.grpc)).collect::<Vec<_>>().join(",")
        };
        let path = |name: &str| self.path(name).display().to_string();
        let (prefix, own): (&str, Vec<(&str, String)>) = if service == "auth-service" {
            (
                "GATEHOUSE_AUTH",
                vec![
                    ("DATABASE__URL", self.auth_database.url_text().to_owned()),
                    ("GRPC__CALLERS__IDENTITY_SERVICE", path("identity-to-auth.secret")),
                    ("GRPC__CALLERS__RESOURCE_SERVER", path("resource-server.secret")),
                    ("GRPC__CALLERS__ENVOY", path("envoy.secret")),
                    ("KEYS__FILE", path("auth.key")),
                    ("IDENTITY__ENDPOINTS", endpoints(identity_ports)),
                    ("IDENTITY__SECRET_FILE", path("auth-to-identity.secret")),
                    ("TOKENS__ALGORITHM", "ES256".to_owned()),
                    ("AUTHORIZATION__ROUTES", crate::doors::ROUTES.to_owned()),
                ],
            )
        } else {
            (
                "GATEHOUSE_IDENTITY",
                vec![
                    ("DATABASE__URL", self.identity_database.url_text().to_owned()),
                    ("GRPC__CALLERS__AUTH_SERVICE", path("auth-to-identity.secret")),
                    ("KEYS__FILE", path("identity.key")),
                    ("AUTH__ENDPOINTS", endpoints(auth_ports)),
                    ("AUTH__SECRET_FILE", path("identity-to-auth.secret")),
                    ("ADMIN__PASSWORD_FILE", path("admin-password")),
                    ("PASSWORDS__BCRYPT_COST", "4".to_owned()),
                    ("LIMITS__LOGIN_THROTTLE", "false".to_owned()),
                ],
            )
        };
        let mut command = Command::new(binary(service));
        command.stdin(Stdio::null()).stdout(Stdio::null()).env("RUST_BACKTRACE", "0");
        for (name, value) in own.into_iter().chain([
            ("HTTP__LISTEN", format!("127.0.0.1:{}", ports.http)),
            ("HTTP__WORKERS", "1".to_owned()),
            ("GRPC__LISTEN", format!("127.0.0.1:{}", ports.grpc)),
            ("OPERATIONS__LISTEN", format!("127.0.0.1:{}", ports.operations)),
            ("LOG__LEVEL", "warn".to_owned()),
        ]) {
            command.env(format!("{prefix}__{name}"), value);
        }
        for (name, value) in &self.changes {
            command.env(format!("{prefix}__{name}"), value);
        }
        command
    }
}

impl Process {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Ports {
    fn free() -> Self {
        Self { http: free_port(), grpc: free_port(), operations: free_port() }
    }
}

fn ports_of(processes: &[Process]) -> Vec<Ports> {
    processes.iter().map(|process| process.ports).collect()
}

/// The binary of the own service is given by cargo; the other's stands beside it, since both are built before the tests.
fn binary(service: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_BIN_EXE_auth-service"));
    let path = own.with_file_name(service);
    assert!(path.exists(), "{} is not built; run the tests with 'cargo xtask test'", path.display());
    path
}
