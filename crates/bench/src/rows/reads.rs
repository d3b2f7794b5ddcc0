//! What is answered from memory: permission questions, a token's own data, the public keys.

use std::sync::Arc;

use super::{Plan, aside};
use crate::load::{in_turn, run};
use crate::report::Line;
use deployment::{Deployment, Result, get, password_of, post, text};

const CONNECTIONS: usize = 64;

/// Every such row.
pub async fn all(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let administrator = deployment.administrator().await?;
    let mut tokens = Vec::new();
    for number in 0..8 {
        let username = format!("reader{number}");
        deployment.person(&administrator, &username).await?;
        tokens.push(text(&deployment.log_in(&username, &password_of(&username)).await?, "accessToken")?);
    }
    let question = r#"{"resource":"ledgers","action":"post"}"#;
    let each = |make: &dyn Fn(&str) -> Vec<u8>| -> Arc<[Vec<u8>]> { tokens.iter().map(|token| make(token)).collect() };
    let rows = [
        ("authorize, token seen before", each(&|token| post("/v1/authorize", Some(token), question)), Some(40_000.0)),
        ("userinfo, token seen before", each(&|token| get("/v1/userinfo", Some(token))), Some(40_000.0)),
        ("permissions, token seen before", each(&|token| get("/v1/permissions", Some(token))), None),
        ("JWKS", Arc::from([get("/.well-known/jwks.json", None)]), Some(80_000.0)),
    ];
    let mut lines = Vec::new();
    for (row, requests, goal) in rows {
        let measured = run(deployment.auth(), in_turn(CONNECTIONS, &requests), plan.span, &deployment.pids()).await?;
        let (rate, engine) = (measured.per_cpu_second(), deployment.engine.name());
        let line = match goal {
            Some(goal) => Line::at_least(row, engine, rate, goal, "/CPU-s"),
            None => Line::plain(row, engine, rate, "/CPU-s"),
        };
        lines.push(line.noted(aside(&measured)));
    }
    Ok(lines)
}
