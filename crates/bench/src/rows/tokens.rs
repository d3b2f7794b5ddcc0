//! Tokens for software, beside a bare handler that signs one for each request.

use std::sync::Arc;

use serde_json::json;

use super::{Plan, aside};
use crate::load::{in_turn, run};
use crate::report::Line;
use deployment::{Deployment, Result, post};

const CONNECTIONS: usize = 64;
/// Applications that ask in turn.
const APPLICATIONS: usize = 20;

/// `client_credentials`; `reference` is what the bare handler signs per CPU-second.
pub async fn client_credentials(
    deployment: &Deployment,
    plan: Plan,
    algorithm: &str,
    reference: f64,
) -> Result<Vec<Line>> {
    let administrator = deployment.administrator().await?;
    let mut requests = Vec::new();
    for _ in 0..APPLICATIONS {
        let (id, secret) = deployment.application(&administrator).await?;
        let input = json!({ "grantType": "client_credentials", "clientId": id, "clientSecret": secret });
        requests.push(post("/v1/login/oauth/access_token", None, &input.to_string()));
    }
    let requests: Arc<[Vec<u8>]> = requests.into();
    let measured = run(deployment.auth(), in_turn(CONNECTIONS, &requests), plan.span, &deployment.pids()).await?;
    let goal = if algorithm == "RS256" { 3_000.0 } else { 16_000.0 };
    let share = 100.0 * measured.per_cpu_second() / reference;
    let (row, engine) = (format!("client_credentials, {algorithm}"), deployment.engine.name());
    Ok(vec![
        Line::at_least(row, engine, measured.per_cpu_second(), goal, "/CPU-s")
            .noted(format!("{share:.0} % of the bare handler; {}", aside(&measured))),
    ])
}
