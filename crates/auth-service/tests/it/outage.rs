//! When identity is down: an orderly 503, no wrong yes, and recovery without a hand.

use pair::{Engine, Pair};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_identity_tokens_answer_503_and_recover_on_sqlite() {
    without_identity_tokens_answer_503_and_recover(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_identity_tokens_answer_503_and_recover_on_postgres() {
    without_identity_tokens_answer_503_and_recover(Engine::Postgres).await;
}

async fn without_identity_tokens_answer_503_and_recover(engine: Engine) {
    let mut pair = Pair::start(engine).await;
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    let application = pair.application("midaz").await;
    pair.stop_identity().await;
    let down = pair.log_in("ana", &person.password).await.refused(503, "AUT-0016");
    assert!(down.headers.contains_key("retry-after"));

    // What is remembered may be said for as long as the lease holds; then there is no yes any more.
    let question = json!({ "resource": "ledgers", "action": "get" });
    let asking = async {
        loop {
            let answer = pair.auth.post("/v1/authorize").bearer(person.token()).json(&question).send().await;
            if answer.status == 503 {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let began = std::time::Instant::now();
    let stale = tokio::time::timeout(std::time::Duration::from_secs(8), asking).await.unwrap();
    stale.refused(503, "AUT-0016");
    assert!(began.elapsed() < std::time::Duration::from_secs(6), "a cached yes outlived its lease");
    pair.client_credentials(&application.client_id, &application.client_secret).await.refused(503, "AUT-0016");
    assert_eq!(pair.auth.get("/health").send().await.expect(200).text, "healthy");
    let unready = async {
        while pair.auth.get("/readyz").send().await.status != 503 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(8), unready).await.unwrap();
    let detail = pair.auth_operations().get("/readyz").send().await.expect(503);
    assert_eq!(detail.body["checks"], json!({ "database": true, "identity": false }));

    pair.restart_identity().await;
    pair.log_in("ana", &person.password).await.expect(200);
    pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let answer = pair.auth.post("/v1/authorize").bearer(person.token()).json(&question).send().await;
    assert_eq!(answer.expect(200).body["authorized"], true);
    pair.stop().await;
}
