//! Every process stopped by SIGTERM and begun again, one after the other, while clients write.

use std::time::{Duration, Instant};

use deployment::{Engine, Result, Service};
use rustix::process::Signal;

use crate::ledger::{Writers, spell};
use crate::probe::{spell as spell_span, until_ready};
use crate::report::Line;
use crate::run::Context;

const STOP_LIMIT: Duration = Duration::from_secs(15);
const RECOVERY: Duration = Duration::from_secs(15);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    // A SQLite file is served by one process.
    let count = if context.engine == Engine::Postgres { 2 } else { 1 };
    let mut deployment = context.deployment(server.as_ref(), count).await?;
    let administrator = deployment.administrator().await?;
    let writers = Writers::begin(&deployment, &administrator, "rolling").await?;
    let (mut clean, mut slowest, mut ready) = (0, Duration::ZERO, Some(Duration::ZERO));
    for service in [Service::Auth, Service::Identity] {
        for index in 0..count {
            tokio::time::sleep(context.span / 4).await;
            let process = &mut deployment.processes_mut(service)[index];
            let began = Instant::now();
            process.signal(Signal::TERM);
            clean += usize::from(process.ended(STOP_LIMIT).await.is_some_and(|status| status.success()));
            slowest = slowest.max(began.elapsed());
            process.kill();
            deployment.begin(service, index)?;
            let again = until_ready(&deployment, true, RECOVERY).await;
            ready = ready.zip(again).map(|(slowest, again)| slowest.max(again));
        }
    }
    tokio::time::sleep(context.span / 4).await;
    let ledger = writers.end().await?;
    let losses = ledger.losses(&deployment, &administrator).await;
    let seen = format!(
        "{clean} of {} ended cleanly, in {:.1} s at most; ready again {} at most; {}; {}; {}",
        2 * count,
        slowest.as_secs_f64(),
        spell_span(ready),
        ledger.summary(),
        spell(&losses),
        ledger.tally
    );
    let kept = losses.is_empty()
        && clean == 2 * count
        && ready.is_some()
        && ledger.tally.is_orderly()
        && !ledger.users.is_empty();
    Ok(vec![if count == 1 {
        context.lines.line(
            "the only process of each service restarted by SIGTERM during writes",
            "nothing acknowledged is lost; success, 503 or no connection meanwhile",
            seen,
            kept,
        )
    } else {
        context.lines.line(
            "two processes of each service restarted by SIGTERM in turn during writes, clients go to the other",
            "nothing acknowledged is lost, no 5xx, no client finds every door closed",
            seen,
            kept && ledger.tally.unavailable.is_empty() && ledger.tally.refused == 0,
        )
    }])
}
