//! How often a network, a client and a tenant may ask; what is never counted; and that whoever waits is let in again.

use std::time::Duration;

use pair::Pair;
use serde_json::{Value, json};
use testkit::{Answer, Api};

use crate::metrics::Shown;

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_AUTH__LIMITS__NETWORK_PER_SECOND", "10"),
        ("GATEHOUSE_AUTH__LIMITS__NETWORK_BURST", "40"),
        ("GATEHOUSE_IDENTITY__LIMITS__NETWORK_PER_SECOND", "10"),
        ("GATEHOUSE_IDENTITY__LIMITS__NETWORK_BURST", "40"),
        ("GATEHOUSE_AUTH__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
        ("GATEHOUSE_IDENTITY__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    a_network_that_asks_too_often_is_told_when_to_return,
    questions_are_never_refused,
}

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__LIMITS__NETWORK_PER_SECOND", "10"), ("GATEHOUSE_AUTH__LIMITS__NETWORK_BURST", "40")];
    a_forwarded_address_of_a_stranger_is_not_counted,
}

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_AUTH__LIMITS__CLIENT_PER_SECOND", "5"),
        ("GATEHOUSE_AUTH__LIMITS__CLIENT_BURST", "20"),
        ("GATEHOUSE_IDENTITY__LIMITS__CLIENT_PER_SECOND", "5"),
        ("GATEHOUSE_IDENTITY__LIMITS__CLIENT_BURST", "20"),
    ];
    a_client_that_asks_too_often_hinders_no_other,
    a_refresh_token_that_came_too_early_is_not_spent,
}

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__LIMITS__TENANT_PER_SECOND", "20"), ("GATEHOUSE_IDENTITY__LIMITS__TENANT_PER_SECOND", "20")];
    a_tenant_that_asks_too_often_hinders_no_other,
}

pair::on_both_engines! {
    a_tenant_may_have_a_limit_of_its_own,
}

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_AUTH__LIMITS__FAILED_CLIENTS_PER_MINUTE", "60"),
        ("GATEHOUSE_AUTH__LIMITS__FAILED_CLIENTS_BURST", "5"),
        ("GATEHOUSE_AUTH__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    wrong_secrets_make_their_network_wait_and_no_known_client,
}

const LOOKUPS: &str = "gatehouse_cache_lookups_total";
/// Over every burst of these tests.
const MANY: usize = 400;

/// Asks until it is refused; every answer before must have this status.
async fn exhaust<F: Future<Output = Answer>>(ask: impl Fn() -> F, status: u16, code: &str) -> Answer {
    for _ in 0..MANY {
        let answer = ask().await;
        if answer.status == 429 {
            return answer.refused(429, code);
        }
        answer.expect(status);
    }
    panic!("never refused");
}

/// Asks until it is let in again, in the time that the refusal named.
async fn recover<F: Future<Output = Answer>>(refused: &Answer, ask: impl Fn() -> F, status: u16) {
    let seconds: u64 = header(refused, "retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
    assert_eq!(header(refused, "ratelimit-reset"), seconds.to_string());
    assert_eq!(header(refused, "ratelimit-remaining"), "0");
    let asking = async {
        while ask().await.status != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(seconds + 10), asking).await.unwrap();
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", answer.headers)).to_str().unwrap()
}

async fn ask_from(api: &Api, address: &str, method: &str, path: &str) -> Answer {
    api.call(method, path).header("x-forwarded-for", address).send().await
}

async fn a_network_that_asks_too_often_is_told_when_to_return(pair: &Pair) {
    for (api, path, missing, throttled) in
        [(&pair.auth, "/v1/sessions", 401, "AUT-0015"), (&pair.identity, "/v1/users", 401, "IDE-0021")]
    {
        let first = ask_from(api, "192.0.2.7", "GET", path).await.expect(missing);
        assert_eq!(header(&first, "ratelimit-limit"), "40");
        assert_eq!(header(&first, "ratelimit-remaining"), "39");
        assert_eq!(header(&first, "ratelimit-reset"), "1");
        let refused = exhaust(|| ask_from(api, "192.0.2.7", "GET", path), missing, throttled).await;
        assert_eq!(header(&refused, "ratelimit-limit"), "40");
        assert!(refused.headers.contains_key("x-request-id"));
        // Every route is counted, also one that is none, and under every tenant.
        ask_from(api, "192.0.2.7", "GET", "/t/lerian/v1/nothing").await.refused(429, throttled);
        ask_from(api, "192.0.2.8", "GET", path).await.expect(missing);
        // A subscriber of IPv6 has many addresses and is one network.
        let number = std::sync::atomic::AtomicUsize::new(0);
        let ask = || {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let address = format!("2001:db8:1:2::{number:x}");
            async move { ask_from(api, &address, "GET", path).await }
        };
        exhaust(ask, missing, throttled).await;
        ask_from(api, "2001:db8:1:3::1", "GET", path).await.expect(missing);
        recover(&refused, || ask_from(api, "192.0.2.7", "GET", path), missing).await;
    }
}

async fn questions_are_never_refused(pair: &Pair) {
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    exhaust(|| ask_from(&pair.auth, "192.0.2.7", "GET", "/v1/sessions"), 401, "AUT-0015").await;
    let question = json!({ "resource": "ledgers", "action": "get" });
    for prefix in ["", "/t/lerian"] {
        for _ in 0..60 {
            let call = |method: &str, path: &str| {
                let call = pair.auth.call(method, &format!("{prefix}{path}"));
                call.bearer(person.token()).header("x-forwarded-for", "192.0.2.7")
            };
            call("POST", "/v1/authorize").json(&question).send().await.expect(200);
            call("GET", "/v1/permissions").send().await.expect(200);
            let info = call("GET", "/v1/userinfo").send().await.expect(200);
            assert!(!info.headers.contains_key("ratelimit-limit"));
        }
    }
    for path in ["/health", "/readyz", "/.well-known/jwks.json", "/openapi.json"] {
        ask_from(&pair.auth, "192.0.2.7", "GET", path).await.expect(200);
    }
    exhaust(|| ask_from(&pair.auth, "192.0.2.7", "POST", "/v1/logout"), 400, "AUT-0015").await;
}

async fn a_forwarded_address_of_a_stranger_is_not_counted(pair: &Pair) {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let ask = || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let address = format!("192.0.2.{}", number % 250);
        async move { ask_from(&pair.auth, &address, "GET", "/v1/sessions").await }
    };
    exhaust(ask, 401, "AUT-0015").await;
}

async fn a_client_that_asks_too_often_hinders_no_other(pair: &Pair) {
    let (greedy, other) = (pair.application("midaz").await, pair.application("midaz").await);
    let ask = || pair.client_credentials(&greedy.client_id, &greedy.client_secret);
    let token = pair.application_token(&greedy).await;
    let refused = exhaust(ask, 200, "AUT-0015").await;
    assert_eq!(header(&refused, "ratelimit-limit"), "20");
    pair.client_credentials(&other.client_id, &other.client_secret).await.expect(200);
    // Its name alone does not make it wait.
    for _ in 0..10 {
        pair.client_credentials(&other.client_id, "wrong").await.refused(401, "AUT-1004");
    }
    pair.client_credentials(&other.client_id, &other.client_secret).await.expect(200);
    recover(&refused, ask, 200).await;

    let manage = || pair.identity.get("/v1/groups").bearer(&token).send();
    let refused = exhaust(manage, 403, "IDE-0021").await;
    let others = pair.application_token(&other).await;
    pair.identity.get("/v1/groups").bearer(&others).send().await.refused(403, "IDE-0023");
    recover(&refused, manage, 403).await;
}

async fn a_refresh_token_that_came_too_early_is_not_spent(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let sessions = || pair.auth.get("/v1/sessions").bearer(person.token()).send();
    let refused = exhaust(sessions, 200, "AUT-0015").await;
    pair.refresh(person.refresh_token()).await.refused(429, "AUT-0015");
    recover(&refused, || pair.refresh(person.refresh_token()), 200).await;
}

async fn a_tenant_that_asks_too_often_hinders_no_other(pair: &Pair) {
    let stranger = pair.stranger().await;
    let administrator = pair.administrator().await;
    let sessions = |token: String| async move { pair.auth.get("/v1/sessions").bearer(&token).send().await };
    let refused = exhaust(|| sessions(stranger.token().to_owned()), 200, "AUT-0015").await;
    sessions(administrator.token().to_owned()).await.expect(200);
    recover(&refused, || sessions(stranger.token().to_owned()), 200).await;
    let groups = |token: String| async move { pair.identity.get("/v1/groups").bearer(&token).send().await };
    let refused = exhaust(|| groups(stranger.token().to_owned()), 200, "IDE-0021").await;
    groups(administrator.token().to_owned()).await.expect(200);
    recover(&refused, || groups(stranger.token().to_owned()), 200).await;
}

async fn a_tenant_may_have_a_limit_of_its_own(pair: &Pair) {
    let stranger = pair.stranger().await;
    let administrator = pair.administrator().await;
    let set = |limits: Value| {
        let call = pair.identity.patch("/v1/tenants/elsewhere").bearer(administrator.token());
        async move { call.json(&json!({ "limits": limits })).send().await.expect(200) }
    };
    set(json!({ "requestsPerSecond": 5 })).await;
    let groups = || pair.identity.get("/v1/groups").bearer(stranger.token()).send();
    let refused = exhaust(groups, 200, "IDE-0021").await;
    assert_eq!(header(&refused, "ratelimit-limit"), "5");
    let log_in = || pair.log_in("elsewhere/admin", &stranger.password);
    let refused = exhaust(log_in, 200, "AUT-0015").await;
    assert_eq!(header(&refused, "ratelimit-limit"), "5");
    recover(&refused, log_in, 200).await;
    set(json!({ "requestsPerSecond": null })).await;
    for _ in 0..20 {
        groups().await.expect(200);
        log_in().await.expect(200);
    }
}

async fn wrong_secrets_make_their_network_wait_and_no_known_client(pair: &Pair) {
    let (known, unknown) = (pair.application("midaz").await, pair.application("midaz").await);
    let ask = |address: &'static str, id: &str, secret: &str| {
        let body = json!({ "grantType": "client_credentials", "clientId": id, "clientSecret": secret });
        let call = pair.auth.post("/v1/login/oauth/access_token").header("x-forwarded-for", address);
        async move { call.json(&body).send().await }
    };
    // What was asked while identity told of the new application is not remembered.
    while Shown::of(&pair.auth_operations()).await.sum(LOOKUPS, &["cache=\"clients\"", "outcome=\"hit\""]) == 0.0 {
        ask("192.0.2.7", &known.client_id, &known.client_secret).await.expect(200);
    }
    let refused = exhaust(|| ask("192.0.2.7", &known.client_id, "wrong"), 401, "AUT-0015").await;
    assert_eq!(header(&refused, "ratelimit-limit"), "5");
    // The same with a person's login through a client, and with a refresh.
    let body = json!({
        "grantType": "password", "username": "ana", "password": "x", "clientId": known.client_id, "clientSecret": "wrong",
    });
    let call = pair.auth.post("/v1/login/oauth/access_token").header("x-forwarded-for", "192.0.2.7");
    call.json(&body).send().await.refused(429, "AUT-0015");
    for _ in 0..5 {
        ask("192.0.2.7", &known.client_id, &known.client_secret).await.expect(200);
    }
    ask("192.0.2.8", &unknown.client_id, &unknown.client_secret).await.expect(200);
    recover(&refused, || ask("192.0.2.7", &known.client_id, "wrong"), 401).await;
}
