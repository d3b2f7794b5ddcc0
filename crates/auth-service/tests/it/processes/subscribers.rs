//! Who listens to the token state, and how far each is: as administrators of the platform and operators see it.

use std::time::Duration;

use serde_json::Value;
use testkit::Engine;

use super::fleet::Fleet;
use super::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_when_every_receiver_has_it_on_sqlite() {
    an_operator_sees_when_every_receiver_has_it(Engine::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_when_every_receiver_has_it_on_postgres() {
    an_operator_sees_when_every_receiver_has_it(Engine::Postgres, 2).await;
}

async fn an_operator_sees_when_every_receiver_has_it(engine: Engine, count: usize) {
    let fleet = Fleet::start(engine, count).await;
    let administrator = fleet.administrator().await;
    let listed = async |index: usize| {
        let answer = fleet.auth(index).get("/v1/subscribers").bearer(&administrator).send().await.expect(200);
        answer.body.as_array().unwrap().clone()
    };
    // Each process of identity listens to one of auth, and every process tells of all.
    for index in 0..count {
        until(Duration::from_secs(20), || async {
            let listed = listed(index).await;
            listed.len() == count && listed.iter().all(|one| one["knownUntil"].is_string())
        })
        .await;
        assert!(
            listed(index).await.iter().all(|one| one["name"] == "identity-service" && one["address"] == "127.0.0.1")
        );
    }

    // Everything of a user is ended; the command returns when everybody has it.
    let id = fleet.create_user(&administrator, "ana").await;
    let path = format!("/v1/users/{id}");
    fleet.identity(0).delete(&path).bearer(&administrator).send().await.expect(204);
    let output = fleet.run("auth-service", &["subscribers", "--wait", "--json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["subscribers"].as_array().map(Vec::len), Some(count), "{shown}");
    let until = shown["subscribers"][0]["knownUntil"].as_str().unwrap();
    assert!(domain::Timestamp::parse(until).is_ok(), "{shown}");
    let table = fleet.run("auth-service", &["subscribers"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("NAME ") && table.lines().count() == count + 1, "{table}");

    // One that hears nothing is named.
    fleet.freeze_identity(0);
    let refused = fleet.run("auth-service", &["subscribers", "--wait", "8"]);
    let sentence = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && sentence.contains("identity-service at 127.0.0.1"), "{sentence}");
    fleet.thaw_identity(0);
    assert!(fleet.run("auth-service", &["subscribers", "--wait"]).status.success());
}
