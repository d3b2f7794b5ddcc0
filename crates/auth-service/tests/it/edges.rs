//! The HTTP edge: what every operation does without a token, with a stranger's, and with nonsense; and the routes that
//! every service has.

use pair::Pair;
use serde_json::json;

pair::on_both_engines! {
    no_operation_answers_without_a_token_or_to_nonsense,
    every_operation_with_a_strangers_token_finds_and_changes_nothing,
    a_door_of_a_tenant_takes_what_is_of_that_tenant,
    no_operation_falls_to_an_absurd_request,
    there_is_an_answer_where_there_is_no_route,
    every_service_tells_how_it_is,
    head_is_get_without_a_body,
    keys_that_the_caller_has_are_not_sent_again,
    a_body_that_is_declared_too_long_is_not_waited_for,
}

async fn no_operation_answers_without_a_token_or_to_nonsense(pair: &Pair) {
    let walked = pair::walk(pair, &pair.auth, &auth_service::http::document(), "AUT").await;
    assert_eq!(walked, 14);
}

async fn every_operation_with_a_strangers_token_finds_and_changes_nothing(pair: &Pair) {
    let administrator = pair.administrator().await;
    let own = format!("/v1/users/{}/sessions", administrator.id);
    let walked = pair::isolate(pair, &pair.auth, &auth_service::http::document(), "AUT").await;
    assert_eq!(walked, 14);
    let live = pair.auth.get(&own).bearer(administrator.token()).send().await.expect(200);
    assert!(live.body.as_array().unwrap().iter().any(|session| session["current"] == true), "{}", live.text);
    assert_eq!(pair.identity.get("/v1/users").bearer(administrator.token()).send().await.expect(200).status, 200);
}

async fn a_door_of_a_tenant_takes_what_is_of_that_tenant(pair: &Pair) {
    let stranger = pair.stranger().await;
    let made = json!({ "name": "midaz", "description": "x" });
    let made = pair.identity.post("/v1/applications").bearer(stranger.token()).json(&made).send().await.expect(201);
    let (id, secret) = (made.text_of("clientId"), made.text_of("clientSecret"));
    let machine = pair.client_credentials(&id, &secret).await.expect(200).text_of("refreshToken");
    let password = json!({ "grantType": "password", "username": stranger.username, "password": stranger.password });
    let client = json!({ "grantType": "client_credentials", "clientId": id, "clientSecret": secret });
    let tokens = |tenant: &str, body: &serde_json::Value| {
        pair.auth.post(&format!("/t/{tenant}/v1/login/oauth/access_token")).json(body).send()
    };
    let refresh = |tenant: &str, token: &str| {
        let body = json!({ "refreshToken": token });
        pair.auth.post(&format!("/t/{tenant}/v1/login/oauth/refresh_token")).json(&body).send()
    };
    for tenant in ["lerian", "nowhere"] {
        tokens(tenant, &password).await.refused(401, "AUT-1002");
        tokens(tenant, &client).await.refused(401, "AUT-1004");
        for token in [stranger.refresh_token(), &machine] {
            refresh(tenant, token).await.refused(400, "AUT-1005");
        }
    }
    tokens("elsewhere", &password).await.expect(200);
    tokens("elsewhere", &client).await.expect(200);
    for token in [stranger.refresh_token(), &machine] {
        refresh("elsewhere", token).await.expect(200);
    }
}

async fn no_operation_falls_to_an_absurd_request(pair: &Pair) {
    assert!(pair::batter(pair, &pair.auth, &auth_service::http::document()).await > 9);
}

#[test]
fn the_published_document_is_the_one_that_is_served() {
    let published = include_str!("../../../../docs/openapi/auth-service.json");
    let served = auth_service::http::document().to_pretty_json().unwrap();
    assert_eq!(published.trim_end(), served.trim_end(), "run 'cargo xtask generate'");
}

async fn there_is_an_answer_where_there_is_no_route(pair: &Pair) {
    pair.auth.get("/v1/nothing").send().await.refused(404, "AUT-0018");
    pair.auth.get("/nothing").send().await.refused(404, "AUT-0018");
    let wrong = pair.auth.get("/v1/login/oauth/access_token").send().await.refused(405, "AUT-0019");
    assert_eq!(wrong.headers["allow"], "POST");
    pair.auth.put("/v1/sessions").send().await.refused(405, "AUT-0019");
}

async fn every_service_tells_how_it_is(pair: &Pair) {
    for api in [&pair.auth, &pair.identity] {
        assert_eq!(api.get("/health").send().await.expect(200).text, "healthy");
        assert_eq!(api.get("/readyz").send().await.expect(200).body, json!({ "status": "ready" }));
        assert!(api.get("/version").send().await.expect(200).body["version"].is_string());
        let page = api.get("/docs/").send().await.expect(200);
        assert_eq!(page.headers["content-type"], "text/html");
        assert_eq!(page.headers["content-encoding"], "gzip");
        let document = api.get("/openapi.json").send().await.expect(200);
        assert_eq!(document.body["openapi"], "3.1.0");
        let given = api.get("/health").header("x-request-id", "trace-7").send().await;
        assert_eq!(given.headers["x-request-id"], "trace-7");
        let undefined = api.get("/health").header("x-request-id", "a b\u{e4}").send().await;
        assert_ne!(undefined.headers["x-request-id"], "a b\u{e4}");
    }
}

async fn head_is_get_without_a_body(pair: &Pair) {
    for path in ["/health", "/.well-known/jwks.json"] {
        let answer = pair.auth.call("HEAD", path).send().await.expect(200);
        assert_eq!(answer.text, "");
    }
    assert_eq!(pair.auth.call("HEAD", "/v1/userinfo").send().await.status, 401);
    assert_eq!(pair.auth.get("/docs").send().await.status, 307);
    let stored = pair.auth.get("/health").send().await;
    assert_eq!(stored.headers["cache-control"], "no-store");
}

async fn keys_that_the_caller_has_are_not_sent_again(pair: &Pair) {
    let first = pair.auth.get("/.well-known/jwks.json").send().await.expect(200);
    let tag = first.headers["etag"].to_str().unwrap();
    for path in ["/.well-known/jwks.json", "/t/elsewhere/.well-known/jwks.json"] {
        let again = pair.auth.get(path).header("if-none-match", tag).send().await.expect(304);
        assert_eq!((again.text.as_str(), &again.headers["etag"]), ("", &first.headers["etag"]));
        assert_eq!(again.headers["cache-control"], "public, max-age=300");
        let other = pair.auth.get(path).header("if-none-match", "\"other\"").send().await.expect(200);
        assert_eq!(other.text, first.text);
    }
}

async fn a_body_that_is_declared_too_long_is_not_waited_for(pair: &Pair) {
    use std::io::{Read, Write};
    let address = pair.auth.base().trim_start_matches("http://").to_owned();
    let answer = tokio::task::block_in_place(|| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let head =
            "POST /v1/login/oauth/access_token HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    });
    assert_eq!(answer, "HTTP/1.1 413");
}
