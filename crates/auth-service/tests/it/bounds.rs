//! Clients that are slow, that say too much, or that hold connections: they are ended in time, and others are served.

use std::time::Duration;

use pair::{Application, Pair, Person};
use serde_json::json;
use testkit::Socket;

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_AUTH__HTTP__HEAD_SECONDS", "1"),
        ("GATEHOUSE_AUTH__HTTP__BODY_SECONDS", "1"),
        ("GATEHOUSE_AUTH__HTTP__BODY_BYTES", "16384"),
        ("GATEHOUSE_IDENTITY__HTTP__HEAD_SECONDS", "1"),
        ("GATEHOUSE_IDENTITY__HTTP__BODY_SECONDS", "1"),
    ];
    slow_heads_are_ended_in_time,
    slow_bodies_are_ended_in_time,
    what_is_too_long_is_refused,
}

pair::on_both_engines! {
    thousands_of_idle_connections_hinder_nobody,
    a_silent_grpc_connection_is_ended,
}

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__HTTP__CONNECTIONS_PER_NETWORK", "20")];
    one_network_holds_no_more_connections_than_its_share,
}

/// Over the bound of the settings, and far under what no bound would be.
const PATIENCE: Duration = Duration::from_secs(20);
/// Idle connections to open, where the limit of open files allows as many; each takes two, one for either end.
const IDLE: usize = 4_000;

const DOOR: &str = "POST /v1/login/oauth/access_token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

/// Somebody who is served while others misbehave.
struct Served {
    person: Person,
    application: Application,
}

impl Served {
    async fn at(pair: &Pair) -> Self {
        Self { person: pair.person("ana", &["midaz-viewer-group"]).await, application: pair.application("midaz").await }
    }

    async fn still(&self, pair: &Pair) {
        let Application { client_id, client_secret, .. } = &self.application;
        pair.client_credentials(client_id, client_secret).await.expect(200);
        pair.log_in("ana", &self.person.password).await.expect(200);
        let question = json!({ "resource": "ledgers", "action": "get" });
        let answer = pair.auth.post("/v1/authorize").bearer(self.person.token()).json(&question).send().await;
        assert_eq!(answer.expect(200).body["authorized"], true);
    }
}

async fn slow_heads_are_ended_in_time(pair: &Pair) {
    let served = Served::at(pair).await;
    for base in [pair.auth.base(), pair.identity.base()] {
        let mut slow = Vec::new();
        for part in ["", "POST /v1", DOOR] {
            for _ in 0..20 {
                let mut socket = Socket::connect(base).await;
                socket.send(part).await;
                slow.push(socket);
            }
        }
        served.still(pair).await;
        for socket in &mut slow {
            let answer = socket.until_closed(PATIENCE).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
}

async fn slow_bodies_are_ended_in_time(pair: &Pair) {
    let served = Served::at(pair).await;
    for (base, path, code) in [
        (pair.auth.base(), "/v1/login/oauth/access_token", "AUT-0009"),
        (pair.identity.base(), "/v1/users", "IDE-0008"),
    ] {
        let mut slow = Vec::new();
        for rest in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
            for _ in 0..20 {
                let mut socket = Socket::connect(base).await;
                let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{rest}");
                socket.send(head).await;
                slow.push(socket);
            }
        }
        served.still(pair).await;
        for socket in &mut slow {
            // One byte from time to time does not keep it alive.
            socket.send("1").await;
            let answer = socket.until_closed(PATIENCE).await;
            assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(code), "{answer}");
        }
    }
}

async fn what_is_too_long_is_refused(pair: &Pair) {
    let served = Served::at(pair).await;
    let (line, header) = ("a".repeat(200_000), "b".repeat(200_000));
    let many: String = (0..500).map(|number| format!("h{number}: 1\r\n")).collect();
    for base in [pair.auth.base(), pair.identity.base()] {
        for head in [
            format!("GET /{line} HTTP/1.1\r\nHost: a\r\n\r\n"),
            format!("GET /health HTTP/1.1\r\nHost: a\r\nlong: {header}\r\n\r\n"),
            format!("GET /health HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
            "GET /v1/\u{fffd}\u{1} HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "nonsense\r\n\r\n".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            format!("{DOOR}Content-Length: -1\r\n\r\n{{}}"),
            format!("{DOOR}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"),
            format!("{DOOR}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            format!("{DOOR}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{{"),
            format!("{DOOR}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{{"),
        ] {
            let mut socket = Socket::connect(base).await;
            socket.send(&head).await;
            let answer = socket.until_closed(PATIENCE).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:.100}: {answer}");
        }
    }
    // A body that never ends is not read to its end.
    let mut endless = Socket::connect(pair.auth.base()).await;
    endless.send(format!("{DOOR}Transfer-Encoding: chunked\r\n\r\n")).await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let sending = async { while endless.send(&chunk).await {} };
    tokio::time::timeout(PATIENCE, sending).await.expect("the service reads without end");
    let body = vec![b' '; 20_000];
    let long =
        pair.auth.post("/v1/authorize").bearer(served.person.token()).bytes("application/json", body).send().await;
    long.refused(413, "AUT-0020");
    served.still(pair).await;
}

async fn thousands_of_idle_connections_hinder_nobody(pair: &Pair) {
    let served = Served::at(pair).await;
    let possible = service_kit::lifecycle::descriptors().saturating_sub(600) / 4;
    for base in [pair.auth.base(), pair.identity.base()] {
        let mut idle = Vec::new();
        for number in 0..IDLE.min(possible) {
            let mut socket = Socket::connect(base).await;
            // Half of them have asked once and stay: those are kept longest.
            if number % 2 == 0 {
                socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
                assert!(socket.first().await.starts_with("HTTP/1.1 200"));
            }
            idle.push(socket);
        }
        served.still(pair).await;
    }
}

async fn a_silent_grpc_connection_is_ended(pair: &Pair) {
    for base in [pair.auth_grpc(), pair.identity_grpc()] {
        let mut silent = Socket::connect(&base).await;
        let mut late = Socket::connect(&base).await;
        late.send("PRI *").await;
        silent.until_closed(PATIENCE).await;
        late.until_closed(PATIENCE).await;
    }
}

async fn one_network_holds_no_more_connections_than_its_share(pair: &Pair) {
    let mut held = Vec::new();
    let refused = loop {
        let mut socket = Socket::connect(pair.auth.base()).await;
        socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = tokio::time::timeout(PATIENCE, socket.first()).await.unwrap();
        if answer.is_empty() {
            break held.len();
        }
        held.push(socket);
        assert!(held.len() <= 20, "more than its share");
    };
    // The client of the tests keeps some connections as well.
    assert!(refused >= 10, "{refused}");
    drop(held);
    let answered = async {
        loop {
            let mut socket = Socket::connect(pair.auth.base()).await;
            socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
            if socket.first().await.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}
