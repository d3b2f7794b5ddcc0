//! The commands of the binary, as an operator runs them.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pair::Pair;
use serde_json::json;
use testkit::TestDatabase;

use crate::caller::Caller;
use crate::users::PASSWORD;

pair::on_both_engines! {
    a_recovered_administrator_is_one_again,
    a_recovered_administrator_gets_a_fresh_password_where_none_is_given,
    a_recovered_administrator_gets_no_password_that_is_refused_elsewhere,
    the_master_key_is_rotated_without_losing_a_password,
    a_wrong_master_key_changes_nothing,
    the_administrator_of_any_tenant_is_recovered,
    tenants_are_administered_while_the_service_runs,
    a_refused_tenant_command_says_what_to_do,
}

testkit::on_both_engines! {
    a_schema_that_is_not_there_is_refused_and_then_made,
    a_schema_of_a_newer_program_is_refused,
    a_port_that_is_taken_is_told_in_one_sentence,
    keys_of_another_deployment_are_refused,
}

/// Runs the binary to its end with nothing but this environment.
pub(crate) fn run(environment: &[(String, String)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity-service"));
    command.env_clear().envs(environment.iter().cloned()).args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

fn set(name: &str, value: impl Into<String>) -> (String, String) {
    (format!("GATEHOUSE_IDENTITY__{name}"), value.into())
}

/// What a refused command leaves: its status, nothing on standard output, and one sentence.
#[track_caller]
pub(crate) fn refusal(output: &Output) -> String {
    let sentence = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{sentence}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.starts_with("identity-service: "), "{sentence}");
    sentence.trim_end().to_owned()
}

#[track_caller]
pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A folder with the secrets of a deployment, and the environment that names them.
fn deployment(folder: &Path, database: &TestDatabase) -> Vec<(String, String)> {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.display().to_string()
    };
    vec![
        set("DATABASE__URL", database.url_text()),
        set("HTTP__LISTEN", "127.0.0.1:0"),
        set("GRPC__LISTEN", "127.0.0.1:0"),
        set("OPERATIONS__LISTEN", "127.0.0.1:0"),
        set("KEYS__FILE", file("identity.key", "1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI")),
        set("GRPC__CALLERS__AUTH_SERVICE", file("auth-to-identity.secret", &"a".repeat(64))),
        set("AUTH__SECRET_FILE", file("identity-to-auth.secret", &"b".repeat(64))),
        set("ADMIN__PASSWORD_FILE", file("admin-password", PASSWORD)),
        set("PASSWORDS__BCRYPT_COST", "4"),
        set("LOG__LEVEL", "off"),
    ]
}

#[test]
fn settings_are_printed_without_passwords() {
    let url = "postgres://gatehouse:hunter2@db.example:5432/identity";
    let shown = printed(&run(&[set("DATABASE__URL", url), set("HTTP__WORKERS", "3")], &["config"]));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("postgres://gatehouse:hidden@db.example:5432/identity"), "{shown}");
    let table: toml::Table = shown.parse().unwrap();
    assert_eq!(table["http"]["workers"].as_integer(), Some(3));
    assert_eq!(table["tokens"]["default_tenant"].as_str(), Some("lerian"));
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_one() {
    let folder = tempfile::tempdir().unwrap();
    let sentence = refusal(&run(&[set("DATABASE__POOLSIZE", "3")], &["config"]));
    assert!(sentence.contains("GATEHOUSE_IDENTITY__DATABASE__POOLSIZE"), "{sentence}");
    assert!(sentence.ends_with("did you mean 'database.pool_size'?"), "{sentence}");

    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "[limits]\nlogin_throtle = false\n").unwrap();
    let sentence = refusal(&run(&[], &["config", "--settings", file.to_str().unwrap()]));
    assert!(sentence.ends_with("did you mean 'limits.login_throttle'?"), "{sentence}");
    let sentence = refusal(&run(&[], &["serve", "--settings", "/nowhere/settings.toml"]));
    assert!(sentence.contains("/nowhere/settings.toml cannot be read"), "{sentence}");
}

#[test]
fn a_file_overrides_the_reference_and_the_environment_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "[http]\nworkers = 2\n[database]\npool_size = 5\n").unwrap();
    let arguments = ["config", "--settings", file.to_str().unwrap()];
    let shown: toml::Table = printed(&run(&[set("HTTP__WORKERS", "7")], &arguments)).parse().unwrap();
    assert_eq!(shown["http"]["workers"].as_integer(), Some(7));
    assert_eq!(shown["database"]["pool_size"].as_integer(), Some(5));
    assert_eq!(shown["passwords"]["bcrypt_cost"].as_integer(), Some(12));
}

#[test]
fn the_reference_names_every_setting_with_its_default() {
    let reference = printed(&run(&[], &["config", "--reference"]));
    assert_eq!(reference, identity_service::settings::SOURCE.reference);
    let [documented, in_force] =
        [reference, printed(&run(&[], &["config"]))].map(|text| text.parse::<toml::Table>().unwrap());
    assert_eq!(documented, in_force);
}

#[test]
fn the_published_document_is_the_one_that_is_printed() {
    let printed = printed(&run(&[], &["openapi"]));
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi/identity-service.json");
    let published = std::fs::read_to_string(published).unwrap();
    assert!(published == printed, "docs/openapi/identity-service.json is stale; run 'cargo xtask generate'");
}

async fn a_schema_that_is_not_there_is_refused_and_then_made(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let environment = deployment(folder.path(), &database);
    let sentence = refusal(&run(&environment, &["serve"]));
    assert!(
        sentence.ends_with("the database is older than this program; run the 'migrate' command first"),
        "{sentence}"
    );

    let ran = printed(&run(&environment, &["migrate"]));
    assert!(ran.contains(": ran "), "{ran}");
    let again = printed(&run(&environment, &["migrate"]));
    assert!(again.ends_with(": nothing to do\n"), "{again}");
    assert!(!again.contains(PASSWORD));
}

async fn a_schema_of_a_newer_program_is_refused(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let environment = deployment(folder.path(), &database);
    printed(&run(&environment, &["migrate"]));
    let migration = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
    tokio::task::block_in_place(|| database.execute(migration));
    for command in ["serve", "migrate"] {
        let sentence = refusal(&run(&environment, &[command]));
        assert!(sentence.contains("99990101000000, which this program does not know"), "{sentence}");
    }
}

async fn a_port_that_is_taken_is_told_in_one_sentence(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let environment = deployment(folder.path(), &database);
    printed(&run(&environment, &["migrate"]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for name in ["HTTP__LISTEN", "GRPC__LISTEN", "OPERATIONS__LISTEN"] {
        let mut environment = environment.clone();
        environment.push(set(name, &address));
        let sentence = refusal(&run(&environment, &["serve"]));
        assert!(sentence.contains(&format!("cannot listen on {address}")), "{sentence}");
    }
}

async fn keys_of_another_deployment_are_refused(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let mut environment = deployment(folder.path(), &database);
    printed(&run(&environment, &["migrate"]));
    // The first start keeps a check value; it ends at a port that is taken.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    environment.push(set("HTTP__LISTEN", taken.local_addr().unwrap().to_string()));
    refusal(&run(&environment, &["serve"]));
    let other = folder.path().join("other.key");
    std::fs::write(&other, "1:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\n").unwrap();
    environment.push(set("KEYS__FILE", other.display().to_string()));
    let sentence = refusal(&run(&environment, &["serve"]));
    assert!(sentence.contains("are not those of this database"), "{sentence}");
}

async fn a_recovered_administrator_is_one_again(pair: &mut Pair) {
    let folder = tempfile::tempdir().unwrap();
    let first = pair.administrator().await;
    let second = pair.person("second", &["admin-group"]).await;
    let path = format!("/v1/users/{}", first.id);
    let lost = json!({ "active": false, "groups": [] });
    Caller::of(pair, &second).patch(&path, lost).await.expect(200);
    pair.log_in("admin", &first.password).await.refused(401, "AUT-1002");

    pair.stop_identity().await;
    let file = folder.path().join("password");
    std::fs::write(&file, "Another-horse-9-battery\n").unwrap();
    recover(pair, &file);
    pair.restart_identity().await;

    pair.log_in("admin", &first.password).await.refused(401, "AUT-1002");
    let tokens = pair.log_in("admin", "Another-horse-9-battery").await.expect(200);
    let administrator = Caller::new(pair, &tokens.text_of("accessToken"));
    let shown = administrator.get(&path).await.expect(200);
    assert_eq!((&shown.body["active"], &shown.body["groups"]), (&json!(true), &json!(["admin-group"])));
    administrator.delete(&format!("/v1/users/{}", second.id)).await.expect(204);
    // What was issued before is dead.
    Caller::of(pair, &first).get("/v1/groups").await.refused(401, "IDE-0009");
}

async fn a_recovered_administrator_gets_a_fresh_password_where_none_is_given(pair: &mut Pair) {
    let folder = tempfile::tempdir().unwrap();
    let first = pair.administrator().await;
    pair.stop_identity().await;
    let file = folder.path().join("password");
    recover(pair, &file);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    pair.restart_identity().await;
    pair.log_in("admin", &first.password).await.refused(401, "AUT-1002");
    let fresh = std::fs::read_to_string(&file).unwrap();
    pair.log_in("admin", fresh.trim_end()).await.expect(200);
}

async fn a_recovered_administrator_gets_no_password_that_is_refused_elsewhere(pair: &mut Pair) {
    let folder = tempfile::tempdir().unwrap();
    let first = pair.administrator().await;
    pair.stop_identity().await;
    let file = folder.path().join("password");
    for (password, code) in [("short", "IDE-0020"), ("Password1234", "IDE-0027")] {
        std::fs::write(&file, format!("{password}\n")).unwrap();
        let arguments = ["admin", "recover", "--password-file", file.to_str().unwrap()];
        let sentence = refusal(&run(&pair.identity_environment(), &arguments));
        assert!(sentence.contains(code) && !sentence.contains(password), "{sentence}");
    }
    pair.restart_identity().await;
    pair.log_in("admin", &first.password).await.expect(200);
}

/// Runs `admin recover`, which never shows the password.
fn recover(pair: &Pair, file: &Path) {
    let arguments = ["admin", "recover", "--password-file", file.to_str().unwrap()];
    let done = printed(&run(&pair.identity_environment(), &arguments));
    let expected = format!("'admin' is an administrator again; the password is in {}\n", file.display());
    assert_eq!(done, expected);
}

async fn tenants_are_administered_while_the_service_runs(pair: &Pair) {
    let environment = pair.identity_environment();
    let act = |arguments: &[&str]| {
        let arguments: Vec<&str> = [&["tenants"], arguments].concat();
        tokio::task::block_in_place(|| run(&environment, &arguments))
    };
    let made = printed(&act(&["create", "acme", "--display-name", "Acme Bank", "--users", "5"]));
    let (told, password) = made.trim_end().split_once("never shown again: ").unwrap();
    assert_eq!(told, "'acme' is made; 'acme/admin' administers it; the password, ");
    let tokens = pair.log_in("acme/admin", password).await.expect(200);

    let list = printed(&act(&["list"]));
    let rows: Vec<Vec<&str>> =
        list.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(
        rows[0].iter().map(|cell| cell.trim()).collect::<Vec<_>>(),
        ["NAME", "DISPLAY NAME", "ACTIVE", "CREATED", "ID"]
    );
    assert_eq!(rows[2][..2].iter().map(|cell| cell.trim()).collect::<Vec<_>>(), ["acme", "Acme Bank"]);
    let administrator = Caller::administrator(pair).await;
    let listed: serde_json::Value = serde_json::from_str(&printed(&act(&["list", "--json"]))).unwrap();
    assert_eq!(listed, administrator.get("/v1/tenants").await.expect(200).body);

    assert_eq!(printed(&act(&["rename", "acme", "Acme"])), "'acme' is shown as 'Acme'\n");
    let arguments =
        ["set", "acme", "--access-token-seconds", "600", "--users", "none", "--password-kinds", "upper,digit"];
    let shown = printed(&act(&arguments));
    for (name, value) in [("access-token-seconds", "600"), ("users", "no limit"), ("password-kinds", "upper,digit")] {
        assert!(
            shown.lines().any(|line| line.split_once(' ').is_some_and(|(n, v)| n == name && v.trim() == value)),
            "{shown}"
        );
    }
    assert_eq!(printed(&act(&["show", "acme"])), shown);
    let shown: serde_json::Value = serde_json::from_str(&printed(&act(&["show", "acme", "--json"]))).unwrap();
    assert_eq!(shown, administrator.get("/v1/tenants/acme").await.expect(200).body);
    assert_eq!((&shown["displayName"], &shown["limits"]), (&json!("Acme"), &json!({})));

    assert!(printed(&act(&["disable", "acme"])).starts_with("'acme' is disabled"));
    ends(pair, &tokens.text_of("accessToken")).await;
    pair.log_in("acme/admin", password).await.refused(401, "AUT-1002");
    printed(&act(&["enable", "acme"]));
    pair.log_in("acme/admin", password).await.expect(200);

    let sentence = refusal(&act(&["delete", "acme", "--yes", "acmee"]));
    assert!(sentence.ends_with("repeat the name of the tenant with '--yes acme'"), "{sentence}");
    printed(&act(&["delete", "acme", "--yes", "acme"]));
    pair.log_in("acme/admin", password).await.refused(401, "AUT-1002");
    administrator.get("/v1/tenants/acme").await.refused(404, "IDE-1018");
}

/// Asks identity until it has heard that a token is dead.
async fn ends(pair: &Pair, token: &str) {
    let caller = Caller::new(pair, token);
    let asking = async { while caller.get("/v1/users").await.status == 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(5), asking).await.unwrap();
    caller.get("/v1/users").await.refused(401, "IDE-0009");
}

async fn a_refused_tenant_command_says_what_to_do(pair: &Pair) {
    let environment = pair.identity_environment();
    let folder = tempfile::tempdir().unwrap();
    let act = |arguments: &[&str]| {
        let arguments: Vec<&str> = [&["tenants"], arguments].concat();
        tokio::task::block_in_place(|| run(&environment, &arguments))
    };
    for (arguments, part) in [
        (&["show", "nowhere"][..], "IDE-1018"),
        (&["create", "lerian"], "IDE-1009"),
        (&["create", "Acme"], "'name' must be"),
        (&["set", "lerian", "--access-token-seconds", "5"], "'settings.accessTokenSeconds' must be 60 to 6900"),
        (&["disable", "lerian"], "IDE-1020"),
        (&["delete", "lerian", "--yes", "lerian"], "IDE-1020"),
    ] {
        let sentence = refusal(&act(arguments));
        assert!(sentence.contains(part), "{sentence}");
    }
    // A password that is told goes into a file, and nowhere else.
    let file = folder.path().join("password");
    let made = printed(&act(&["create", "acme", "--admin-password-file", file.to_str().unwrap()]));
    let password = std::fs::read_to_string(&file).unwrap();
    assert!(!made.contains(password.trim_end()) && made.contains(file.to_str().unwrap()), "{made}");
    pair.log_in("acme/admin", password.trim_end()).await.expect(200);
}

async fn the_administrator_of_any_tenant_is_recovered(pair: &Pair) {
    let folder = tempfile::tempdir().unwrap();
    let stranger = pair.stranger().await;
    let file = folder.path().join("password");
    std::fs::write(&file, "Another-horse-9-battery\n").unwrap();
    let arguments = ["admin", "recover", "--tenant", "elsewhere", "--password-file", file.to_str().unwrap()];
    let done = tokio::task::block_in_place(|| printed(&run(&pair.identity_environment(), &arguments)));
    assert_eq!(done, format!("'elsewhere/admin' is an administrator again; the password is in {}\n", file.display()));
    pair.log_in("elsewhere/admin", "Another-horse-9-battery").await.expect(200);
    pair.log_in("elsewhere/admin", &stranger.password).await.refused(401, "AUT-1002");
    pair.log_in("admin", &stranger.password).await.expect(200);
}

/// Runs a command of the deployment keys in the environment of the pair.
fn master_key(pair: &Pair, arguments: &[&str]) -> Output {
    run(&pair.identity_environment(), &[&["master-key"], arguments].concat())
}

async fn the_master_key_is_rotated_without_losing_a_password(pair: &mut Pair) {
    let administrator = pair.administrator().await;
    let long = "Correct-horse-7-staple-".repeat(4);
    let path = format!("/v1/users/{}/reset-password", pair.person("ana", &[]).await.id);
    Caller::of(pair, &administrator).patch(&path, json!({ "newPassword": long })).await.expect(204);
    let path = format!("/v1/users/{}/reset-password", pair.person("bruno", &[]).await.id);
    Caller::of(pair, &administrator).patch(&path, json!({ "newPassword": long })).await.expect(204);

    assert!(printed(&master_key(pair, &["add"])).starts_with("Key 2 was added."));
    pair.stop_identity().await;
    pair.restart_identity().await;
    assert!(printed(&master_key(pair, &["reseal"])).starts_with("1 values were sealed anew."));
    assert!(printed(&master_key(pair, &["reseal"])).starts_with("0 values were sealed anew."));
    let status = printed(&master_key(pair, &["status"]));
    assert!(status.contains("2 passwords over 72 bytes"), "{status}");
    // A login moves the password of who logs in.
    pair.log_in("ana", &long).await.expect(200);
    let refused = refusal(&master_key(pair, &["drop"]));
    assert!(refused.contains("key 1 is needed by 1 passwords over 72 bytes"), "{refused}");

    // Without the old key the service does not start while a password needs it.
    let file = pair.folder().join("identity.key");
    let both = std::fs::read_to_string(&file).unwrap();
    let without: String = both.lines().filter(|line| !line.starts_with("1:")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, without).unwrap();
    pair.stop_identity().await;
    let mut environment = pair.identity_environment();
    environment.push(set("LOG__LEVEL", "off"));
    let sentence = refusal(&run(&environment, &["serve"]));
    assert!(sentence.contains("lacks key 1, which is needed by 1 passwords over 72 bytes"), "{sentence}");
    std::fs::write(&file, both).unwrap();
    pair.restart_identity().await;
    pair.log_in("bruno", &long).await.expect(200);
    assert!(printed(&master_key(pair, &["drop"])).starts_with("Key 2 is the only one now."));
    pair.stop_identity().await;
    pair.restart_identity().await;
    pair.log_in("ana", &long).await.expect(200);
    pair.log_in("bruno", &long).await.expect(200);
}

async fn a_wrong_master_key_changes_nothing(pair: &mut Pair) {
    pair.stop_identity().await;
    let file = pair.folder().join("identity.key");
    let right = std::fs::read_to_string(&file).unwrap();
    let wrong = "1:BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\n";
    std::fs::write(&file, wrong).unwrap();
    let password_file = pair.folder().join("new-password");
    let recover = ["admin", "recover", "--password-file", password_file.to_str().unwrap()];
    let mut environment = pair.identity_environment();
    environment.push(set("LOG__LEVEL", "off"));
    for arguments in [["serve"].as_slice(), &recover, &["master-key", "add"], &["master-key", "status"]] {
        let sentence = refusal(&run(&environment, arguments));
        assert!(sentence.contains("are not those of this database"), "{sentence}");
    }
    assert!(!password_file.exists());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), wrong);
    std::fs::write(&file, right).unwrap();
    pair.restart_identity().await;
    pair.administrator().await;
}
