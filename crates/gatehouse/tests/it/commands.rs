//! The commands of the binary, as an operator runs them.

use std::process::{Command, Output, Stdio};

use pair::{Engine, Pair};
use testkit::TestDatabase;

use crate::{Shelf, environment};

pair::on_both_engines! {
    one_command_backs_up_and_one_restores,
}

/// Runs the binary to its end with nothing but the settings of a pair.
fn run(pair: &Pair, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatehouse"));
    command.env_clear().envs(environment(pair)).args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

#[track_caller]
fn printed(output: &Output) -> (String, String) {
    let [out, error] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    assert!(output.status.success(), "{error}");
    (out, error)
}

async fn one_command_backs_up_and_one_restores(pair: &mut Pair) {
    let shelf = Shelf::new();
    let file = shelf.file("backup");
    let name = file.to_str().unwrap();
    let ana = pair.person("ana", &[]).await;
    let (out, error) = printed(&run(pair, &["backup", "--to", name]));
    assert!(out.starts_with(&format!("{name}: ")) && out.lines().count() == 1, "{out}");
    assert!(error.contains("identity-service: users, 2 rows"), "{error}");
    assert!(
        error.contains("auth.key") && error.contains("identity.key") && error.contains("gatehouse verify"),
        "{error}"
    );

    let (out, _) = printed(&run(pair, &["verify", name]));
    assert!(out.starts_with(&format!("{name}: whole, as of ")) && out.contains("  users: 2 rows\n"), "{out}");

    let output = run(pair, &["restore", "--from", name, "--replace"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.lines().last().unwrap().starts_with("gatehouse: the database "), "{error}");

    pair.stop_over(TestDatabase::fresh(Engine::Postgres).await, TestDatabase::fresh(Engine::Postgres).await).await;
    let (out, error) = printed(&run(pair, &["restore", "--from", name]));
    assert!(out.contains("rows restored, as of "), "{out}");
    let next = "Every session and token from before has ended. Start identity-service and auth-service now.";
    assert_eq!(error.lines().last(), Some(next));
    pair.start_again().await;
    pair.auth.get("/v1/userinfo").bearer(ana.token()).send().await.refused(401, "AUT-0007");
    pair.person("bea", &[]).await;
}
