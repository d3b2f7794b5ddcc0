//! No file descriptor left: a low limit, and idle connections until it is reached.

use std::time::Duration;

use deployment::{ADMINISTRATOR_PASSWORD, Connection, Deployment, Result, Service, get, login, post};
use tokio::net::TcpStream;

use crate::ask::{Reply, Seen, Tally, settle};
use crate::ledger::new_user;
use crate::probe::{QUESTION, spell, until_ready};
use crate::report::Line;
use crate::run::{Context, SETTINGS};

const LIMITED: [&str; 3] = ["sh", "-c", "ulimit -n 128; exec \"$0\" \"$@\""];
/// More connections than the limit has descriptors.
const CONNECTIONS: usize = 200;
const BOUND: Duration = Duration::from_secs(12);
const RECOVERY: Duration = Duration::from_secs(20);
const ROUNDS: usize = 6;

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    let mut deployment = Deployment::prepare(&context.machine(server.as_ref())?, context.engine, SETTINGS, 1)?;
    deployment.migrate()?;
    for service in [Service::Auth, Service::Identity] {
        deployment.wrap(service, &LIMITED);
    }
    deployment.begin_all().await?;
    let administrator = deployment.administrator().await?;
    let requests = [
        (Service::Auth, login("admin", ADMINISTRATOR_PASSWORD)),
        (Service::Auth, post("/v1/authorize", Some(&administrator), QUESTION)),
        (Service::Identity, get("/v1/users", Some(&administrator))),
    ];
    // Who is in already is still served; every round these connections were busy a moment ago.
    let mut kept = Vec::new();
    for (service, request) in &requests {
        let mut connection = Connection::open(deployment.processes(*service)[0].http).await?;
        connection.ask(request).await?;
        kept.push((connection, request));
    }
    let (mut held, mut inside) = (Vec::new(), Tally::default());
    for _ in 0..ROUNDS {
        for service in [Service::Auth, Service::Identity] {
            let address = deployment.processes(service)[0].http;
            for _ in 0..CONNECTIONS {
                let opened = tokio::time::timeout(Duration::from_millis(20), TcpStream::connect(address)).await;
                held.extend(opened.into_iter().flatten());
            }
        }
        for (connection, request) in &mut kept {
            let began = std::time::Instant::now();
            let reply = match tokio::time::timeout(BOUND, connection.ask(request)).await {
                Ok(Ok(answer)) => Reply::Answer(answer),
                Ok(Err(_)) => Reply::Cut,
                Err(_) => Reply::Silent,
            };
            inside.note(&Seen { reply, took: began.elapsed() });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let alive =
        [Service::Auth, Service::Identity].into_iter().all(|service| deployment.processes_mut(service)[0].runs());
    let held_count = held.len();
    drop(held);
    let ready = until_ready(&deployment, true, RECOVERY).await;
    let made = settle(deployment.identity(), &new_user(&administrator, "after"), BOUND).await;
    let logged_in = settle(deployment.auth(), &login("admin", ADMINISTRATOR_PASSWORD), BOUND).await;
    Ok(vec![context.lines.line(
        format!("both services with 128 descriptors, {held_count} idle connections over {ROUNDS} s"),
        "who is in is answered with success or 503, the processes live, all goes on when the connections are gone",
        format!(
            "kept connections: {inside}; processes alive: {alive}; ready {}; then a login {} and a new user {}",
            spell(ready),
            logged_in.status(),
            made.status()
        ),
        inside.is_orderly() && alive && ready.is_some() && made.is_success() && logged_in.is_success(),
    )])
}
