//! Real processes: two of each service over one PostgreSQL, frozen and killed; and one of each on SQLite, killed in the
//! middle of writes; and what they tell of requests in logs, metrics and traces.

mod collector;
mod fleet;
mod freshness;
mod secrecy;
mod subscribers;
mod traces;

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Answer, Api, Engine};

use self::fleet::Fleet;

/// What may pass between an acknowledged change and its effect elsewhere before the test gives up; the promise (100 ms)
/// is measured, not asserted, since a busy machine proves nothing.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_ends_every_other_refuses() {
    let fleet = Fleet::start(Engine::Postgres, 2).await;
    let administrator = fleet.administrator().await;
    let mut slowest = Duration::ZERO;
    for round in 0..8 {
        let name = format!("person-{round}");
        let id = fleet.create_user(&administrator, &name).await;
        let tokens = fleet.log_in(round % 2, &name).await.expect(200);
        let token = tokens.text_of("accessToken");
        for api in fleet.auths() {
            api.get("/v1/userinfo").bearer(&token).send().await.expect(200);
        }
        let began = Instant::now();
        match round % 3 {
            0 => {
                let form = [("id_token_hint", token.as_str())];
                fleet.auth(0).post("/v1/logout").form(&form).send().await.expect(204);
                fleet.auth(0).get("/v1/userinfo").bearer(&token).send().await.refused(401, "AUT-0007");
            }
            1 => {
                let path = format!("/v1/users/{id}");
                fleet.identity(0).delete(&path).bearer(&administrator).send().await.expect(204);
                fleet.identity(0).get("/v1/groups").bearer(&token).send().await.refused(401, "IDE-0009");
            }
            _ => {
                let path = format!("/v1/users/{id}/reset-password");
                let body = json!({ "newPassword": "Another-horse-9-battery" });
                fleet.identity(1).patch(&path).bearer(&administrator).json(&body).send().await.expect(204);
                fleet.identity(1).get("/v1/groups").bearer(&token).send().await.refused(401, "IDE-0009");
            }
        }
        for api in fleet.auths().chain(fleet.identities()) {
            let path = if fleet.is_auth(api) { "/v1/userinfo" } else { "/v1/groups" };
            until(PATIENCE, || async { api.get(path).bearer(&token).send().await.status == 401 }).await;
        }
        slowest = slowest.max(began.elapsed());
        // A refresh fails wherever it is tried.
        for index in 0..2 {
            fleet.refresh(index, &tokens.text_of("refreshToken")).await.refused(400, "AUT-1005");
        }
    }
    eprintln!("refused by every process after at most {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_or_killed_process_takes_nobody_with_it() {
    let mut fleet = Fleet::start(Engine::Postgres, 2).await;
    let administrator = fleet.administrator().await;
    let id = fleet.create_user(&administrator, "ana").await;
    let tokens = fleet.log_in(1, "ana").await.expect(200);
    let token = tokens.text_of("accessToken");

    // One of each frozen: the others find each other and go on, and what they end is refused.
    fleet.freeze_auth(0);
    fleet.freeze_identity(0);
    until(Duration::from_secs(15), || async { fleet.auth(1).get("/readyz").send().await.status == 200 }).await;
    until(Duration::from_secs(15), || async { fleet.identity(1).get("/readyz").send().await.status == 200 }).await;
    until(Duration::from_secs(15), || async { fleet.log_in(1, "ana").await.status == 200 }).await;
    let path = format!("/v1/users/{id}");
    fleet.identity(1).delete(&path).bearer(&administrator).send().await.expect(204);
    until(PATIENCE, || async { fleet.auth(1).get("/v1/userinfo").bearer(&token).send().await.status == 401 }).await;

    // The frozen ones wake up and never said yes in between: their first answer is a no.
    fleet.thaw_auth(0);
    fleet.thaw_identity(0);
    let woken = fleet.auth(0).get("/v1/userinfo").bearer(&token).send().await;
    assert!(matches!(woken.status, 401 | 503), "{}", woken.text);
    until(PATIENCE, || async { fleet.auth(0).get("/v1/userinfo").bearer(&token).send().await.status == 401 }).await;

    // All sources frozen: no cached yes after 5 s.
    fleet.ready().await;
    // Those that woke up may still be changing the process they listen to, so each step is tried until it is answered.
    let bruno = fleet::user("bruno");
    eventually(201, || fleet.identity(0).post("/v1/users").bearer(&administrator).json(&bruno).send()).await;
    let bruno = eventually(200, || fleet.log_in(0, "bruno")).await.text_of("accessToken");
    let question = json!({ "resource": "ledgers", "action": "get" });
    let ask = || fleet.auth(0).post("/v1/authorize").bearer(&bruno).json(&question).send();
    eventually(200, ask).await;
    fleet.freeze_identity(0);
    fleet.freeze_identity(1);
    let frozen_at = Instant::now();
    let mut last_yes = Duration::ZERO;
    while frozen_at.elapsed() < Duration::from_secs(7) {
        if ask().await.status == 200 {
            last_yes = frozen_at.elapsed();
        }
    }
    assert!(last_yes < Duration::from_secs(5), "a cached yes after {last_yes:?}");
    fleet.thaw_identity(0);
    fleet.thaw_identity(1);
    until(Duration::from_secs(15), || async { ask().await.status == 200 }).await;

    // One of each killed: the other takes over.
    fleet.kill_auth(0);
    fleet.kill_identity(0);
    until(Duration::from_secs(15), || async { fleet.log_in(1, "bruno").await.status == 200 }).await;
    until(Duration::from_secs(15), || async {
        fleet.identity(1).get("/v1/groups").bearer(&administrator).send().await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_writes_loses_and_revives_nothing_on_sqlite() {
    a_kill_in_the_middle_of_writes_loses_and_revives_nothing(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_writes_loses_and_revives_nothing_on_postgres() {
    a_kill_in_the_middle_of_writes_loses_and_revives_nothing(Engine::Postgres).await;
}

async fn a_kill_in_the_middle_of_writes_loses_and_revives_nothing(engine: Engine) {
    let mut fleet = Fleet::start(engine, 1).await;
    let administrator = fleet.administrator().await;
    for round in 0..3 {
        // Users are made and refresh tokens are rotated until the kill; what was acknowledged is written down.
        let first = fleet.log_in(0, "admin").await.expect(200).text_of("refreshToken");
        let (identity, auth) = (fleet.identity(0).clone(), fleet.auth(0).clone());
        let making = tokio::spawn(make_users(identity, administrator.clone(), round));
        let rotating = tokio::spawn(rotate(auth, first));
        tokio::time::sleep(Duration::from_millis(400)).await;
        fleet.kill_auth(0);
        fleet.kill_identity(0);
        let (made, tokens) = (making.await.unwrap(), rotating.await.unwrap());
        assert!(!made.is_empty() && tokens.len() > 1, "nothing was under way: {} {}", made.len(), tokens.len());
        fleet.restart(0).await;

        let again = fleet.administrator().await;
        for id in &made {
            fleet.identity(0).get(&format!("/v1/users/{id}")).bearer(&again).send().await.expect(200);
        }
        // A spent token two generations behind the last acknowledged one stays spent.
        if let [.., spent, _, _] = tokens.as_slice() {
            fleet.refresh(0, spent).await.refused(400, "AUT-1005");
        } else {
            fleet.refresh(0, &tokens[tokens.len() - 1]).await.expect(200);
        }
    }
}

async fn make_users(identity: Api, administrator: String, round: usize) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0.. {
        let body = fleet::user(&format!("made-{round}-{number}"));
        match identity.post("/v1/users").bearer(&administrator).json(&body).try_send().await {
            Ok(answer) if answer.status == 201 => made.push(answer.text_of("id")),
            Ok(_) | Err(_) => break,
        }
    }
    made
}

/// Every refresh token that was handed out, the last acknowledged one at the end.
async fn rotate(auth: Api, first: String) -> Vec<String> {
    let mut tokens = vec![first];
    loop {
        let body = json!({ "refreshToken": tokens[tokens.len() - 1] });
        let answer = auth.post("/v1/login/oauth/refresh_token").json(&body).try_send().await;
        match answer {
            Ok(answer) if answer.status == 200 => tokens.push(answer.text_of("refreshToken")),
            Ok(_) | Err(_) => return tokens,
        }
    }
}

/// Asks again while the answer is 503; the first other one must have this status.
async fn eventually<F: Future<Output = Answer>>(status: u16, ask: impl Fn() -> F) -> Answer {
    let asking = async {
        loop {
            let answer = ask().await;
            if answer.status != 503 {
                return answer.expect(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), asking).await.expect("it was not answered in time")
}

/// Waits until something is so.
async fn until<F: Future<Output = bool>>(patience: Duration, holds: impl Fn() -> F) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(patience, asking).await.expect("it did not come about in time");
}
