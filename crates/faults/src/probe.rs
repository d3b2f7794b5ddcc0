//! What is asked while something is broken: each kind of request again and again, within a bound.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deployment::{ADMINISTRATOR_PASSWORD, Deployment, Result, Service, get, login, post};
use serde_json::json;
use tokio::task::JoinSet;

use crate::ask::{Tally, ask};
use crate::ledger::new_user;

/// How long an answer about readiness may take; a later one counts as a no.
const READINESS: Duration = Duration::from_secs(5);
/// A question about a permission that every editor has.
pub const QUESTION: &str = r#"{"resource":"ledgers","action":"post"}"#;

/// Makes one request; the number differs at every call.
type Make = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// One kind of request.
#[derive(Clone)]
pub struct Probe {
    name: &'static str,
    address: SocketAddr,
    make: Make,
}

impl Probe {
    /// A request that is the same every time.
    pub fn same(name: &'static str, address: SocketAddr, request: Vec<u8>) -> Self {
        Self { name, address, make: Arc::new(move |_| request.clone()) }
    }

    /// Whether it asks this process.
    pub fn is_at(&self, address: SocketAddr) -> bool {
        self.address == address
    }
}

/// What needs no database and no peer: it must be answered whatever is broken.
pub fn lasting(deployment: &Deployment) -> Vec<Probe> {
    let (auth, identity) = (deployment.auth(), deployment.identity());
    vec![
        Probe::same("health of auth", auth, get("/health", None)),
        Probe::same("health of identity", identity, get("/health", None)),
        Probe::same("JWKS", auth, get("/.well-known/jwks.json", None)),
    ]
}

/// What needs the databases, at both services: logins, a permission question, a list, a write.
pub fn needy(deployment: &Deployment, administrator: &str, round: &str) -> Vec<Probe> {
    let (auth, identity) = (deployment.auth(), deployment.identity());
    let (token, round) = (administrator.to_owned(), round.to_owned());
    vec![
        Probe::same("login", auth, login("admin", ADMINISTRATOR_PASSWORD)),
        Probe::same("permission question", auth, post("/v1/authorize", Some(administrator), QUESTION)),
        Probe::same("sessions", auth, get("/v1/sessions", Some(administrator))),
        Probe::same("users", identity, get("/v1/users", Some(administrator))),
        Probe {
            name: "new user",
            address: identity,
            make: Arc::new(move |number| new_user(&token, &format!("probe{round}-{number}"))),
        },
    ]
}

/// The request of a client that gets a token for itself.
pub fn client_credentials(id: &str, secret: &str) -> Vec<u8> {
    let input = json!({ "grantType": "client_credentials", "clientId": id, "clientSecret": secret });
    post("/v1/login/oauth/access_token", None, &input.to_string())
}

/// Probes at work.
pub struct Probing {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<(&'static str, Tally)>,
}

impl Probing {
    /// Begins so many callers for each probe; an answer must come within `bound`.
    pub fn begin(probes: &[Probe], callers: usize, bound: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let numbers = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for probe in probes.iter().flat_map(|probe| std::iter::repeat_n(probe, callers)) {
            let (probe, stop, numbers) = (probe.clone(), Arc::clone(&stop), Arc::clone(&numbers));
            tasks.spawn(async move {
                let mut tally = Tally::default();
                while !stop.load(Ordering::Relaxed) {
                    let request = (probe.make)(numbers.fetch_add(1, Ordering::Relaxed));
                    tally.note(&ask(probe.address, &request, bound).await);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (probe.name, tally)
            });
        }
        Self { stop, tasks }
    }

    /// Ends them; what came back to each kind.
    pub async fn end(mut self) -> Result<Tallies> {
        self.stop.store(true, Ordering::Relaxed);
        let mut tallies = Tallies::default();
        while let Some(ended) = self.tasks.join_next().await {
            let (name, tally) = ended?;
            tallies.0.entry(name).or_default().add(&tally);
        }
        Ok(tallies)
    }
}

/// What came back, by kind of request.
#[derive(Debug, Default)]
pub struct Tallies(BTreeMap<&'static str, Tally>);

impl Tallies {
    /// All of it together.
    pub fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        self.0.values().for_each(|tally| sum.add(tally));
        sum
    }

    /// The sum, and each kind that was answered out of order.
    pub fn spell(&self) -> String {
        let mut text = self.sum().to_string();
        for (name, tally) in self.0.iter().filter(|(_, tally)| !tally.is_orderly()) {
            text.push_str(&format!(" [{name}: {tally}]"));
        }
        text
    }
}

/// How long until both services are ready, or until one is not; `None` when that does not happen within `limit`.
pub async fn until_ready(deployment: &Deployment, ready: bool, limit: Duration) -> Option<Duration> {
    let began = Instant::now();
    loop {
        let mut all = true;
        for process in [Service::Auth, Service::Identity].into_iter().flat_map(|service| deployment.processes(service))
        {
            all &= ask(process.http, &get("/readyz", None), READINESS).await.status() == 200;
        }
        if all == ready {
            return Some(began.elapsed());
        }
        if began.elapsed() >= limit {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A span or its absence, for people.
pub fn spell(span: Option<Duration>) -> String {
    span.map_or_else(|| "NEVER".to_owned(), |span| format!("after {:.1} s", span.as_secs_f64()))
}
