//! The other service frozen (SIGSTOP) and down.

use std::time::{Duration, Instant};

use deployment::{Deployment, Engine, Result, Service, get, password_of, post, text};
use rustix::process::Signal;

use crate::ask::{Tally, ask};
use crate::probe::{Probe, Probing, QUESTION, client_credentials, lasting, needy, spell, until_ready};
use crate::report::Line;
use crate::run::Context;

/// What a call to the other service may take is 5 s; the rest is for the way and a busy machine.
const BOUND: Duration = Duration::from_millis(6_500);
/// After this nothing may be allowed on the ground of what a silent peer said.
const LEASE: Duration = Duration::from_secs(5);
const FREEZE: Duration = Duration::from_secs(8);
const RECOVERY: Duration = Duration::from_secs(15);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    let mut deployment = context.deployment(server.as_ref(), 1).await?;
    let administrator = deployment.administrator().await?;
    let mut lines = Vec::new();
    for service in [Service::Identity, Service::Auth] {
        lines.push(silent(context, &mut deployment, &administrator, service, true).await?);
        lines.push(silent(context, &mut deployment, &administrator, service, false).await?);
    }
    drop(deployment);
    if context.engine == Engine::Postgres {
        let deployment = context.deployment(server.as_ref(), 2).await?;
        lines.push(behind_a_frozen_source(context, &deployment).await?);
    }
    Ok(lines)
}

/// One service is frozen or killed; the other one is asked.
async fn silent(
    context: &Context,
    deployment: &mut Deployment,
    administrator: &str,
    victim: Service,
    frozen: bool,
) -> Result<Line> {
    let (id, secret) = deployment.application(administrator).await?;
    let (asked, allowing) = match victim {
        Service::Identity => (
            deployment.auth(),
            vec![
                post("/v1/authorize", Some(administrator), QUESTION),
                get("/v1/userinfo", Some(administrator)),
                client_credentials(&id, &secret),
            ],
        ),
        Service::Auth => {
            (deployment.identity(), vec![get("/v1/users", Some(administrator)), get("/v1/groups", Some(administrator))])
        }
    };
    for request in &allowing {
        if !ask(asked, request, BOUND).await.is_success() {
            return Err("a question was refused before anything was broken".into());
        }
    }
    let round = format!("{}{frozen}", victim.name());
    let is_asked = |probe: &Probe| probe.is_at(asked);
    let lasting: Vec<_> = lasting(deployment).into_iter().filter(is_asked).collect();
    let needy: Vec<_> = needy(deployment, administrator, &round).into_iter().filter(is_asked).collect();
    let began = Instant::now();
    if frozen {
        deployment.processes(victim)[0].signal(Signal::STOP);
    } else {
        deployment.processes_mut(victim)[0].kill();
    }
    let (lasting, needy) = (Probing::begin(&lasting, 1, BOUND), Probing::begin(&needy, 2, BOUND));
    let (mut last_yes, mut tally) = (Duration::ZERO, Tally::default());
    while began.elapsed() < FREEZE {
        for request in &allowing {
            let asked_at = began.elapsed();
            let seen = ask(asked, request, BOUND).await;
            tally.note(&seen);
            if seen.is_success() {
                last_yes = last_yes.max(asked_at);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (lasting, needy) = (lasting.end().await?, needy.end().await?);
    if frozen {
        deployment.processes(victim)[0].signal(Signal::CONT);
    } else {
        deployment.begin(victim, 0)?;
    }
    let recovered = until_ready(deployment, true, RECOVERY).await;
    tally.add(&needy.sum());
    let again = ask(asked, &allowing[0], BOUND).await.is_success();
    let done = format!("{} {} for {} s", victim.name(), if frozen { "frozen" } else { "killed" }, FREEZE.as_secs());
    Ok(context.lines.line(
        done,
        "no yes after 5 s, 503 within 6.5 s, what needs no peer goes on, recovery by itself",
        format!(
            "last yes after {:.1} s; {tally}; without the peer: {}; ready again {}",
            last_yes.as_secs_f64(),
            lasting.spell(),
            spell(recovered)
        ),
        last_yes <= LEASE && tally.is_orderly() && lasting.sum().is_all_done() && recovered.is_some() && again,
    ))
}

/// Two processes of identity: the one that is listened to is frozen, and a user is deleted at the other at the same moment.
async fn behind_a_frozen_source(context: &Context, deployment: &Deployment) -> Result<Line> {
    let administrator = deployment.administrator().await?;
    let mut slowest = Duration::ZERO;
    let mut tally = Tally::default();
    for frozen in 0..2 {
        let username = format!("leaver{frozen}");
        deployment.person(&administrator, &username).await?;
        let token = text(&deployment.log_in(&username, &password_of(&username)).await?, "accessToken")?;
        let info = ask(deployment.auth(), &get("/v1/userinfo", Some(&token)), BOUND).await.json();
        let id = text(&info, "sub")?;
        let question = post("/v1/authorize", Some(&token), QUESTION);
        for process in deployment.processes(Service::Auth) {
            // From now on it is known there, and no longer asked for.
            if !ask(process.http, &question, BOUND).await.is_success() {
                return Err("a question was refused before anything was broken".into());
            }
        }
        let processes = deployment.processes(Service::Identity);
        let other = processes[1 - frozen].http;
        processes[frozen].signal(Signal::STOP);
        let path = format!("/v1/users/{id}");
        let patch = request_without_body("DELETE", &path, &administrator);
        let deleted = ask(other, &patch, BOUND).await;
        if !deleted.is_success() {
            processes[frozen].signal(Signal::CONT);
            return Err(format!("the user could not be deleted: {}", deleted.status()).into());
        }
        let began = Instant::now();
        while began.elapsed() < LEASE + Duration::from_secs(2) {
            for process in deployment.processes(Service::Auth) {
                let asked_at = began.elapsed();
                let seen = ask(process.http, &question, BOUND).await;
                if seen.status() == 401 {
                    continue;
                }
                tally.note(&seen);
                if seen.is_success() {
                    slowest = slowest.max(asked_at);
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        processes[frozen].signal(Signal::CONT);
        if until_ready(deployment, true, RECOVERY).await.is_none() {
            return Err("the services did not recover".into());
        }
    }
    Ok(context.lines.line(
        "one of two identity-service frozen while the other deletes a user; each in turn",
        "the user's token is refused by both auth-service after 5 s at most",
        format!("last yes after {:.1} s; besides refusals {tally}", slowest.as_secs_f64()),
        slowest <= LEASE && tally.is_orderly(),
    ))
}

fn request_without_body(method: &str, path: &str, bearer: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\r\n").into_bytes()
}
