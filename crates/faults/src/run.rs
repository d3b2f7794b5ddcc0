//! The whole run: every scenario on every engine, each bounded in time, and the table.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use deployment::{Deployment, Engine, Machine, Result};
use postgres_server::Server;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::report::{Line, Lines, Verdict, table};
use crate::scenarios::{self, NAMES};

/// How long one scenario may take on one engine.
const LIMIT: Duration = Duration::from_secs(120);

/// Breaks a running Gatehouse; `cargo xtask faults` builds everything and calls this.
#[derive(Parser)]
#[command(name = "faults")]
pub struct Options {
    /// The auth-service to break.
    #[arg(long)]
    auth: PathBuf,
    /// The identity-service to break.
    #[arg(long)]
    identity: PathBuf,
    /// The folder of PostgreSQL's `initdb` and `pg_ctl`.
    #[arg(long)]
    postgres_programs: PathBuf,
    /// Where what the services say is kept: a folder for each scenario and engine.
    #[arg(long)]
    logs: PathBuf,
    /// How long load lasts where it matters, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only these scenarios, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(NAMES))]
    only: Vec<String>,
    /// The binaries are release builds: bounds are as the goals have them, and ten times as long otherwise.
    #[arg(long)]
    release: bool,
}

/// What a scenario is run with.
pub struct Context {
    /// On which engine.
    pub engine: Engine,
    /// How its lines are made.
    pub lines: Lines,
    /// How long load lasts.
    pub span: Duration,
    /// Whether the binaries are release builds.
    pub release: bool,
    machine: Machine,
    programs: PathBuf,
}

impl Context {
    /// A server of its own for a scenario over PostgreSQL; `None` on SQLite.
    pub fn server(&self) -> Result<Option<Server>> {
        match self.engine {
            Engine::Sqlite => Ok(None),
            Engine::Postgres => Ok(Some(Server::start(&self.programs)?)),
        }
    }

    /// The folder of PostgreSQL's programs.
    pub fn programs(&self) -> &std::path::Path {
        &self.programs
    }

    /// Binaries and databases, those of PostgreSQL on this server.
    pub fn machine(&self, server: Option<&Server>) -> Result<Machine> {
        let mut machine = self.machine.clone();
        if let Some(server) = server {
            machine.postgres = server.url().parse()?;
        }
        Ok(machine)
    }

    /// A running deployment with cheap passwords and so many processes of each service.
    pub async fn deployment(&self, server: Option<&Server>, processes: usize) -> Result<Deployment> {
        Deployment::start(&self.machine(server)?, self.engine, SETTINGS, processes).await
    }
}

/// What differs from the defaults: password hashes that cost little, and an honest retry that is taken after a restart too.
pub const SETTINGS: &[(&str, &str)] = &[
    ("GATEHOUSE_IDENTITY__PASSWORDS__BCRYPT_COST", "4"),
    ("GATEHOUSE_AUTH__TOKENS__GRACE_ALONE_SECONDS", "60"),
    ("GATEHOUSE_AUTH__TOKENS__ALGORITHM", "ES256"),
];

/// Runs and prints; whether every promise was kept.
pub fn run(options: &Options) -> Result<bool> {
    raise_descriptors()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    let began = Instant::now();
    let mut all = Vec::new();
    for name in NAMES {
        if !options.only.is_empty() && !options.only.iter().any(|only| only == name) {
            continue;
        }
        for engine in [Engine::Sqlite, Engine::Postgres] {
            eprintln!("→ {name}, {}", engine.name());
            let lines = Lines { scenario: name, engine };
            let context = context(options, lines)?;
            let outcome = runtime.block_on(async {
                tokio::select! {
                    outcome = tokio::time::timeout(LIMIT, scenarios::run(name, &context)) => match outcome {
                        Ok(Ok(made)) => Ok(made),
                        Ok(Err(error)) => Ok(vec![lines.line("all of it", "it can be run", error.to_string(), false)]),
                        Err(_) => Ok(vec![lines.line("all of it", "it ends", format!("it ran for {LIMIT:?}"), false)]),
                    },
                    // What was begun and mounted ends with the scenario.
                    _ = tokio::signal::ctrl_c() => Err("interrupted"),
                }
            })?;
            for line in &outcome {
                eprintln!("  {}: {}: {}", line.mark(), line.done, line.seen);
            }
            all.extend(outcome);
        }
    }
    println!("{}", table(&all));
    let count = |verdict| all.iter().filter(|line: &&Line| line.verdict == verdict).count();
    let broken = count(Verdict::Broken);
    println!(
        "{} promises kept, {broken} broken, {} not tried, in {} s.",
        count(Verdict::Kept),
        count(Verdict::Skipped),
        began.elapsed().as_secs()
    );
    println!("What the services said is in {}.", options.logs.display());
    Ok(broken == 0)
}

fn context(options: &Options, lines: Lines) -> Result<Context> {
    let logs = options.logs.join(format!("{}-{}", lines.scenario, lines.engine.name()));
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    fs::create_dir_all(&logs)?;
    let machine = Machine {
        name: "faults",
        auth: options.auth.clone(),
        identity: options.identity.clone(),
        // Every scenario over PostgreSQL has a server of its own.
        postgres: "postgres://127.0.0.1/none".parse()?,
        sqlite: None,
        logs: Some(logs),
    };
    Ok(Context {
        engine: lines.engine,
        lines,
        span: Duration::from_secs(options.seconds),
        release: options.release,
        machine,
        programs: options.postgres_programs.clone(),
    })
}

/// Ten thousand connections need as many descriptors, here and in the services, which inherit the limit.
fn raise_descriptors() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}
