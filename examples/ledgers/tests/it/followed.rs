//! With the token-state stream.

use std::time::Duration;

use pair::Engine;
use tonic::Code;
use tonic_types::StatusExt;

use crate::actors::{BOUND, Protected, forged, refused, text};

on_both_engines! {
    a_route_lets_through_who_holds_a_good_token_and_the_permission,
    a_method_lets_through_who_holds_a_good_token_and_the_permission,
    a_token_ends_with_its_session,
    a_right_that_is_taken_away_or_given_counts_at_once,
    nothing_remembered_outlives_its_lease,
}

async fn a_route_lets_through_who_holds_a_good_token_and_the_permission(engine: Engine) {
    let protected = Protected::start(engine, true).await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    let nobody = protected.pair.person("rui", &[]).await;
    let token = viewer.token();

    refused(protected.api.get("/v1/ledgers").send().await, 401);
    for wrong in [&format!("Bearer {}", forged(token)), token, "Bearer nonsense", "Basic YTpi", "Bearer"] {
        refused(protected.api.get("/v1/ledgers").header("authorization", wrong).send().await, 401);
    }
    // Of the same issuer and keys, and no access token.
    refused(protected.list(&text(&viewer.tokens, "idToken")).await, 401);
    let answer = protected.list(token).await.expect(200);
    assert_eq!(answer.body, serde_json::json!({ "ledgers": ["Main", "Reserves"], "for": "ana" }));
    refused(protected.api.post("/v1/ledgers").bearer(token).send().await, 403);
    refused(protected.list(nobody.token()).await, 403);
    // A route that needs no permission.
    refused(protected.api.get("/v1/me").send().await, 401);
    assert_eq!(protected.api.get("/v1/me").bearer(nobody.token()).send().await.expect(200).text_of("name"), "rui");
    assert_eq!(protected.api.get("/health").send().await.expect(200).text, "healthy");
    protected.stop().await;
}

async fn a_method_lets_through_who_holds_a_good_token_and_the_permission(engine: Engine) {
    let protected = Protected::start(engine, true).await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    let nobody = protected.pair.person("rui", &[]).await;
    assert_eq!(protected.call(None).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(protected.call_code(&forged(viewer.token())).await, Code::Unauthenticated);
    assert_eq!(protected.call_code(nobody.token()).await, Code::PermissionDenied);
    let names = protected.call(Some(&format!("Bearer {}", viewer.token()))).await.unwrap();
    assert_eq!(names, ["Main", "Reserves"]);
    protected.stop().await;
}

async fn a_token_ends_with_its_session(engine: Engine) {
    let protected = Protected::start(engine, true).await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    protected.list(viewer.token()).await.expect(200);
    assert_eq!(protected.call_code(viewer.token()).await, Code::Ok);
    protected.pair.log_out(&text(&viewer.tokens, "idToken")).await.expect(204);
    refused(protected.list_until(viewer.token(), 401, BOUND).await, 401);
    assert_eq!(protected.call_code(viewer.token()).await, Code::Unauthenticated);
    protected.stop().await;
}

async fn a_right_that_is_taken_away_or_given_counts_at_once(engine: Engine) {
    let protected = Protected::start(engine, true).await;
    let administrator = protected.pair.administrator().await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    let membership = format!("/v1/groups/midaz-viewer-group/users/{}", viewer.id);
    for _ in 0..3 {
        protected.list(viewer.token()).await.expect(200);
        protected.pair.identity.delete(&membership).bearer(administrator.token()).send().await.expect(204);
        refused(protected.list_until(viewer.token(), 403, BOUND).await, 403);
        assert_eq!(protected.call_code(viewer.token()).await, Code::PermissionDenied);
        let given = protected.pair.identity.put(&membership).bearer(administrator.token());
        given.json(&serde_json::json!({})).send().await.expect(204);
        protected.list_until(viewer.token(), 200, BOUND).await;
    }
    protected.stop().await;
}

async fn nothing_remembered_outlives_its_lease(engine: Engine) {
    let mut protected = Protected::start(engine, true).await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    let nobody = protected.pair.person("rui", &[]).await;
    protected.list(viewer.token()).await.expect(200);
    refused(protected.list(nobody.token()).await, 403);
    protected.stop_gatehouse().await;
    // A question that was never asked has no answer, and no answer is no yes.
    refused(protected.api.post("/v1/ledgers").bearer(viewer.token()).send().await, 503);
    for token in [viewer.token(), nobody.token()] {
        refused(protected.list_until(token, 503, BOUND + Duration::from_secs(1)).await, 503);
        refused(protected.list(token).await, 503);
    }
    let status = protected.call(Some(&format!("Bearer {}", viewer.token()))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
    // A no that stands for good needs no lease.
    refused(protected.list(&forged(viewer.token())).await, 401);
    protected.stop().await;
}
