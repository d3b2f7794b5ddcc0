//! Logins with a password, and those who must not suffer beside them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Plan, aside};
use crate::cpu;
use crate::load::{in_turn, run};
use crate::report::Line;
use deployment::{Deployment, Result, get, login, password_of, post};

const PEOPLE: usize = 16;
const COST: u32 = 10;

/// Logins as fast as they come, with a JWKS reader and a client of software beside them.
pub async fn logins(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let limit = bcrypt_limit();
    let administrator = deployment.administrator().await?;
    let mut requests = Vec::new();
    for number in 0..PEOPLE {
        let username = format!("person{number}");
        deployment.person(&administrator, &username).await?;
        requests.push(login(&username, &password_of(&username)));
    }
    let requests: Arc<[Vec<u8>]> = requests.into();
    let (id, secret) = deployment.application(&administrator).await?;
    let credentials = json!({ "grantType": "client_credentials", "clientId": id, "clientSecret": secret }).to_string();
    let credentials: Arc<[Vec<u8>]> = Arc::from([post("/v1/login/oauth/access_token", None, &credentials)]);
    let jwks: Arc<[Vec<u8>]> = Arc::from([get("/.well-known/jwks.json", None)]);

    let pids = deployment.pids();
    let alone = run(deployment.auth(), in_turn(4, &requests), plan.span, &pids).await?;
    let (busy, machines, readers) = tokio::join!(
        run(deployment.auth(), in_turn(4, &requests), plan.span, &pids),
        paced(deployment, &credentials, plan.span),
        paced(deployment, &jwks, plan.span),
    );
    let (busy, machines, readers) = (busy?, machines?, readers?);
    let engine = deployment.engine.name();
    let share = 100.0 * alone.per_cpu_second() / limit;
    Ok(vec![
        Line::at_least("token by password, of the bcrypt limit", engine, share, 95.0, "%").noted(format!(
            "{:.1} of {limit:.1} hashes of cost {COST} per CPU-second; {}",
            alone.per_cpu_second(),
            aside(&alone)
        )),
        Line::at_most("JWKS p99 beside logins", engine, readers, 50.0, "ms").noted(aside(&busy)),
        Line::at_most("client_credentials p99 beside logins", engine, machines, 50.0, "ms"),
    ])
}

/// The p99 of a caller who asks a hundred times a second, in milliseconds.
async fn paced(deployment: &Deployment, requests: &Arc<[Vec<u8>]>, span: Duration) -> Result<f64> {
    let mut connection = deployment::Connection::open(deployment.auth()).await?;
    let mut latencies = Vec::new();
    let until = Instant::now() + span;
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    while Instant::now() < until {
        beat.tick().await;
        let began = Instant::now();
        let answer = connection.ask(&requests[0]).await?;
        if answer.status != 200 {
            return Err(format!("a bystander was answered {}", answer.status).into());
        }
        latencies.push(began.elapsed());
    }
    latencies.sort_unstable();
    let index = (latencies.len() * 99 / 100).min(latencies.len().saturating_sub(1));
    Ok(latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0))
}

/// Hashes of this cost per second of processor time.
fn bcrypt_limit() -> f64 {
    let own = [std::process::id()];
    let before = cpu::used(&own);
    let mut hashes = 0.0;
    while cpu::used(&own).saturating_sub(before) < Duration::from_secs(2) {
        if bcrypt::hash_with_salt("Correct-horse-7", COST, [7; 16]).is_ok() {
            hashes += 1.0;
        }
    }
    hashes / cpu::used(&own).saturating_sub(before).as_secs_f64()
}
