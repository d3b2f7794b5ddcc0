//! Lists: a page costs the same at a thousand and at a million users.

use serde_json::Value;

use super::Plan;
use crate::cpu;
use crate::database;
use crate::report::Line;
use deployment::{Connection, Deployment, Result, body, get};

const SMALL: u32 = 1_000;
const ROUNDS: u32 = 400;

/// Pages of 50, first with a thousand users and then with the many of the plan, which stay there.
pub async fn pages(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let engine = deployment.engine;
    let (more, url) = (plan.users.saturating_sub(SMALL), deployment.identity_database().to_owned());
    let administrator = deployment.administrator().await?;
    database::add_users(engine, &url, 0, SMALL)?;
    let small = costs(deployment, &administrator).await?;
    eprintln!("  adding {more} users");
    tokio::task::block_in_place(|| database::add_users(engine, &url, SMALL, more))?;
    let large = costs(deployment, &administrator).await?;
    let lines = small.iter().zip(&large).map(|((row, few), (_, many))| {
        Line::at_most(format!("{row}, {} users beside {SMALL}", plan.users), engine.name(), many / few, 1.5, "×")
            .noted(format!("{few:.0} µs and {many:.0} µs of processor time"))
    });
    Ok(lines.collect())
}

/// Microseconds of processor time for a request, by what it asks.
async fn costs(deployment: &Deployment, administrator: &str) -> Result<Vec<(&'static str, f64)>> {
    let mut connection = Connection::open(deployment.identity()).await?;
    let first = get("/v1/users?limit=50&page=1", Some(administrator));
    let listed = body(connection.ask(&first).await?, 200)?;
    let cursor = listed["nextCursor"].as_str().ok_or("the list gave no cursor")?.to_owned();
    let id = listed["items"].as_array().and_then(|items| items.last()).and_then(|user: &Value| user["id"].as_str());
    let id = id.ok_or("the list is empty")?.to_owned();
    let requests = [
        ("first page of 50", first),
        ("page of 50 by cursor", get(&format!("/v1/users?limit=50&cursor={cursor}"), Some(administrator))),
        ("page 20 of 50, by number", get("/v1/users?limit=50&page=20", Some(administrator))),
        ("one user", get(&format!("/v1/users/{id}"), Some(administrator))),
    ];
    let pids: Vec<u32> = deployment.identities().iter().map(deployment::Process::pid).collect();
    let mut costs = Vec::new();
    for (row, request) in requests {
        for _ in 0..20 {
            body(connection.ask(&request).await?, 200)?;
        }
        let before = cpu::used(&pids);
        for _ in 0..ROUNDS {
            connection.ask(&request).await?;
        }
        let used = cpu::used(&pids).saturating_sub(before);
        costs.push((row, used.as_secs_f64() * 1_000_000.0 / f64::from(ROUNDS)));
    }
    Ok(costs)
}
