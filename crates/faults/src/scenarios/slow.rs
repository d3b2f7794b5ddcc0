//! A database that answers, but slowly: every batch of bytes is held back in each direction.

use std::time::Duration;

use deployment::{Deployment, Result};
use url::Url;

use crate::probe::{Probing, lasting, needy, spell, until_ready};
use crate::proxy::Proxy;
use crate::report::Line;
use crate::run::{Context, SETTINGS};

/// How long a batch is held back, and whether anything is promised to succeed: a transaction is a dozen of batches.
const DELAYS: [(Duration, bool); 2] = [(Duration::from_millis(50), true), (Duration::from_millis(300), false)];
const BOUND: Duration = Duration::from_secs(15);
const RECOVERY: Duration = Duration::from_secs(15);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let Some(server) = context.server()? else {
        return Ok(vec![
            context.lines.skipped("a slow database", "SQLite is a file of the process, without a network"),
        ]);
    };
    let mut deployment = Deployment::prepare(&context.machine(Some(&server))?, context.engine, SETTINGS, 1)?;
    deployment.migrate()?;
    let proxy = Proxy::begin(server.address()).await?;
    for (name, url) in [
        ("GATEHOUSE_AUTH__DATABASE__URL", deployment.auth_database().to_owned()),
        ("GATEHOUSE_IDENTITY__DATABASE__URL", deployment.identity_database().to_owned()),
    ] {
        let mut url: Url = url.parse()?;
        url.set_port(Some(proxy.address.port())).map_err(|()| "the URL of the database takes no port")?;
        deployment.set(name, url.to_string());
    }
    deployment.begin_all().await?;
    let administrator = deployment.administrator().await?;
    let mut lines = Vec::new();
    for (delay, works) in DELAYS {
        lines.push(delayed(context, &deployment, &administrator, &proxy, delay, works).await?);
    }
    Ok(lines)
}

async fn delayed(
    context: &Context,
    deployment: &Deployment,
    administrator: &str,
    proxy: &Proxy,
    delay: Duration,
    works: bool,
) -> Result<Line> {
    proxy.delay(delay);
    let lasting = Probing::begin(&lasting(deployment), 1, BOUND);
    let needy = Probing::begin(&needy(deployment, administrator, &delay.as_millis().to_string()), 2, BOUND);
    tokio::time::sleep(context.span.max(Duration::from_secs(5)) * 2).await;
    let (lasting, needy) = tokio::join!(lasting.end(), needy.end());
    let (lasting, needy) = (lasting?, needy?);
    proxy.delay(Duration::ZERO);
    let ready = until_ready(deployment, true, RECOVERY).await;
    let kept = needy.sum().is_orderly()
        && (needy.sum().done > 0 || !works)
        && lasting.sum().is_all_done()
        && lasting.sum().slowest < Duration::from_secs(1)
        && ready.is_some();
    Ok(context.lines.line(
        format!("every batch of bytes to and from PostgreSQL held back for {} ms", delay.as_millis()),
        if works {
            "success or 503 within 15 s, some successes; what needs no database within 1 s"
        } else {
            "success or 503 within 15 s; what needs no database within 1 s"
        },
        format!("{}; without the database: {}; ready {}", needy.spell(), lasting.spell(), spell(ready)),
        kept,
    ))
}
