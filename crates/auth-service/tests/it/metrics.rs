//! `GET /metrics` of both services: what clients did is counted there, and nothing that they sent is shown.

use pair::{Pair, on_both_engines};
use testkit::Api;

on_both_engines!(what_happened_is_counted, metrics_are_for_operators_alone, the_age_of_streams_is_shown);

/// The metrics of one service.
pub(crate) struct Shown(String);

impl Shown {
    pub(crate) async fn of(operations: &Api) -> Self {
        Self(operations.get("/metrics").send().await.expect(200).text)
    }

    /// The sum of a metric over all its labels that hold these words.
    pub(crate) fn sum(&self, name: &str, words: &[&str]) -> f64 {
        let is_of_it = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
                && words.iter().all(|word| line.contains(word))
        };
        let values = self.0.lines().filter(is_of_it).map(|line| line.rsplit_once(' ').unwrap().1);
        values.map(|value| value.parse::<f64>().unwrap()).sum()
    }
}

async fn what_happened_is_counted(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    let token = pair.application_token(&application).await;
    pair.application_token(&application).await;
    pair.log_in("admin", "wrong").await.refused(401, "AUT-1002");
    pair.refresh(administrator.refresh_token()).await.expect(200);
    pair.auth.get("/v1/permissions").bearer(&token).send().await.expect(200);
    pair.auth.get("/t/lerian/v1/permissions").bearer(&token).send().await.expect(200);
    pair.identity
        .get(&format!("/v1/users/{}", administrator.id))
        .bearer(administrator.token())
        .send()
        .await
        .expect(200);
    pair.identity.get("/v1/none/such").send().await.refused(404, "IDE-0024");

    let auth = Shown::of(&pair.auth_operations()).await;
    let token_route = "route=\"/v1/login/oauth/access_token\"";
    assert_eq!(auth.sum("gatehouse_http_requests_total", &[token_route, "status=\"401\"", "method=\"POST\""]), 1.0);
    assert_eq!(auth.sum("gatehouse_http_requests_total", &["route=\"/v1/permissions\"", "status=\"200\""]), 2.0);
    assert_eq!(auth.sum("gatehouse_http_request_duration_seconds_count", &["route=\"/v1/permissions\""]), 2.0);
    assert_eq!(auth.sum("gatehouse_http_refusals_total", &["code=\"AUT-1002\""]), 1.0);
    for (grant, outcome, count) in [
        ("password", "refused", 1.0),
        ("client_credentials", "issued", 2.0),
        ("refresh_token", "issued", 1.0),
        ("refresh_token", "refused", 0.0),
    ] {
        let words = [&*format!("grant=\"{grant}\""), &*format!("outcome=\"{outcome}\"")];
        assert_eq!(auth.sum("gatehouse_token_requests_total", &words), count, "{grant} {outcome}");
    }
    assert_eq!(auth.sum("gatehouse_cache_lookups_total", &["cache=\"clients\""]), 2.0);
    let unknown_clients = auth.sum("gatehouse_cache_lookups_total", &["cache=\"clients\"", "outcome=\"miss\""]);
    let method = "method=\"identity.v1.Identity/VerifyPassword\"";
    let logins = auth.sum("gatehouse_token_requests_total", &["grant=\"password\""]);
    assert_eq!(auth.sum("gatehouse_grpc_client_calls_total", &[method, "status=\"OK\""]), logins);
    assert!(auth.sum("gatehouse_database_unit_duration_seconds_count", &["kind=\"write\""]) >= 1.0);
    assert_eq!(auth.sum("gatehouse_stream_subscribers", &[]), 1.0);

    let identity = Shown::of(&pair.identity_operations()).await;
    assert_eq!(identity.sum("gatehouse_grpc_server_calls_total", &[method, "status=\"OK\""]), logins);
    assert_eq!(identity.sum("gatehouse_logins_total", &["outcome=\"verified\""]), logins - 1.0);
    assert_eq!(identity.sum("gatehouse_logins_total", &["outcome=\"wrong_credentials\""]), 1.0);
    assert_eq!(identity.sum("gatehouse_client_checks_total", &["outcome=\"verified\""]), unknown_clients);
    assert!(identity.sum("gatehouse_password_hash_duration_seconds_count", &[]) >= logins);
    assert_eq!(identity.sum("gatehouse_http_requests_total", &["route=\"/v1/users/{id}\"", "status=\"200\""]), 1.0);
    assert_eq!(identity.sum("gatehouse_http_requests_total", &["route=\"other\"", "status=\"404\""]), 1.0);
    for text in [&auth.0, &identity.0] {
        for sent in [&administrator.id, &application.client_id, "lerian", "none/such", "admin"] {
            assert!(!text.contains(sent), "{sent} is in {text}");
        }
    }
}

async fn metrics_are_for_operators_alone(pair: &Pair) {
    pair.auth.get("/metrics").send().await.refused(404, "AUT-0018");
    pair.identity.get("/metrics").send().await.refused(404, "IDE-0024");
}

async fn the_age_of_streams_is_shown(pair: &mut Pair) {
    let young = Shown::of(&pair.auth_operations()).await;
    assert!(young.sum("gatehouse_stream_age_seconds", &["stream=\"identity\""]) < 4.5, "{}", young.0);
    assert!(young.sum("gatehouse_database_feed_age_seconds", &[]) < 4.5);
    assert_eq!(young.sum("gatehouse_lease_holds", &["lease=\"epochs\""]), 1.0);
    pair.stop_identity().await;
    pair.restart_auth_alone().await;
    let unknown = Shown::of(&pair.auth_operations()).await;
    assert_eq!(unknown.sum("gatehouse_stream_age_seconds", &["stream=\"identity\""]), f64::INFINITY);
    assert_eq!(unknown.sum("gatehouse_lease_holds", &["lease=\"epochs\""]), 0.0);
}
