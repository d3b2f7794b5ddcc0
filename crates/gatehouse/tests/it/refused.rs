//! What `restore` refuses: with one sentence, and with nothing written.

use std::path::Path;

use gatehouse::deployment::Deployment;
use gatehouse::restore::{Manner, restore};
use pair::Pair;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::copy::Snapshot;
use testkit::TestDatabase;

use crate::file::{lines_of, write_lines};
use crate::{Shelf, beside, environment, restore_into};

pair::on_both_engines! {
    a_wrong_deployment_key_is_refused,
    databases_that_are_served_from_are_refused,
    databases_that_hold_something_are_refused_until_their_loss_is_accepted,
    a_database_of_a_newer_program_is_refused,
    databases_that_are_mixed_up_are_refused,
    a_backup_of_a_newer_schema_is_refused,
    a_backup_without_a_table_or_with_a_senseless_row_is_refused,
    a_damaged_backup_leaves_both_databases_alone,
}

const REPLACE: Manner = Manner { replace: true, keep_sessions: false };

#[track_caller]
fn sentence<T>(outcome: gatehouse::Result<T>) -> String {
    let Err(refusal) = outcome else { panic!("it was not refused") };
    let sentence = refusal.to_string();
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    sentence
}

/// Restores with some settings changed, over fresh databases of the pair's engine; nothing may be in them afterwards.
async fn into_fresh(pair: &Pair, from: &Path, changes: &[(&str, &Path)]) -> String {
    let engine = pair.auth_database().engine();
    let (auth, identity) = (TestDatabase::fresh(engine).await, TestDatabase::fresh(engine).await);
    let mut environment = environment(pair);
    let mut set = |name: &str, value: String| {
        environment.retain(|(known, _)| known != name);
        environment.push((name.to_owned(), value));
    };
    set("GATEHOUSE_AUTH__DATABASE__URL", auth.url_text().to_owned());
    set("GATEHOUSE_IDENTITY__DATABASE__URL", identity.url_text().to_owned());
    for (name, value) in changes {
        set(name, value.display().to_string());
    }
    let (from, clock) = (from.to_owned(), std::sync::Arc::clone(&pair.clock));
    let deployment = Deployment::load(None, None, environment).unwrap();
    let refused = beside(move || restore(&deployment, &from, Manner::default(), &*clock, &mut |_| {})).await;
    assert!(Snapshot::take(auth.url(), &auth_store::migrations()).is_err(), "something was written for auth");
    assert!(
        Snapshot::take(identity.url(), &identity_store::migrations()).is_err(),
        "something was written for identity"
    );
    sentence(refused)
}

async fn a_wrong_deployment_key_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let wrong = shelf.file("wrong.key");
    std::fs::write(&wrong, "1:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\n").unwrap();
    for service in ["auth", "identity"] {
        let name = format!("GATEHOUSE_{}__KEYS__FILE", service.to_uppercase());
        let told = into_fresh(pair, &file, &[(&name, &wrong)]).await;
        let whose = format!("with which {service}-service sealed");
        assert!(told.contains("wrong.key") && told.contains(&whose) && told.contains("nothing was written"), "{told}");
        assert!(told.ends_with(&format!("'keys.file' of {service}-service")), "{told}");
        let told = into_fresh(pair, &file, &[(&name, Path::new("/nowhere/a.key"))]).await;
        assert!(told.contains("/nowhere/a.key cannot be read"), "{told}");
    }
}

async fn databases_that_are_served_from_are_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let told = sentence(restore_into(pair, &file, REPLACE).await);
    assert!(told.contains("stop the service"), "{told}");
    pair.stop_auth().await;
    let told = sentence(restore_into(pair, &file, REPLACE).await);
    assert!(told.contains("identity-service cannot be restored") && told.contains("stop the service"), "{told}");
    pair.stop_identity().await;
    restore_into(pair, &file, REPLACE).await.unwrap();
    pair.start_again().await;
    pair.administrator().await;
}

async fn databases_that_hold_something_are_refused_until_their_loss_is_accepted(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    pair.person("ana", &[]).await;
    pair.stop_auth().await;
    pair.stop_identity().await;
    let told = sentence(restore_into(pair, &file, Manner::default()).await);
    assert!(told.contains("is not empty; say --replace to lose what it holds"), "{told}");
    pair.start_again().await;
    pair.log_in("ana", &pair::password_of("ana")).await.expect(200);
    pair.stop_auth().await;
    pair.stop_identity().await;
    restore_into(pair, &file, REPLACE).await.unwrap();
    pair.start_again().await;
    pair.log_in("ana", &pair::password_of("ana")).await.refused(401, "AUT-1002");
}

async fn a_database_of_a_newer_program_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    pair.stop_auth().await;
    pair.stop_identity().await;
    pair.auth_database().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101')");
    let told = sentence(restore_into(pair, &file, REPLACE).await);
    assert!(told.contains("auth-service cannot be restored") && told.ends_with("use a newer one"), "{told}");
    assert!(pair.identity_database().count("tenants WHERE epoch < 1000000000") == 1, "identity was restored alone");
    let over = crate::deployment(pair);
    let (to, clock) = (shelf.file("another"), std::sync::Arc::clone(&pair.clock));
    let told = sentence(beside(move || gatehouse::backup::backup(&over, &to, &*clock, &mut |_| {})).await);
    assert!(told.contains("auth-service cannot be read") && told.ends_with("use a newer one"), "{told}");
    assert!(!shelf.file("another").exists());
    pair.auth_database().execute("DELETE FROM __diesel_schema_migrations WHERE version = '99990101'");
    pair.start_again().await;
}

async fn databases_that_are_mixed_up_are_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    pair.stop_auth().await;
    pair.stop_identity().await;
    let mut environment = environment(pair);
    for (name, value) in &mut environment {
        match name.as_str() {
            "GATEHOUSE_AUTH__DATABASE__URL" => *value = pair.identity_database().url_text().to_owned(),
            "GATEHOUSE_IDENTITY__DATABASE__URL" => *value = pair.auth_database().url_text().to_owned(),
            _ => {}
        }
    }
    let (deployment, clock) = (Deployment::load(None, None, environment).unwrap(), std::sync::Arc::clone(&pair.clock));
    let told = sentence(beside(move || restore(&deployment, &file, REPLACE, &*clock, &mut |_| {})).await);
    assert!(told.contains("belongs to auth-service, not to identity-service; 'database.url' names it"), "{told}");
    pair.start_again().await;
}

/// Writes a backup that was edited by somebody who can compute its digests.
fn forge(file: &Path, mut lines: Vec<String>) {
    let hex = |digest: Sha256| digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (mut whole, mut table) = (Sha256::new(), Sha256::new());
    let (mut all, mut rows) = (0, 0);
    for line in &mut lines {
        if line.starts_with('[') {
            table.update(format!("{line}\n"));
            (all, rows) = (all + 1, rows + 1);
        } else if line.contains("\"line\":\"table_end\"") {
            *line = json!({ "line": "table_end", "rows": rows, "sha256": hex(std::mem::take(&mut table)) }).to_string();
            rows = 0;
        } else if line.contains("\"line\":\"end\"") {
            *line = json!({ "line": "end", "rows": all, "sha256": hex(whole.clone()) }).to_string();
        }
        whole.update(format!("{line}\n"));
    }
    write_lines(file, &lines);
}

async fn a_backup_of_a_newer_schema_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    for (at, service) in ["auth-service", "identity-service"].into_iter().enumerate() {
        let mut lines = lines_of(&file);
        let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
        header["version"] = json!("9.0.0");
        header["databases"][at]["migrations"].as_array_mut().unwrap().push(json!("99990101"));
        lines[0] = header.to_string();
        let newer = shelf.file(service);
        forge(&newer, lines);
        let told = into_fresh(pair, &newer, &[]).await;
        let expected =
            format!("the backup holds the migration 99990101 of {service}, which this program does not know");
        assert!(told.starts_with(&expected) && told.ends_with("restore it with Gatehouse 9.0.0 or newer"), "{told}");
    }
}

async fn a_backup_without_a_table_or_with_a_senseless_row_is_refused(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let forged = shelf.file("forged");
    let lines = lines_of(&file);
    let begin = |table: &str| lines.iter().position(|line| line.contains(&format!("\"table\":\"{table}\""))).unwrap();

    let mut without = lines.clone();
    let end = begin("login_tries")
        + 1
        + lines[begin("login_tries") + 1..].iter().position(|line| line.contains("table_end")).unwrap();
    without.drain(begin("login_tries")..=end);
    forge(&forged, without);
    assert!(into_fresh(pair, &forged, &[]).await.contains("has no table login_tries"));

    let mut nobody = lines.clone();
    let row = begin("password_credentials") + 1;
    nobody[row] = nobody[row].replacen("=\"", "\"", 1).replacen("{\"base64\":\"", "{\"base64\":\"AAAA", 1);
    forge(&forged, nobody);
    let told = into_fresh(pair, &forged, &[]).await;
    assert!(told.contains("identity-service cannot be restored") || told.contains("cut short"), "{told}");

    let mut gone = lines.clone();
    gone.remove(begin("tenants") + 1);
    forge(&forged, gone);
    let told = into_fresh(pair, &forged, &[]).await;
    assert!(told.contains("identity-service cannot be restored"), "{told}");

    let mut short = lines.clone();
    short[begin("tenants") + 1] = "[1]".to_owned();
    forge(&forged, short);
    let told = into_fresh(pair, &forged, &[]).await;
    assert!(told.contains("a row of tenants does not fit"), "{told}");
}

async fn a_damaged_backup_leaves_both_databases_alone(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.backup(pair, "backup").await;
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let told = into_fresh(pair, &file, &[]).await;
    assert!(told.ends_with("is cut short or was changed; take another copy of the backup"), "{told}");
    let told = into_fresh(pair, Path::new("/nowhere/backup"), &[]).await;
    assert!(told.contains("/nowhere/backup cannot be read"), "{told}");
}
