//! Floods: HTTP/2 calls that are taken back, and logins by the dozen. Others are served meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use pair::Pair;
use serde_json::json;
use testkit::{Answer, Api, Socket};
use tonic::codegen::http::Request;

pair::on_both_engines! {
    calls_that_are_taken_back_end_the_connection_and_nothing_else,
}

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_AUTH__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
        ("GATEHOUSE_IDENTITY__PASSWORDS__HASHING_THREADS", "1"),
        ("GATEHOUSE_IDENTITY__PASSWORDS__BCRYPT_COST", "8"),
    ];
    a_flood_of_logins_from_one_network_starves_no_other,
    a_flood_of_logins_upon_one_tenant_starves_no_other,
}

/// Calls that are begun and taken back at once (CVE-2023-44487).
const RESETS: usize = 10_000;
/// Logins that are under way at any moment of a flood; several times what may wait.
const FLOOD: usize = 40;

async fn calls_that_are_taken_back_end_the_connection_and_nothing_else(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    let known = [
        (pair.identity_grpc(), "/identity.v1.Identity/FindSubject", pair.secret("auth-to-identity")),
        (pair.auth_grpc(), "/auth.v1.TokenState/Watch", pair.secret("identity-to-auth")),
    ];
    for (base, path, secret) in known {
        for secret in [Some(secret.as_str()), None] {
            let made = take_back(&base, path, secret).await;
            assert!(made < RESETS, "the connection outlived {made} calls that were taken back");
            pair.log_in("ana", &person.password).await.expect(200);
            pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
            pair.identity.get("/v1/groups").bearer(person.token()).send().await.refused(403, "IDE-0023");
        }
    }
}

/// Begins calls and takes each back; tells how many until the other side ended the connection.
async fn take_back(base: &str, path: &str, secret: Option<&str>) -> usize {
    let socket = Socket::connect(base).await.into_inner();
    let (sender, connection) = h2::client::handshake(socket).await.unwrap();
    let ended = tokio::spawn(connection);
    let (mut made, mut sender) = (0, Some(sender));
    while made < RESETS && !ended.is_finished() {
        let Ok(mut ready) = sender.take().unwrap().ready().await else { break };
        let mut request =
            Request::post(format!("{base}{path}")).header("content-type", "application/grpc").header("te", "trailers");
        if let Some(secret) = secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        let Ok((_, mut stream)) = ready.send_request(request.body(()).unwrap(), false) else { break };
        stream.send_reset(h2::Reason::CANCEL);
        (made, sender) = (made + 1, Some(ready));
    }
    drop(sender);
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap().unwrap();
    assert!(made == RESETS || ended.is_err(), "the connection was closed without a reason");
    made
}

/// Logs in again and again from many tasks until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
}

impl Flood {
    fn begin(auth: &Api, login: impl Fn(usize) -> (String, String)) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in 0..FLOOD {
            let (address, username) = login(number);
            let (auth, stop, answered) = (auth.clone(), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = log_in_from(&auth, &address, &username, "Wrong-horse-7-battery").await;
                    assert!([401, 503].contains(&answer.status), "{}", answer.text);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { stop, answered }
    }

    /// Resolves once more was asked for than may wait.
    async fn is_on(&self) {
        while self.answered.load(Ordering::Relaxed) < 2 * FLOOD {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn log_in_from(auth: &Api, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({ "grantType": "password", "username": username, "password": password });
    auth.post("/v1/login/oauth/access_token").header("x-forwarded-for", address).json(&body).send().await
}

async fn a_flood_of_logins_from_one_network_starves_no_other(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let application = pair.application("midaz").await;
    // All of one subscriber, who has many addresses.
    let flood = Flood::begin(&pair.auth, |number| (format!("2001:db8:1:2::{number:x}"), format!("nobody-{number}")));
    flood.is_on().await;
    for _ in 0..10 {
        log_in_from(&pair.auth, "192.0.2.8", "ana", &person.password).await.expect(200);
        pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    }
}

async fn a_flood_of_logins_upon_one_tenant_starves_no_other(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    pair.stranger().await;
    let flood = Flood::begin(&pair.auth, |number| (format!("192.0.2.{number}"), format!("elsewhere/nobody-{number}")));
    flood.is_on().await;
    for _ in 0..10 {
        log_in_from(&pair.auth, "198.51.100.7", "ana", &person.password).await.expect(200);
    }
}
