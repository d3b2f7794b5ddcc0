//! Refresh tokens of people: each redeemed once, its successor next.

use serde_json::{Value, json};

use super::{Plan, aside};
use crate::load::{Next, run};
use crate::report::Line;
use deployment::{Answer, Connection, Deployment, Engine, Result, body, password_of, post, text};

const CONNECTIONS: usize = 16;

/// 16 people who refresh all the time; each commit is durable before its answer.
pub async fn rotation(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let administrator = deployment.administrator().await?;
    let mut connections: Vec<Next> = Vec::new();
    let mut lost = Vec::new();
    for number in 0..CONNECTIONS {
        let username = format!("refresher{number}");
        deployment.person(&administrator, &username).await?;
        // Without `openid` there is one signature in an answer.
        let input = json!({
            "grantType": "password", "username": username, "password": password_of(&username), "scope": "access_manager",
        });
        let request = post("/v1/login/oauth/access_token", None, &input.to_string());
        let answer = body(Connection::open(deployment.auth()).await?.ask(&request).await?, 200)?;
        let mut token = text(&answer, "refreshToken")?;
        let (sender, receiver) = std::sync::mpsc::channel();
        lost.push(receiver);
        connections.push(Box::new(move |last: Option<&Answer>| {
            let successor = last.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
            if let Some(successor) = successor.as_ref().and_then(|answer| answer["refreshToken"].as_str()) {
                successor.clone_into(&mut token);
            }
            // The last word of each connection is the token that must still be redeemable afterwards.
            let _ = sender.send(token.clone());
            post("/v1/login/oauth/refresh_token", None, &json!({ "refreshToken": token }).to_string())
        }));
    }
    let measured = run(deployment.auth(), connections, plan.span, &deployment.pids()).await?;
    // The token presented last was redeemed; presented again within the grace it gives the same successor.
    let mut alive = 0;
    for tokens in lost {
        let token = tokens.into_iter().last().ok_or("a connection sent nothing")?;
        let request = post("/v1/login/oauth/refresh_token", None, &json!({ "refreshToken": token }).to_string());
        let answer = Connection::open(deployment.auth()).await?.ask(&request).await?;
        alive += usize::from(answer.status == 200);
    }
    let goal = match deployment.engine {
        Engine::Sqlite => 2_000.0,
        Engine::Postgres => 1_500.0,
    };
    let row = "refresh with rotation, ES256, 16 clients, durable";
    Ok(vec![
        Line::at_least(row, deployment.engine.name(), measured.per_cpu_second(), goal, "/CPU-s")
            .noted(format!("{alive} of {CONNECTIONS} chains go on afterwards; {}", aside(&measured))),
    ])
}
