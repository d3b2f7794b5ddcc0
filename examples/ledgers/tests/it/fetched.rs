//! Without the token-state stream: keys over HTTP, and a question at every request.

use pair::Engine;
use tonic::Code;

use crate::actors::{Protected, forged, refused, text};

on_both_engines! {
    without_the_stream_every_request_is_asked_about,
    keys_and_answers_come_over_tls,
}

async fn without_the_stream_every_request_is_asked_about(engine: Engine) {
    let mut protected = Protected::start(engine, false).await;
    let administrator = protected.pair.administrator().await;
    let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
    let editor = protected.pair.person("eva", &["midaz-editor-group"]).await;
    refused(protected.api.get("/v1/ledgers").send().await, 401);
    refused(protected.list(&forged(viewer.token())).await, 401);
    refused(protected.list(&text(&viewer.tokens, "idToken")).await, 401);
    protected.list(viewer.token()).await.expect(200);
    assert_eq!(protected.call_code(viewer.token()).await, Code::Ok);
    refused(protected.api.post("/v1/ledgers").bearer(viewer.token()).send().await, 403);

    let membership = format!("/v1/groups/midaz-viewer-group/users/{}", viewer.id);
    protected.pair.identity.delete(&membership).bearer(administrator.token()).send().await.expect(204);
    protected.list_until(viewer.token(), 403, crate::actors::BOUND).await;
    protected.api.get("/v1/me").bearer(viewer.token()).send().await.expect(200);
    // auth itself knows of its own logout before it answers it.
    protected.pair.log_out(&text(&viewer.tokens, "idToken")).await.expect(204);
    refused(protected.list(viewer.token()).await, 401);
    refused(protected.api.get("/v1/me").bearer(viewer.token()).send().await, 401);
    assert_eq!(protected.call_code(viewer.token()).await, Code::Unauthenticated);

    protected.list(editor.token()).await.expect(200);
    protected.stop_gatehouse().await;
    refused(protected.list(editor.token()).await, 503);
    refused(protected.api.get("/v1/me").bearer(editor.token()).send().await, 503);
    assert_eq!(protected.call_code(editor.token()).await, Code::Unavailable);
    refused(protected.list(&forged(editor.token())).await, 401);
    protected.stop().await;
}

async fn keys_and_answers_come_over_tls(engine: Engine) {
    for stream in [true, false] {
        let protected = Protected::start_over_tls(engine, stream).await;
        let viewer = protected.pair.person("ana", &["midaz-viewer-group"]).await;
        protected.list(viewer.token()).await.expect(200);
        refused(protected.api.post("/v1/ledgers").bearer(viewer.token()).send().await, 403);
        refused(protected.list(&forged(viewer.token())).await, 401);
        protected.stop().await;
    }
}
