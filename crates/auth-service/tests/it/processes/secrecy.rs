//! Everything that needs a secret is done with known ones, at the most verbose level, and then none of them stands in
//! anything that the processes wrote, showed or sent: logs, standard error, commands, metrics, traces.

mod acts;
mod found;

use std::time::Duration;

use testkit::Engine;

use self::acts::Acts;
use self::found::{Secrets, forms};
use super::collector::Collector;
use super::fleet::Fleet;
use super::until;

async fn no_secret_is_told(engine: Engine, format: &str) {
    let collector = Collector::start(Duration::ZERO).await;
    let changes = [
        ("TELEMETRY__OTLP_ENDPOINT", collector.endpoint()),
        ("LOG__LEVEL", "trace"),
        ("LOG__FORMAT", format),
        ("GRPC__REFLECTION", "true"),
    ];
    let mut fleet = Fleet::start_with(engine, 1, &changes).await;
    let mut acts = Acts::begin(&fleet);
    acts.log_in().await;
    acts.administer().await;
    acts.run_software().await;
    acts.go_wrong().await;
    acts.call_as_a_stranger().await;
    acts.run_commands().await;
    acts.end_sessions().await;
    let Acts { secrets, personal, mut shown, requests, .. } = acts;
    for operations in fleet.operations() {
        shown.push(("metrics", operations.get("/metrics").send().await.expect(200).text));
        shown.push(("readiness", operations.get("/readyz").send().await.text));
    }
    let has_arrived = || async { collector.text().contains("/v1/logout") };
    until(Duration::from_secs(30), has_arrived).await;
    fleet.stop();
    let logs = ["auth-service", "identity-service"].map(|service| (service, fleet.output(service)));
    shown.extend(logs.clone());
    shown.push(("traces", collector.text()));

    // What is no secret is told, so that the test looks where things are written.
    let all_logs = logs.map(|(_, log)| log).concat();
    for request in &requests {
        assert!(all_logs.contains(request.as_str()), "request {request} is in no log");
    }
    for (service, level) in [("auth-service", "DEBUG"), ("identity-service", "DEBUG")] {
        assert!(fleet.output(service).contains(level), "{service} is not verbose");
    }
    let text_of =
        |name: &str| shown.iter().filter(|(of, _)| *of == name).map(|(_, text)| text.as_str()).collect::<String>();
    assert!(text_of("metrics").contains("gatehouse_logins_total"));
    assert!(
        text_of("traces").contains("identity.v1.Identity/VerifyPassword") && text_of("traces").contains("AUT-1002")
    );
    assert!(text_of("commands").contains("kid") && text_of("commands").contains("user.reset_password"));

    let mut leaks = secrets.look_into(&shown);
    shown.retain(|(place, _)| *place != "commands");
    leaks.extend(personal.look_into(&shown));
    assert!(leaks.is_empty(), "{} leaks: {leaks:#?}", leaks.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_on_sqlite() {
    no_secret_is_told(Engine::Sqlite, "json").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_on_postgres() {
    no_secret_is_told(Engine::Postgres, "text").await;
}

#[test]
fn a_secret_is_found_in_every_form() {
    let mut secrets = Secrets::default();
    let password = "Pa ss\"wörd+7/&=";
    secrets.add("a password", password);
    let token = format!("{}.{}.{}", "h".repeat(40), "p".repeat(200), "signature-".repeat(8));
    secrets.add("a token", &token);
    for form in forms(password) {
        let told = format!("a line with {form} in it");
        assert_eq!(secrets.look_into(&[("log", told)]).len(), 1, "{form}");
    }
    let told = |text: &str| secrets.look_into(&[("log", text.to_owned())]).len();
    assert_eq!(told(&format!("cut off: {}", &token[..150])), 1, "the beginning of a token");
    assert_eq!(told(&format!("the end: {}", &token[token.len() - 40..])), 1, "the end of a token");
    assert_eq!(told(r#"Debug: "Pa ss\"wörd+7/&=""#), 1);
    assert_eq!(told("nothing at all, Pa ss, 7"), 0);
}
