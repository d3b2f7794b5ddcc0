//! What a collector is sent of a login, and that nobody waits for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Engine, free_port};

use super::collector::{Collector, Span};
use super::fleet::{ADMINISTRATOR_PASSWORD, Fleet};
use super::until;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const LOGIN: &str = "POST /v1/login/oauth/access_token";
const VERIFY: &str = "identity.v1.Identity/VerifyPassword";
/// How long spans may be on their way.
const PATIENCE: Duration = Duration::from_secs(30);

async fn log_in(fleet: &Fleet, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "grantType": "password", "username": "admin", "password": ADMINISTRATOR_PASSWORD });
    let call = fleet.auth(0).post("/t/lerian/v1/login/oauth/access_token?not=told").json(&body);
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await.expect(200)
}

/// The spans of one trace, once both sides of the login have arrived.
async fn arrived(collector: &Collector, is_it: impl Fn(&Span) -> bool) -> Vec<Span> {
    let root = || collector.spans().into_iter().find(|span| span.name == LOGIN && is_it(span));
    let of_trace =
        |root: &Span| -> Vec<Span> { collector.spans().into_iter().filter(|span| span.trace == root.trace).collect() };
    let is_whole = || async {
        root().is_some_and(|root| {
            of_trace(&root).iter().any(|span| span.service == "identity-service" && span.name == VERIFY)
        })
    };
    until(PATIENCE, is_whole).await;
    of_trace(&root().unwrap())
}

/// The lines of a service about one request.
fn lines(fleet: &Fleet, service: &str, request: &str) -> Vec<Value> {
    let output = fleet.output(service);
    let lines = output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} is no JSON")));
    lines.filter(|line: &Value| line["request.id"] == request).collect()
}

async fn a_login_is_one_trace_through_both_services(engine: Engine) {
    let collector = Collector::start(Duration::ZERO).await;
    let changes = [
        ("TELEMETRY__OTLP_ENDPOINT", collector.endpoint()),
        ("TELEMETRY__ENVIRONMENT", "test"),
        ("LOG__LEVEL", "info"),
        ("LOG__FORMAT", "json"),
    ];
    let fleet = Fleet::start_with(engine, 1, &changes).await;
    let answer = log_in(&fleet, &[("x-request-id", "login-1")]).await;
    assert_eq!(answer.headers["x-request-id"], "login-1");
    let spans = arrived(&collector, |span| span.parent.is_empty()).await;

    let only = |service: &str, name: &str| {
        let found: Vec<&Span> = spans.iter().filter(|span| span.service == service && span.name == name).collect();
        let [span] = found.as_slice() else { panic!("{name} of {service} is there {} times: {spans:#?}", found.len()) };
        (*span).clone()
    };
    let (http, call) = (only("auth-service", LOGIN), only("auth-service", VERIFY));
    let served = only("identity-service", VERIFY);
    assert_eq!((&call.parent, &served.parent), (&http.id, &call.id));
    for (service, parent) in [("auth-service", &http), ("identity-service", &served)] {
        let system = if engine == Engine::Sqlite { "sqlite" } else { "postgresql" };
        let units: Vec<&Span> =
            spans.iter().filter(|span| span.service == service && span.name.starts_with("database ")).collect();
        assert!(!units.is_empty(), "{service} asks no database: {spans:#?}");
        for unit in units {
            assert_eq!((&unit.parent, unit.attribute("db.system.name")), (&parent.id, system));
            assert!(parent.lasts.0 <= unit.lasts.0 && unit.lasts.1 <= parent.lasts.1, "{unit:?} in {parent:?}");
        }
    }
    only("auth-service", "database write");
    assert!(spans.iter().all(|span| span.environment == "test" && !span.is_error), "{spans:#?}");
    let about = |name: &str| http.attribute(name);
    assert_eq!((about("http.request.method"), about("http.response.status_code")), ("POST", "200"));
    assert_eq!(about("http.route"), "/v1/login/oauth/access_token");
    assert_eq!((served.attribute("rpc.method"), served.attribute("rpc.grpc.status_code")), ("VerifyPassword", "0"));

    // Both logs tell of the request under its id and the id of the trace.
    for service in ["auth-service", "identity-service"] {
        until(PATIENCE, || async { !lines(&fleet, service, "login-1").is_empty() }).await;
        for line in lines(&fleet, service, "login-1") {
            assert_eq!(line["trace.id"], http.trace, "{line}");
        }
    }

    // A call that is refused, and an answer that is none, say so.
    fleet.auth(0).get("/v1/userinfo").header("x-request-id", "refused").send().await.refused(401, "AUT-0006");
    let refused = || collector.spans().into_iter().find(|span| span.name == "GET /v1/userinfo");
    until(PATIENCE, || async { refused().is_some() }).await;
    let refused = refused().unwrap();
    assert_eq!((refused.attribute("error.type"), refused.is_error), ("AUT-0006", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_one_trace_through_both_services_on_sqlite() {
    a_login_is_one_trace_through_both_services(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_one_trace_through_both_services_on_postgres() {
    a_login_is_one_trace_through_both_services(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_decides_whether_its_trace_is_sent_and_else_the_ratio_does() {
    let collector = Collector::start(Duration::ZERO).await;
    let changes =
        [("TELEMETRY__OTLP_ENDPOINT", collector.endpoint()), ("TELEMETRY__SAMPLE_RATIO", "0"), ("LOG__LEVEL", "info")];
    let mut fleet = Fleet::start_with(Engine::Sqlite, 1, &changes).await;
    let unsampled = "1bf7651916cd43dd8448eb211c80319d";
    log_in(&fleet, &[("x-request-id", "by-the-ratio")]).await;
    log_in(&fleet, &[("x-request-id", "by-the-client"), ("traceparent", &format!("00-{unsampled}-{PARENT}-00"))]).await;
    log_in(&fleet, &[("x-request-id", "sampled"), ("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]).await;
    // What waits is sent before a process ends.
    fleet.stop();
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    let root = spans.iter().find(|span| span.name == LOGIN).unwrap();
    assert_eq!(root.parent, PARENT);
    assert!(spans.iter().any(|span| span.service == "identity-service" && span.name == "database read"), "{spans:#?}");
    // What is not sent has its ids in the log all the same, and the same in both.
    for service in ["auth-service", "identity-service"] {
        let output = fleet.output(service);
        for (request, trace) in [("by-the-client", unsampled), ("sampled", TRACE)] {
            let words = [format!("request.id=\"{request}\""), format!("trace.id={trace}")];
            assert!(output.lines().any(|line| words.iter().all(|word| line.contains(word))), "{words:?} in {output}");
        }
        assert!(output.contains("request.id=\"by-the-ratio\" trace.id="), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_both_logs_have_the_same_ids() {
    let mut fleet = Fleet::start_with(Engine::Sqlite, 1, &[("LOG__LEVEL", "info"), ("LOG__FORMAT", "json")]).await;
    log_in(&fleet, &[("x-request-id", "told"), ("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]).await;
    let fresh = log_in(&fleet, &[("traceparent", "nonsense")]).await;
    let fresh = fresh.headers["x-request-id"].to_str().unwrap().to_owned();
    fleet.stop();
    for service in ["auth-service", "identity-service"] {
        for (request, trace) in [("told", TRACE.to_owned()), (&*fresh, fresh.replace('-', ""))] {
            let lines = lines(&fleet, service, request);
            assert!(!lines.is_empty() && lines.iter().all(|line| line["trace.id"] == trace), "{service}: {lines:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_collector_that_is_slow_or_down() {
    let slow = Collector::start(Duration::from_secs(60)).await;
    let down = format!("http://127.0.0.1:{}", free_port());
    for endpoint in [slow.endpoint(), &down] {
        let changes = [("TELEMETRY__OTLP_ENDPOINT", endpoint), ("LOG__LEVEL", "info")];
        let fleet = Fleet::start_with(Engine::Sqlite, 1, &changes).await;
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let began = Instant::now();
            log_in(&fleet, &[]).await;
            slowest = slowest.max(began.elapsed());
        }
        // An export is given 5 s; a request that waited for one would take as long.
        assert!(slowest < Duration::from_secs(3), "a login took {slowest:?}");
        let is_told = || async { fleet.output("auth-service").contains("the collector takes no traces") };
        until(PATIENCE, is_told).await;
        let told = fleet.output("auth-service").matches("the collector takes no traces").count();
        assert_eq!(told, 1, "it is told once");
    }
}
