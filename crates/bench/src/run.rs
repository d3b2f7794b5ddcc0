//! The whole run: the reference first and last, every row between.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::decision;
use crate::load::{in_turn, run as load};
use crate::reference;
use crate::report::{Line, table};
use crate::rows::{Plan, checks, growth, memory, pages, passwords, reads, refresh, revocation, tokens};
use deployment::{Deployment, Engine, Machine, Result, post};

/// By how much the reference may differ between first and last.
const DRIFT: f64 = 0.15;

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// The auth-service to measure.
    #[arg(long)]
    auth: PathBuf,
    /// The identity-service to measure.
    #[arg(long)]
    identity: PathBuf,
    /// The URL of a PostgreSQL maintenance database whose user may create databases.
    #[arg(long)]
    postgres: url::Url,
    /// How long each row lasts, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The users of the large database.
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Only these parts, separated by commas: tokens, reads, checks, refresh, passwords, revocation, pages, memory, growth.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<()> {
    let machine = Machine {
        name: "bench",
        auth: options.auth.clone(),
        identity: options.identity.clone(),
        postgres: options.postgres.clone(),
        sqlite: None,
        logs: None,
    };
    let plan = Plan { span: Duration::from_secs(options.seconds), users: options.users };
    let wants = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    let (lines, first, last) = crate::runtime()?.block_on(async {
        let first = Reference::measure(plan).await?;
        let mut lines = decision::lines();
        lines.extend(memory::binaries(&machine)?);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            lines.extend(of_engine(&machine, engine, plan, &first, &wants).await?);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((lines, first, Reference::measure(plan).await?))
    })?;
    println!("Requests per second of processor time (user and system) of all measured processes together.\n");
    println!("{}", table(&[first.lines("first"), last.lines("last")].concat()));
    println!("{}", table(&lines));
    if let Some(drift) = first.drift(&last).filter(|drift| *drift > DRIFT) {
        println!("The reference moved by {:.0} % during the run: throw it away and run again.", drift * 100.0);
    }
    Ok(())
}

async fn of_engine(
    machine: &Machine,
    engine: Engine,
    plan: Plan,
    reference: &Reference,
    wants: &impl Fn(&str) -> bool,
) -> Result<Vec<Line>> {
    let step = |what: &str| eprintln!("{}: {what}", engine.name());
    let mut lines = Vec::new();
    if wants("tokens") {
        step("tokens, RS256");
        let deployment =
            Deployment::start(machine, engine, &[("GATEHOUSE_AUTH__TOKENS__ALGORITHM", "RS256")], 1).await?;
        lines.extend(tokens::client_credentials(&deployment, plan, "RS256", reference.rs256).await?);
    }
    let es256 = [("GATEHOUSE_AUTH__TOKENS__ALGORITHM", "ES256")];
    let mut deployment = Deployment::start(machine, engine, &es256, 1).await?;
    if wants("memory") {
        step("memory at rest, start");
        lines.extend(memory::idle(&deployment));
        lines.extend(memory::ready(&mut deployment).await?);
    }
    if wants("tokens") {
        step("tokens, ES256");
        lines.extend(tokens::client_credentials(&deployment, plan, "ES256", reference.es256).await?);
    }
    if wants("growth") {
        step("growth");
        lines.extend(growth::machine_tokens(&deployment, plan).await?);
    }
    if wants("reads") {
        step("reads");
        lines.extend(reads::all(&deployment, plan).await?);
    }
    if wants("checks") {
        step("checks over gRPC");
        lines.extend(checks::all(&deployment, plan).await?);
    }
    if wants("refresh") {
        step("refresh");
        lines.extend(refresh::rotation(&deployment, plan).await?);
    }
    if wants("passwords") {
        step("passwords");
        lines.extend(passwords::logins(&deployment, plan).await?);
    }
    drop(deployment);
    if wants("revocation") && engine == Engine::Postgres {
        step("revocation");
        let deployment = Deployment::start(machine, engine, &es256, 2).await?;
        lines.extend(revocation::elsewhere(&deployment).await?);
    }
    if wants("pages") || wants("memory") {
        step("pages");
        let deployment = Deployment::start(machine, engine, &es256, 1).await?;
        lines.extend(pages::pages(&deployment, plan).await?);
        if wants("memory") {
            step("memory with the large database");
            lines.extend(memory::loaded(&deployment, plan).await?);
        }
    }
    Ok(lines)
}

/// What the bare handlers do per second of processor time.
struct Reference {
    json: f64,
    rs256: f64,
    es256: f64,
}

impl Reference {
    async fn measure(plan: Plan) -> Result<Self> {
        eprintln!("the bare reference");
        let program = std::env::current_exe()?;
        let child = Command::new(program).arg("reference").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut server = Server(child);
        let output = server.0.stdout.take().ok_or("the reference has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address: SocketAddr = line.trim().parse()?;
        let pids = [server.0.id()];
        let mut rates = Vec::new();
        let paths = [reference::JSON.to_owned(), reference::sign_path("RS256"), reference::sign_path("ES256")];
        for path in paths {
            let requests: Arc<[Vec<u8>]> = Arc::from([post(&path, None, r#"{"resource":"ledgers","action":"post"}"#)]);
            rates.push(load(address, in_turn(64, &requests), plan.span, &pids).await?.per_cpu_second());
        }
        Ok(Self { json: rates[0], rs256: rates[1], es256: rates[2] })
    }

    fn lines(&self, when: &str) -> Vec<Line> {
        [("JSON in and out", self.json), ("one RS256 signature", self.rs256), ("one ES256 signature", self.es256)]
            .map(|(what, rate)| Line::plain(format!("bare handler, {what}, {when}"), "", rate, "/CPU-s"))
            .into()
    }

    /// By how much the two differ, as a share.
    fn drift(&self, last: &Self) -> Option<f64> {
        let pairs = [(self.json, last.json), (self.rs256, last.rs256), (self.es256, last.es256)];
        pairs.into_iter().map(|(first, last)| (first / last - 1.0).abs()).max_by(f64::total_cmp)
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself needs no signal.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
