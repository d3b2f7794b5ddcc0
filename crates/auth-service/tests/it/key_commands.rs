//! The commands of keys, as an operator runs them: the binary, beside the service.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use auth_service::commands::Desk;
use auth_service::settings::{SOURCE, Settings};
use crypto::jws::{Algorithm, SigningKey};
use domain::SystemClock;
use pair::Pair;
use serde_json::Value;

pair::on_both_engines! {
    the_keys_are_listed_for_people_and_for_machines,
    a_rotation_is_staged_and_told,
    a_compromised_key_is_retired_beside_the_service,
    a_key_of_each_kind_is_imported,
    a_wrong_master_key_is_refused_and_nothing_is_done,
    the_master_key_is_rotated_without_losing_anything,
    a_reseal_that_was_interrupted_goes_on,
}

/// Runs the binary to its end in the environment of the pair's auth-service.
fn run(pair: &Pair, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.env_clear().envs(pair.auth_environment()).env("GATEHOUSE_AUTH__LOG__LEVEL", "off");
    command.args(arguments).stdin(Stdio::null());
    tokio::task::block_in_place(|| command.output().unwrap())
}

#[track_caller]
fn printed(pair: &Pair, arguments: &[&str]) -> String {
    let output = run(pair, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a refused command leaves: its status, nothing on standard output, and one sentence.
#[track_caller]
fn refusal(pair: &Pair, arguments: &[&str]) -> String {
    let output = run(pair, arguments);
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    sentence.trim_end().to_owned()
}

fn listed(pair: &Pair) -> Vec<Value> {
    let document: Value = serde_json::from_str(&printed(pair, &["keys", "list", "--json"])).unwrap();
    document["keys"].as_array().unwrap().clone()
}

fn stages(pair: &Pair) -> Vec<String> {
    listed(pair).iter().map(|key| key["stage"].as_str().unwrap().to_owned()).collect()
}

fn kid(key: &Value) -> &str {
    key["kid"].as_str().unwrap()
}

/// Lets the service take what is due after a span of its own clock, which stands still beside that of the commands.
async fn pass(pair: &Pair, span: Duration) {
    pair.pass(span);
    pair.keep_time().await;
}

/// Waits until the service has heard of a change by a command.
async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), asking).await.expect("it did not come about in time");
}

async fn has_keys(pair: &Pair, count: usize) {
    until(|| async {
        let answer = pair.auth.get("/.well-known/jwks.json").send().await.expect(200);
        answer.body["keys"].as_array().unwrap().len() == count
    })
    .await;
}

async fn the_keys_are_listed_for_people_and_for_machines(pair: &Pair) {
    let keys = listed(pair);
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(
        (&key["stage"], &key["algorithm"], &key["lastNeededAt"]),
        (&"active".into(), &"ES256".into(), &Value::Null)
    );
    let table = printed(pair, &["keys", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("KID") && lines[0].ends_with("LAST NEEDED"), "{table}");
    assert!(lines[1].starts_with(kid(key)) && lines[1].ends_with("never"), "{table}");
    assert_eq!(lines.len(), 2);
}

async fn a_rotation_is_staged_and_told(pair: &Pair) {
    let told = printed(pair, &["keys", "rotate"]);
    assert!(told.contains("is published and signs from"), "{told}");
    let again = printed(pair, &["keys", "rotate"]);
    assert!(again.starts_with(told.split(' ').next().unwrap()), "one waits already: {again}");
    assert_eq!(listed(pair).len(), 2);
    has_keys(pair, 2).await;

    let hastened = printed(pair, &["keys", "rotate", "--now"]);
    assert!(hastened.contains("was published before and signs from"), "{hastened}");
    assert!(hastened.contains("Software that reads JWKS"), "{hastened}");
    // The clock of the service stands where it started, behind that of the command.
    pass(pair, Duration::from_secs(600)).await;
    until(|| async { stages(pair).contains(&"retiring".to_owned()) }).await;
    let other = printed(pair, &["keys", "rotate", "--algorithm", "EdDSA"]);
    assert!(other.contains("once 'tokens.algorithm' is EdDSA"), "{other}");
    let sentence = refusal(pair, &["keys", "rotate", "--algorithm", "HS256"]);
    assert_eq!(sentence, "auth-service: 'HS256' is not RS256, ES256 or EdDSA");
}

async fn a_compromised_key_is_retired_beside_the_service(pair: &Pair) {
    let person = pair.administrator().await;
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
    pair.identity.get("/v1/groups").bearer(person.token()).send().await.expect(200);
    let keys = listed(pair);
    let sentence = refusal(pair, &["keys", "retire", kid(&keys[0])]);
    assert!(sentence.contains("'keys rotate --now'") && sentence.contains("--compromised"), "{sentence}");
    let told = printed(pair, &["keys", "retire", kid(&keys[0]), "--compromised"]);
    assert!(told.contains("is gone.") && told.contains("signs now.") && told.contains("within 5 seconds"), "{told}");
    until(|| async { pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.status == 401 }).await;
    until(|| async { pair.identity.get("/v1/groups").bearer(person.token()).send().await.status == 401 }).await;
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.refused(401, "AUT-0007");
    let again = pair.administrator().await;
    until(|| async { pair.identity.get("/v1/groups").bearer(again.token()).send().await.status == 200 }).await;
    let sentence = refusal(pair, &["keys", "retire", "another"]);
    assert_eq!(sentence, "auth-service: there is no key another; see 'auth-service keys list'");
}

async fn a_key_of_each_kind_is_imported(pair: &Pair) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        std::fs::write(&file, key.private_jwk().expose()).unwrap();
        let told = printed(pair, &["keys", "import", path(&file)]);
        assert!(told.starts_with(key.kid()), "{told}");
        let found = listed(pair).into_iter().find(|listed| kid(listed) == key.kid()).unwrap();
        assert_eq!((&found["stage"], &found["algorithm"]), (&"next".into(), &algorithm.name().into()));
        let sentence = refusal(pair, &["keys", "import", path(&file)]);
        assert!(sentence.contains("is known already"), "{sentence}");
    }
    has_keys(pair, 4).await;
    std::fs::write(&file, SigningKey::generate(Algorithm::Es256).unwrap().public_jwk()["x"].to_string()).unwrap();
    let sentence = refusal(pair, &["keys", "import", path(&file)]);
    assert!(sentence.contains("was not imported"), "{sentence}");
    assert!(refusal(pair, &["keys", "import", "/nowhere/key.pem"]).contains("/nowhere/key.pem cannot be read"));
    assert_eq!(listed(pair).len(), 4);
}

async fn a_wrong_master_key_is_refused_and_nothing_is_done(pair: &mut Pair) {
    let file = pair.folder().join("auth.key");
    let right = std::fs::read_to_string(&file).unwrap();
    let before = listed(pair);
    pair.stop_auth().await;
    let missing = "3:BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\n";
    let other = "1:BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\n";
    for (wrong, reason) in [(missing, "deployment key 1, which is not in the key file"), (other, "another key")] {
        std::fs::write(&file, wrong).unwrap();
        for arguments in
            [["serve"].as_slice(), &["keys", "rotate", "--now"], &["master-key", "reseal"], &["master-key", "add"]]
        {
            let sentence = refusal(pair, arguments);
            assert!(sentence.contains("are not those of this database") && sentence.contains(reason), "{sentence}");
            assert!(sentence.contains("bring back the key file"), "{sentence}");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), wrong, "the key file is as it was");
    }
    // Another algorithm would need a first key of its own: none is sealed with a wrong key.
    std::fs::write(&file, &right).unwrap();
    assert_eq!(listed(pair), before);
    pair.restart_auth().await;
    pair.administrator().await;
}

async fn the_master_key_is_rotated_without_losing_anything(pair: &mut Pair) {
    let person = pair.administrator().await;
    let added = printed(pair, &["master-key", "add"]);
    assert!(added.starts_with("Key 2 was added."), "{added}");
    pair.restart_auth().await;
    let status: Value = serde_json::from_str(&printed(pair, &["master-key", "status", "--json"])).unwrap();
    assert_eq!((&status["current"]["id"], &status["other"]["id"]), (&2.into(), &1.into()));
    assert!(status["other"]["needs"].to_string().contains("sealedValues"), "{status}");
    assert!(refusal(pair, &["master-key", "drop"]).contains("1 sealed values"));
    assert!(refusal(pair, &["master-key", "add"]).contains("drop key 1 first"));

    let resealed = printed(pair, &["master-key", "reseal"]);
    assert!(resealed.starts_with("1 values were sealed anew."), "{resealed}");
    assert!(printed(pair, &["master-key", "reseal"]).starts_with("0 values"));
    let status = printed(pair, &["master-key", "status"]);
    assert!(status.contains("refresh tokens until"), "{status}");
    assert!(refusal(pair, &["master-key", "drop"]).contains("refresh tokens until"));
    // What the old key tagged is still good, and what the new one sealed is read.
    let body = serde_json::json!({ "refreshToken": person.refresh_token() });
    let tokens = pair.auth.post("/v1/login/oauth/refresh_token").json(&body).send().await.expect(200);
    pair.restart_auth().await;

    // Without the old key the service does not start while that is needed.
    pair.stop_auth().await;
    let file = pair.folder().join("auth.key");
    let both = std::fs::read_to_string(&file).unwrap();
    let without: String = both.lines().filter(|line| !line.starts_with("1:")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, without).unwrap();
    let sentence = refusal(pair, &["serve"]);
    assert!(sentence.contains("lacks key 1, which is needed by refresh tokens until"), "{sentence}");
    std::fs::write(&file, both).unwrap();

    assert!(printed(pair, &["master-key", "drop", "--anyway"]).starts_with("Key 2 is the only one now."));
    pair.restart_auth().await;
    pair.auth.get("/v1/userinfo").bearer(&tokens.text_of("accessToken")).send().await.expect(200);
    let body = serde_json::json!({ "refreshToken": tokens.text_of("refreshToken") });
    pair.auth.post("/v1/login/oauth/refresh_token").json(&body).send().await.expect(200);
    assert!(refusal(pair, &["master-key", "drop"]).contains("one key alone"));
}

async fn a_reseal_that_was_interrupted_goes_on(pair: &mut Pair) {
    for _ in 0..3 {
        printed(pair, &["keys", "rotate", "--now"]);
    }
    printed(pair, &["master-key", "add", "--beside"]);
    let told = printed(pair, &["master-key", "status"]);
    assert!(told.contains("Key 2 was never used") && told.contains("'master-key swap'"), "{told}");
    pair.restart_auth().await;
    printed(pair, &["master-key", "swap"]);
    pair.restart_auth().await;
    let settings: Settings = SOURCE.load(None, pair.auth_environment()).unwrap().settings;
    let desk = Desk::open(&settings, std::sync::Arc::new(SystemClock)).await.unwrap();
    assert_eq!(desk.reseal(1).await, Ok(1));
    drop(desk);
    // With some values under each key, the service starts and everything opens.
    pair.restart_auth().await;
    assert!(printed(pair, &["master-key", "reseal"]).starts_with("3 values were sealed anew."));
    assert!(printed(pair, &["master-key", "reseal"]).starts_with("0 values were sealed anew."));
    pair.restart_auth().await;
    pair.administrator().await;
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}
