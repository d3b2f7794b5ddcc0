//! How soon an ended session is refused by a process that did not end it.

use std::time::{Duration, Instant};

use crate::report::Line;
use deployment::{Connection, Deployment, Result, body, get, login, password_of, text};

const ROUNDS: usize = 60;

/// Two processes of each service: a logout acknowledged by one, the token asked for at the other three.
pub async fn elsewhere(deployment: &Deployment) -> Result<Vec<Line>> {
    let administrator = deployment.administrator().await?;
    deployment.person(&administrator, "leaver").await?;
    let mut here = Connection::open(deployment.auths()[0].http).await?;
    let mut others = Vec::new();
    for (process, path) in [
        (&deployment.auths()[1], "/v1/userinfo"),
        (&deployment.identities()[0], "/v1/users/me-is-no-id"),
        (&deployment.identities()[1], "/v1/users/me-is-no-id"),
    ] {
        others.push((Connection::open(process.http).await?, path));
    }
    let mut delays = Vec::new();
    for _ in 0..ROUNDS {
        let answer = body(here.ask(&login("leaver", &password_of("leaver"))).await?, 200)?;
        let (token, hint) = (text(&answer, "accessToken")?, text(&answer, "idToken")?);
        for (connection, path) in &mut others {
            let status = connection.ask(&get(path, Some(&token))).await?.status;
            if status == 401 {
                return Err("a fresh token was refused".into());
            }
        }
        let form = format!("id_token_hint={hint}");
        let length = form.len();
        let logout = format!(
            "POST /v1/logout HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\n\r\n{form}"
        );
        if here.ask(logout.as_bytes()).await?.status >= 300 {
            return Err("the logout was refused".into());
        }
        let began_at = Instant::now();
        if here.ask(&get("/v1/userinfo", Some(&token))).await?.status != 401 {
            return Err("the process that acknowledged the logout still takes the token".into());
        }
        for (connection, path) in &mut others {
            let request = get(path, Some(&token));
            while connection.ask(&request).await?.status != 401 {
                if began_at.elapsed() > Duration::from_secs(10) {
                    return Err("an ended session lived on for 10 s".into());
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            delays.push(began_at.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    delays.sort_unstable_by(f64::total_cmp);
    let p99 = delays[delays.len() * 99 / 100];
    Ok(vec![
        Line::at_most("ended session refused by other processes, p99", deployment.engine.name(), p99, 100.0, "ms")
            .noted(format!(
                "{} observations, p50 {:.0} ms, longest {:.0} ms; the process itself at once",
                delays.len(),
                delays[delays.len() / 2],
                delays[delays.len() - 1]
            )),
    ])
}
