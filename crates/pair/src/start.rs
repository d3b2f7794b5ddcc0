//! Starts a pair, and waits until both say that they are ready.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use serde_json::Value;
use service_kit::settings::Source;
use tempfile::TempDir;
use testkit::{Api, Authority, Engine, ManualClock, TestDatabase, free_port};

/// The password of the administrator of every pair.
pub(crate) const ADMINISTRATOR_PASSWORD: &str = "Gatehouse-test-1";

/// Both services, running.
pub struct Pair {
    /// The HTTP edge of auth.
    pub auth: Api,
    /// The HTTP edge of identity.
    pub identity: Api,
    /// The clock of both.
    pub clock: Arc<ManualClock>,
    auth_process: Option<auth_service::Running>,
    identity_process: Option<identity_service::Running>,
    plan: Plan,
    auth_database: TestDatabase,
    identity_database: TestDatabase,
    _folder: TempDir,
}

/// Where everything of a pair is, so that a part of it can be started again.
struct Plan {
    folder: PathBuf,
    auth_grpc: u16,
    identity_grpc: u16,
    identity_http: u16,
    changes: Vec<(String, String)>,
    /// The authority of all certificates, where everything but the operations listeners speaks TLS.
    authority: Option<Arc<Authority>>,
}

impl Pair {
    /// Starts a pair with the settings of tests: a cheap hash, fast signatures, no waiting after failed logins.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[]).await
    }

    /// Starts a pair with some settings changed, each as the environment would name it.
    pub async fn start_with(engine: Engine, changes: &[(&str, &str)]) -> Self {
        Self::start_as(engine, changes, None).await
    }

    /// Starts a pair over HTTPS and mutual TLS, with certificates of a fresh authority and without shared secrets.
    pub async fn start_over_tls(engine: Engine) -> Self {
        Self::start_as(engine, &[], Some(Arc::new(Authority::fresh()))).await
    }

    async fn start_as(engine: Engine, changes: &[(&str, &str)], authority: Option<Arc<Authority>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_secrets(folder.path());
        if let Some(authority) = &authority {
            write_certificates(folder.path(), authority);
        }
        let (auth_database, identity_database) = (TestDatabase::fresh(engine).await, TestDatabase::fresh(engine).await);
        store::migrate(auth_database.url(), &auth_store::migrations()).unwrap();
        store::migrate(identity_database.url(), &identity_store::migrations()).unwrap();
        let plan = Plan {
            folder: folder.path().to_owned(),
            auth_grpc: free_port(),
            identity_grpc: free_port(),
            identity_http: free_port(),
            changes: changes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            authority,
        };
        let clock = Arc::new(ManualClock::at_present());
        let identity_process = plan.start_identity(&identity_database, &clock).await;
        let auth_process = plan.start_auth(&auth_database, &clock).await;
        let pair = Self {
            auth: plan.api(auth_process.http),
            identity: plan.api(identity_process.http),
            clock,
            auth_process: Some(auth_process),
            identity_process: Some(identity_process),
            plan,
            auth_database,
            identity_database,
            _folder: folder,
        };
        ready(&pair.auth).await;
        ready(&pair.identity).await;
        pair
    }

    /// Stops both.
    pub async fn stop(mut self) {
        if let Some(process) = self.auth_process.take() {
            process.stop().await;
        }
        if let Some(process) = self.identity_process.take() {
            process.stop().await;
        }
    }

    /// Moves the clock of both services.
    pub fn pass(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Stops identity.
    pub async fn stop_identity(&mut self) {
        self.identity_process.take().unwrap().stop().await;
    }

    /// Starts identity again, at the same addresses and over the same database.
    pub async fn restart_identity(&mut self) {
        self.identity_process = Some(self.plan.start_identity(&self.identity_database, &self.clock).await);
        ready(&self.identity).await;
        ready(&self.auth).await;
    }

    /// Stops auth.
    pub async fn stop_auth(&mut self) {
        self.auth_process.take().unwrap().stop().await;
    }

    /// Starts auth again over the same database, after stopping it where it runs; its HTTP address is another one then.
    pub async fn restart_auth(&mut self) {
        self.restart_auth_alone().await;
        ready(&self.auth).await;
        ready(&self.identity).await;
    }

    /// As [`restart_auth`](Self::restart_auth), where auth cannot become ready.
    pub async fn restart_auth_alone(&mut self) {
        if let Some(process) = self.auth_process.take() {
            process.stop().await;
        }
        let process = self.plan.start_auth(&self.auth_database, &self.clock).await;
        self.auth = self.plan.api(process.http);
        self.auth_process = Some(process);
    }

    /// The identity process, for what no route makes.
    pub fn identity_app(&self) -> &identity_service::app::App {
        self.identity_process.as_ref().unwrap().app()
    }

    /// The auth process, for what no route does.
    pub fn auth_app(&self) -> &auth_service::app::App {
        self.auth_process.as_ref().unwrap().app()
    }

    /// Does now what auth does every second: takes the steps of the signing keys that are due. When this returns, both
    /// services know the keys.
    pub async fn keep_time(&self) {
        let app = self.auth_app();
        app.keep_time().await;
        app.keys.caught_up().await;
        let (published, identity) = (app.state.keys(), self.identity_app());
        let following = async {
            while identity.news.state().keys().json() != published.json() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), following).await.expect("identity does not hear of the keys");
    }

    /// What the environment of auth holds, for a test that runs its commands.
    pub fn auth_environment(&self) -> Vec<(String, String)> {
        self.plan.auth_environment(&self.auth_database)
    }

    /// What the environment of identity holds, for a test that runs its commands.
    pub fn identity_environment(&self) -> Vec<(String, String)> {
        self.plan.identity_environment(&self.identity_database)
    }

    /// Stops both, puts other databases under them, and gives back those they had.
    pub async fn stop_over(&mut self, auth: TestDatabase, identity: TestDatabase) -> [TestDatabase; 2] {
        self.stop_auth().await;
        self.stop_identity().await;
        [std::mem::replace(&mut self.auth_database, auth), std::mem::replace(&mut self.identity_database, identity)]
    }

    /// Starts both again after [`stop_over`](Self::stop_over).
    pub async fn start_again(&mut self) {
        self.identity_process = Some(self.plan.start_identity(&self.identity_database, &self.clock).await);
        self.restart_auth().await;
    }

    /// Does now what auth does from time to time: tells identity which secrets were used.
    pub async fn report_use(&self) {
        let app = self.auth_process.as_ref().unwrap().app();
        app.usage.report(&app.identity).await;
    }

    /// The gRPC address of auth.
    pub fn auth_grpc(&self) -> String {
        self.plan.endpoint(self.plan.auth_grpc)
    }

    /// The gRPC address of identity.
    pub fn identity_grpc(&self) -> String {
        self.plan.endpoint(self.plan.identity_grpc)
    }

    /// The authority of a pair over TLS.
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(self.plan.authority.as_ref().unwrap())
    }

    /// The folder with the key files and the secrets of both services, and over TLS with their certificates:
    /// `authority.pem`, `auth-service.pem`, `auth-service.key` and their like.
    pub fn folder(&self) -> &Path {
        &self.plan.folder
    }

    /// The secret with which one service calls another, such as `auth-to-identity` or `resource-server`.
    pub fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.plan.folder.join(format!("{name}.secret"))).unwrap().trim().to_owned()
    }

    /// The operations listener of auth, which tells what readiness lacks.
    pub fn auth_operations(&self) -> Api {
        Api::at(format!("http://{}", self.auth_process.as_ref().unwrap().operations))
    }

    /// The operations listener of identity.
    pub fn identity_operations(&self) -> Api {
        Api::at(format!("http://{}", self.identity_process.as_ref().unwrap().operations))
    }

    /// The database of auth.
    pub fn auth_database(&self) -> &TestDatabase {
        &self.auth_database
    }

    /// The database of identity.
    pub fn identity_database(&self) -> &TestDatabase {
        &self.identity_database
    }
}

impl Plan {
    async fn start_auth(&self, database: &TestDatabase, clock: &Arc<ManualClock>) -> auth_service::Running {
        let environment = self.auth_environment(database);
        let settings: auth_service::settings::Settings = load(&auth_service::settings::SOURCE, environment);
        auth_service::start(&settings, Arc::clone(clock) as Arc<dyn Clock>).await.unwrap()
    }

    fn auth_environment(&self, database: &TestDatabase) -> Vec<(String, String)> {
        self.environment(
            auth_service::settings::SOURCE.prefix,
            &[
                ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
                ("HTTP__WORKERS", "1".to_owned()),
                ("GRPC__LISTEN", format!("127.0.0.1:{}", self.auth_grpc)),
                ("GRPC__CALLERS__IDENTITY_SERVICE", self.path("identity-to-auth.secret")),
                ("GRPC__CALLERS__RESOURCE_SERVER", self.path("resource-server.secret")),
                ("GRPC__CALLERS__ENVOY", self.path("envoy.secret")),
                ("OPERATIONS__LISTEN", "127.0.0.1:0".to_owned()),
                ("DATABASE__URL", database.url_text().to_owned()),
                ("KEYS__FILE", self.path("auth.key")),
                ("IDENTITY__ENDPOINTS", self.endpoint(self.identity_grpc)),
                ("IDENTITY__SECRET_FILE", self.path("auth-to-identity.secret")),
                ("TOKENS__ALGORITHM", "ES256".to_owned()),
            ],
        )
    }

    async fn start_identity(&self, database: &TestDatabase, clock: &Arc<ManualClock>) -> identity_service::Running {
        let environment = self.identity_environment(database);
        let settings: identity_service::settings::Settings = load(&identity_service::settings::SOURCE, environment);
        identity_service::start(&settings, Arc::clone(clock) as Arc<dyn Clock>).await.unwrap()
    }

    fn identity_environment(&self, database: &TestDatabase) -> Vec<(String, String)> {
        self.environment(
            identity_service::settings::SOURCE.prefix,
            &[
                ("HTTP__LISTEN", format!("127.0.0.1:{}", self.identity_http)),
                ("HTTP__WORKERS", "1".to_owned()),
                ("GRPC__LISTEN", format!("127.0.0.1:{}", self.identity_grpc)),
                ("GRPC__CALLERS__AUTH_SERVICE", self.path("auth-to-identity.secret")),
                ("OPERATIONS__LISTEN", "127.0.0.1:0".to_owned()),
                ("DATABASE__URL", database.url_text().to_owned()),
                ("KEYS__FILE", self.path("identity.key")),
                ("AUTH__ENDPOINTS", self.endpoint(self.auth_grpc)),
                ("AUTH__SECRET_FILE", self.path("identity-to-auth.secret")),
                ("ADMIN__PASSWORD_FILE", self.path("admin-password")),
                ("PASSWORDS__BCRYPT_COST", "4".to_owned()),
                ("LIMITS__LOGIN_THROTTLE", "false".to_owned()),
            ],
        )
    }

    /// The settings of one service: those of every test, then those of this one.
    fn environment(&self, prefix: &str, settings: &[(&str, String)]) -> Vec<(String, String)> {
        let common = settings.iter().map(|(name, value)| (format!("{prefix}__{name}"), value.clone()));
        let mut merged: std::collections::BTreeMap<String, String> = common.collect();
        merged.extend(self.certificates(prefix));
        merged.extend(self.changes.iter().cloned());
        merged.into_iter().collect()
    }

    /// Turns TLS on at every edge of one service, and the shared secrets off.
    fn certificates(&self, prefix: &str) -> Vec<(String, String)> {
        if self.authority.is_none() {
            return Vec::new();
        }
        let (own, peer) =
            if prefix == "GATEHOUSE_AUTH" { ("auth-service", "IDENTITY") } else { ("identity-service", "AUTH") };
        let mut settings = vec![(format!("{prefix}__{peer}__SECRET_FILE"), String::new())];
        for table in ["HTTP", "GRPC", peer] {
            let mut set = |name: &str, file: String| settings.push((format!("{prefix}__{table}__TLS__{name}"), file));
            if table != "HTTP" {
                set("AUTHORITY", self.path("authority.pem"));
            }
            set("CERTIFICATE", self.path(&format!("{own}.pem")));
            set("KEY", self.path(&format!("{own}.key")));
        }
        settings
    }

    fn endpoint(&self, port: u16) -> String {
        match self.authority {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        }
    }

    fn api(&self, address: SocketAddr) -> Api {
        match &self.authority {
            Some(authority) => Api::over_tls(format!("https://{address}"), authority),
            None => Api::at(format!("http://{address}")),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn load<T: for<'de> serde::Deserialize<'de>>(source: &Source<'_>, environment: Vec<(String, String)>) -> T {
    source.load(None, environment).unwrap().settings
}

fn write_secrets(folder: &Path) {
    let digit = |letter: char| letter.to_string().repeat(64);
    for (name, text) in [
        ("auth-to-identity.secret", digit('a')),
        ("identity-to-auth.secret", digit('b')),
        ("resource-server.secret", digit('d')),
        ("envoy.secret", digit('e')),
        ("auth.key", "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE".to_owned()),
        ("identity.key", "1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI".to_owned()),
        ("admin-password", ADMINISTRATOR_PASSWORD.to_owned()),
    ] {
        std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
    }
}

fn write_certificates(folder: &Path, authority: &Authority) {
    testkit::replace(&folder.join("authority.pem"), &authority.pem());
    for name in ["auth-service", "identity-service"] {
        authority.issue(&[name, "localhost", "127.0.0.1"]).write(folder, name);
    }
}

/// Asks until the service says that it is ready.
async fn ready(api: &Api) {
    let asking = async {
        loop {
            if let Ok(answer) = api.get("/readyz").try_send().await
                && answer.status == 200
            {
                assert_eq!(answer.body, serde_json::json!({ "status": "ready" }) as Value);
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking).await.expect("a service does not become ready");
}
