//! The disk of the databases full.

use std::time::{Duration, Instant};

use deployment::{Deployment, Engine, Result, password_of, post, text};
use postgres_server::Server;

use crate::ask::{Tally, ask};
use crate::ledger::{Writers, new_user, spell};
use crate::probe::{Probe, Probing, QUESTION, client_credentials, lasting, spell as spell_span, until_ready};
use crate::report::Line;
use crate::run::{Context, SETTINGS};
use crate::small_disk::SmallDisk;

const BOUND: Duration = Duration::from_secs(12);
const RECOVERY: Duration = Duration::from_secs(20);
/// How long writes may still find room that the engine had set aside.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let megabytes = match context.engine {
        Engine::Sqlite => 24,
        // PostgreSQL begins with 40 MiB and keeps 80 MiB of its log.
        Engine::Postgres => 160,
    };
    let Some(disk) = SmallDisk::mount(megabytes)? else {
        return Ok(vec![context.lines.skipped("the disk full", "a small file system can be mounted by root only")]);
    };
    let server = match context.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Server::start_in(context.programs(), Some(disk.path()))?),
    };
    let mut machine = context.machine(server.as_ref())?;
    machine.sqlite = Some(disk.path().to_owned());
    let deployment = Deployment::start(&machine, context.engine, SETTINGS, 1).await?;
    let administrator = deployment.administrator().await?;
    deployment.person(&administrator, "reader").await?;
    let reader = text(&deployment.log_in("reader", &password_of("reader")).await?, "accessToken")?;
    let (id, secret) = deployment.application(&administrator).await?;
    // What is asked once is remembered.
    let known = [post("/v1/authorize", Some(&reader), QUESTION), client_credentials(&id, &secret)];
    for request in &known {
        ask(deployment.auth(), request, BOUND).await;
    }

    let writers = Writers::begin(&deployment, &administrator, "disk").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    disk.fill()?;
    let mut probes = lasting(&deployment);
    let [question, credentials] = known;
    probes.push(Probe::same("permission question", deployment.auth(), question));
    probes.push(Probe::same("client_credentials", deployment.auth(), credentials));
    let verification = Probing::begin(&probes, 1, BOUND);
    let users = deployment::get("/v1/users", Some(&administrator));
    let reading = Probing::begin(&[Probe::same("users", deployment.identity(), users)], 1, BOUND);
    let refused_after = until_refused(&deployment, &administrator).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (verification, reading) = tokio::join!(verification.end(), reading.end());
    let (verification, reading) = (verification?, reading?);
    disk.make_room()?;
    let restarted = match &server {
        Some(server) if !server.runs() => {
            tokio::task::block_in_place(|| server.start_again())?;
            "; PostgreSQL had ended and was started again"
        }
        Some(_) | None => "",
    };
    let ready = until_ready(&deployment, true, RECOVERY).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ledger = writers.end().await?;
    let losses = ledger.losses(&deployment, &administrator).await;
    let again = ask(deployment.identity(), &new_user(&administrator, "after"), BOUND).await.is_success();
    Ok(vec![context.lines.line(
        format!("no byte left on a disk of {megabytes} MiB during writes, then room again"),
        "a write says 503 and is not half done, reads and verification go on, writes go on by themselves, nothing is lost",
        format!(
            "first refusal {}; writers: {}; {}; {}; verification: {}; reads: {}; ready {}{restarted}; writes go on: {again}",
            spell_span(refused_after),
            ledger.tally,
            ledger.summary(),
            spell(&losses),
            verification.spell(),
            reading.spell(),
            spell_span(ready),
        ),
        refused_after.is_some()
            && ledger.tally.is_orderly()
            && losses.is_empty()
            && verification.sum().is_all_done()
            && reading.sum().is_orderly()
            && reading.sum().done > 0
            && ready.is_some()
            && again,
    )])
}

/// Writes until a write is refused.
async fn until_refused(deployment: &Deployment, administrator: &str) -> Option<Duration> {
    let began = Instant::now();
    let mut tally = Tally::default();
    let mut number = 0;
    while began.elapsed() < PATIENCE {
        number += 1;
        let seen = ask(deployment.identity(), &new_user(administrator, &format!("late{number}")), BOUND).await;
        tally.note(&seen);
        if !seen.is_success() {
            return Some(began.elapsed());
        }
    }
    None
}
