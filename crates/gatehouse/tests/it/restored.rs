//! What holds after a restore: who was there is there, and what was issued before is dead unless it was asked for.

use std::time::Duration;

use gatehouse::restore::Manner;
use pair::{Engine, Pair, password_of};
use serde_json::Value;

use crate::{Shelf, move_to, restore_into};

pair::on_both_engines! {
    everything_is_there_on_the_same_engine_and_on_the_other,
    everything_issued_before_is_dead_after_a_restore,
    everything_issued_after_the_backup_is_dead_after_a_restore,
    a_second_restore_of_one_backup_ends_what_the_first_let_begin,
    a_move_keeps_sessions_where_that_is_asked,
    a_restore_is_in_the_trail_and_raises_every_epoch,
}

const KEEP: Manner = Manner { replace: false, keep_sessions: true };
const REPLACE: Manner = Manner { replace: true, keep_sessions: false };

async fn users(pair: &Pair) -> Value {
    let administrator = pair.administrator().await;
    pair.identity.get("/v1/users").bearer(administrator.token()).send().await.expect(200).body
}

async fn everything_is_there_on_the_same_engine_and_on_the_other(pair: &mut Pair) {
    let shelf = Shelf::new();
    pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    pair.stranger().await;
    let before = users(pair).await;
    let mut file = shelf.backup(pair, "0").await;
    for (step, engine) in [Engine::Sqlite, Engine::Postgres, Engine::Sqlite].into_iter().enumerate() {
        move_to(pair, engine, &file, Manner::default()).await;
        assert_eq!(users(pair).await, before);
        pair.log_in("ana", &password_of("ana")).await.expect(200);
        pair.log_in("ana", "wrong").await.refused(401, "AUT-1002");
        pair.application_token(&application).await;
        pair.stranger().await;
        // Writing goes on, and is told to the other service.
        let name = format!("after-{step}");
        let administrator = pair.administrator().await;
        let made = pair.create_user(&administrator, &name, &[]).await.expect(201).text_of("id");
        let path = format!("/v1/users/{made}");
        pair.identity.call("DELETE", &path).bearer(administrator.token()).send().await.expect(204);
        file = shelf.backup(pair, &format!("{}", step + 1)).await;
    }
}

async fn everything_issued_before_is_dead_after_a_restore(pair: &mut Pair) {
    let shelf = Shelf::new();
    let ana = pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    let machine = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200).body;
    let file = shelf.backup(pair, "backup").await;
    move_to(pair, Engine::Postgres, &file, Manner::default()).await;
    pair.auth.get("/v1/userinfo").bearer(ana.token()).send().await.refused(401, "AUT-0007");
    pair.refresh(ana.refresh_token()).await.refused(400, "AUT-1005");
    let machine_refresh = machine["refreshToken"].as_str().unwrap();
    pair.refresh(machine_refresh).await.refused(400, "AUT-1005");
    pair.log_in("ana", &password_of("ana")).await.expect(200);
    pair.application_token(&application).await;
}

async fn everything_issued_after_the_backup_is_dead_after_a_restore(pair: &mut Pair) {
    let shelf = Shelf::new();
    pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    let file = shelf.backup(pair, "backup").await;
    let ana = pair.log_in("ana", &password_of("ana")).await.expect(200);
    let machine = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    pair.pass(Duration::from_secs(1));
    pair.stop_auth().await;
    pair.stop_identity().await;
    restore_into(pair, &file, REPLACE).await.unwrap();
    pair.start_again().await;
    for dead in [&ana, &machine] {
        pair.refresh(&dead.text_of("refreshToken")).await.refused(400, "AUT-1005");
    }
    pair.auth.get("/v1/userinfo").bearer(&ana.text_of("accessToken")).send().await.refused(401, "AUT-0007");
    pair.log_in("ana", &password_of("ana")).await.expect(200);
}

async fn a_second_restore_of_one_backup_ends_what_the_first_let_begin(pair: &mut Pair) {
    let shelf = Shelf::new();
    let application = pair.application("midaz").await;
    let file = shelf.backup(pair, "backup").await;
    move_to(pair, Engine::Sqlite, &file, Manner::default()).await;
    let machine = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    pair.pass(Duration::from_secs(1));
    move_to(pair, Engine::Sqlite, &file, Manner::default()).await;
    pair.refresh(&machine.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.application_token(&application).await;
}

async fn a_move_keeps_sessions_where_that_is_asked(pair: &mut Pair) {
    let shelf = Shelf::new();
    let ana = pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    let machine = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let file = shelf.backup(pair, "0").await;
    move_to(pair, Engine::Postgres, &file, KEEP).await;
    pair.auth.get("/v1/userinfo").bearer(ana.token()).send().await.expect(200);
    let refreshed = pair.refresh(ana.refresh_token()).await.expect(200);
    let file = shelf.backup(pair, "1").await;
    move_to(pair, Engine::Sqlite, &file, KEEP).await;
    pair.refresh(&refreshed.text_of("refreshToken")).await.expect(200);
    pair.refresh(&machine.text_of("refreshToken")).await.expect(200);
}

async fn a_restore_is_in_the_trail_and_raises_every_epoch(pair: &mut Pair) {
    let shelf = Shelf::new();
    pair.application("midaz").await;
    let file = shelf.backup(pair, "backup").await;
    move_to(pair, Engine::Postgres, &file, Manner::default()).await;
    for database in [pair.auth_database(), pair.identity_database()] {
        assert_eq!(database.count("audit_events WHERE action = 'deployment.restore'"), 1);
        // And no relation is checked later than it was before.
        assert_eq!(database.count("pg_constraint WHERE condeferrable"), 0);
    }
    assert!(pair.identity_database().count("pg_constraint WHERE contype = 'f'") > 5);
    for table in ["tenants", "users", "applications"] {
        assert_eq!(pair.identity_database().count(&format!("{table} WHERE epoch < 1000000000")), 0, "{table}");
    }
    assert_eq!(pair.identity_database().count("feed WHERE kind = 'tenant_epoch'"), 1);
}
