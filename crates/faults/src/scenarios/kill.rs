//! `kill -9` of either service and of PostgreSQL, at random moments while clients write.

use std::time::Duration;

use deployment::{Result, Service};

use super::random_between;
use crate::ledger::{Ledger, Writers, spell};
use crate::probe::{spell as spell_span, until_ready};
use crate::report::Line;
use crate::run::Context;

const ROUNDS: usize = 3;
const RECOVERY: Duration = Duration::from_secs(20);

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Service(Service),
    Database,
}

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    let mut deployment = context.deployment(server.as_ref(), 1).await?;
    let administrator = deployment.administrator().await?;
    let mut victims = vec![Victim::Service(Service::Auth), Victim::Service(Service::Identity)];
    if server.is_some() {
        victims.push(Victim::Database);
    }
    let mut lines = Vec::new();
    for victim in victims {
        let name = match victim {
            Victim::Service(service) => service.name(),
            Victim::Database => "PostgreSQL",
        };
        let (mut whole, mut losses, mut slowest) = (Ledger::default(), Vec::new(), Some(Duration::ZERO));
        for round in 0..ROUNDS {
            let writers = Writers::begin(&deployment, &administrator, &format!("{name}{round}")).await?;
            tokio::time::sleep(random_between(Duration::from_millis(500), Duration::from_millis(1_500))).await;
            match (victim, &server) {
                (Victim::Service(service), _) => deployment.processes_mut(service)[0].kill(),
                (Victim::Database, Some(server)) => tokio::task::block_in_place(|| server.kill()),
                (Victim::Database, None) => return Err("there is no server to kill".into()),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            match (victim, &server) {
                (Victim::Service(service), _) => deployment.begin(service, 0)?,
                (Victim::Database, server) => {
                    server.as_ref().map_or(Ok(()), |server| tokio::task::block_in_place(|| server.start_again()))?;
                }
            }
            let ready = until_ready(&deployment, true, RECOVERY).await;
            slowest = slowest.zip(ready).map(|(slowest, ready)| slowest.max(ready));
            tokio::time::sleep(Duration::from_millis(500)).await;
            let ledger = writers.end().await?;
            losses.extend(ledger.losses(&deployment, &administrator).await);
            whole.add(ledger);
        }
        let seen = format!(
            "{}; {}; ready again {} at most; meanwhile {}",
            whole.summary(),
            spell(&losses),
            spell_span(slowest),
            whole.tally
        );
        lines.push(context.lines.line(
            format!("kill -9 of {name} during writes, {ROUNDS} times"),
            "no acknowledged write lost, nothing spent comes back; 503 or no connection meanwhile; ready by itself",
            seen,
            losses.is_empty() && slowest.is_some() && whole.tally.is_orderly() && !whole.users.is_empty(),
        ));
    }
    Ok(lines)
}
