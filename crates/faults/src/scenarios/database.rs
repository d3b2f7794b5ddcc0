//! PostgreSQL stopped and started again, and frozen where it stands.

use std::time::{Duration, Instant};

use deployment::{Deployment, Result, Service};
use postgres_server::Server;
use rustix::process::Signal;

use crate::probe::{Probing, lasting, needy, spell, until_ready};
use crate::report::Line;
use crate::run::Context;

/// The wait for a turn is 5 s, a statement may take 10 s; an answer must be there soon after.
const BOUND: Duration = Duration::from_secs(12);
const ABSENCE: Duration = Duration::from_secs(13);
const RECOVERY: Duration = Duration::from_secs(15);
/// What an orchestrator usually waits before it kills.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// More callers than connections, so that every place in the pool is taken.
const CALLERS: usize = 4;

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let Some(server) = context.server()? else {
        return Ok(vec![
            context.lines.skipped("the database stopped", "SQLite is a file of the process, without a server"),
        ]);
    };
    let mut deployment = context.deployment(Some(&server), 1).await?;
    let administrator = deployment.administrator().await?;
    let stop = |server: &Server| tokio::task::block_in_place(|| server.stop());
    let start = |server: &Server| tokio::task::block_in_place(|| server.start_again());
    let freeze = |server: &Server| {
        server.freeze();
        Ok(())
    };
    let thaw = |server: &Server| {
        server.thaw();
        Ok(())
    };
    Ok(vec![
        absent(context, &deployment, &administrator, &server, "stopped", stop, start).await?,
        absent(context, &deployment, &administrator, &server, "frozen", freeze, thaw).await?,
        ended(context, &mut deployment, &server).await?,
    ])
}

/// Both services are asked to stop while PostgreSQL stands still.
async fn ended(context: &Context, deployment: &mut Deployment, server: &Server) -> Result<Line> {
    server.freeze();
    // Until the readers of the change feed are held.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let mut all = true;
    for service in [Service::Auth, Service::Identity] {
        deployment.processes(service)[0].signal(Signal::TERM);
    }
    for service in [Service::Auth, Service::Identity] {
        let process = &mut deployment.processes_mut(service)[0];
        all &= process.ended(STOP_LIMIT.saturating_sub(began.elapsed())).await.is_some();
        process.kill();
    }
    let took = began.elapsed();
    server.thaw();
    deployment.begin_all().await?;
    let how = if all { "both ended" } else { "one had to be killed" };
    Ok(context.lines.line(
        "SIGTERM to both services while PostgreSQL is frozen",
        "both end within 30 s, and begin again",
        format!("{how} after {:.1} s", took.as_secs_f64()),
        all,
    ))
}

async fn absent(
    context: &Context,
    deployment: &Deployment,
    administrator: &str,
    server: &Server,
    how: &'static str,
    leave: impl Fn(&Server) -> std::result::Result<(), String>,
    come_back: impl Fn(&Server) -> std::result::Result<(), String>,
) -> Result<Line> {
    // Every place in the pool has been used when the database leaves.
    let warm = Probing::begin(&needy(deployment, administrator, &format!("{how}-before")), CALLERS, BOUND);
    tokio::time::sleep(Duration::from_millis(500)).await;
    leave(server)?;
    let lasting = Probing::begin(&lasting(deployment), 1, BOUND);
    let needy = Probing::begin(&needy(deployment, administrator, how), CALLERS, BOUND);
    let unready = until_ready(deployment, false, BOUND).await;
    tokio::time::sleep(ABSENCE.saturating_sub(unready.unwrap_or(BOUND))).await;
    let (warm, needy, lasting) = tokio::join!(warm.end(), needy.end(), lasting.end());
    come_back(server)?;
    let ready = until_ready(deployment, true, RECOVERY).await;
    let (mut all, needy, lasting) = (warm?.sum(), needy?, lasting?);
    all.add(&needy.sum());
    Ok(context.lines.line(
        format!("PostgreSQL {how} for {} s", ABSENCE.as_secs()),
        "success or 503 within 12 s, what needs no database goes on, readiness turns false and true again by itself",
        format!(
            "{all}; without the database: {}; not ready {}; ready again {}; by kind: {}",
            lasting.spell(),
            spell(unready),
            spell(ready),
            needy.spell()
        ),
        all.is_orderly() && lasting.sum().is_all_done() && unready.is_some() && ready.is_some(),
    ))
}
