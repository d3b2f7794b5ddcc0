//! What a proxy is told: who calls, and how a request that may not pass is answered.

use std::collections::BTreeMap;

use envoy_types::ext_authz::v3::pb::{CheckResponse, HeaderAppendAction, HeaderValueOption, HttpResponse};
use pair::Pair;
use serde_json::Value;

use super::caller::{Doors, is_ok};

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__AUTHORIZATION__ROUTES", crate::doors::ROUTES)];
    a_request_that_may_pass_tells_who_calls,
    a_request_that_may_not_pass_is_answered_for_the_client,
}

fn headers(options: &[HeaderValueOption]) -> BTreeMap<String, String> {
    let of = |option: &HeaderValueOption| {
        assert_eq!(option.append_action, i32::from(HeaderAppendAction::OverwriteIfExistsOrAdd));
        let header = option.header.clone().unwrap();
        (header.key, header.value)
    };
    options.iter().map(of).collect()
}

async fn a_request_that_may_pass_tells_who_calls(pair: &Pair) {
    let doors = Doors::of(pair).await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let application = pair.application("midaz").await;
    let machine = pair.application_token(&application).await;
    for (token, method, kind) in [(viewer.token(), "GET", "normal-user"), (&machine, "DELETE", "application")] {
        let claims = crate::contract::claims_of(token);
        let shown = [("authorization", &*format!("Bearer {token}")), ("x-gatehouse-subject", "admin")];
        let answer = doors.pass(method, "/v1/ledgers/7?x=1", &shown).await;
        assert!(is_ok(&answer), "{answer:?}");
        let Some(HttpResponse::OkResponse(ok)) = answer.http_response else { panic!("it may not pass") };
        let told = headers(&ok.headers);
        let expected = [
            ("x-gatehouse-client", claims["client_id"].as_str().unwrap()),
            ("x-gatehouse-subject", claims["sub"].as_str().unwrap()),
            ("x-gatehouse-tenant", "lerian"),
            ("x-gatehouse-tenant-id", claims["tenantId"].as_str().unwrap()),
            ("x-gatehouse-type", kind),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(ok.headers_to_remove.contains(&"x-http-method-override".to_owned()));
    }
}

fn denial(answer: CheckResponse) -> (i32, String, BTreeMap<String, String>) {
    assert!(!is_ok(&answer));
    let Some(HttpResponse::DeniedResponse(denied)) = answer.http_response else { panic!("it may pass") };
    let body: Value = serde_json::from_str(&denied.body).unwrap();
    assert!(body["title"].is_string() && body["message"].is_string());
    (denied.status.unwrap().code, body["code"].as_str().unwrap().to_owned(), headers(&denied.headers))
}

async fn a_request_that_may_not_pass_is_answered_for_the_client(pair: &Pair) {
    let doors = Doors::of(pair).await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let bearer = format!("Bearer {}", viewer.token());
    let both = format!("{bearer},{bearer}");
    let basic = "Basic YTpi";
    for (authorization, method, path, status, code) in [
        (None, "GET", "/v1/ledgers/7", 401, "AUT-0006"),
        (Some("Bearer x.y.z"), "GET", "/v1/ledgers/7", 401, "AUT-0007"),
        (Some(viewer.token()), "GET", "/v1/ledgers/7", 401, "AUT-0007"),
        (Some(basic), "GET", "/v1/ledgers/7", 401, "AUT-0007"),
        (Some(&both), "GET", "/v1/ledgers/7", 401, "AUT-0007"),
        (Some(&bearer), "DELETE", "/v1/ledgers/7", 403, "AUT-0017"),
        (Some(&bearer), "GET", "/v1/ledgers", 403, "AUT-0017"),
        (Some(&bearer), "GET", "/v1/ledgers/a%2Fb", 403, "AUT-0017"),
        (Some(&bearer), "GET", "/v1/ledgers/..", 403, "AUT-0017"),
        (Some(&bearer), "GET", "/v1/ledgers/%2e%2e", 403, "AUT-0017"),
        (Some(&bearer), "GET", "/v1/x/../ledgers/7", 403, "AUT-0017"),
        (Some(&bearer), "get", "/v1/ledgers/7", 403, "AUT-0017"),
    ] {
        let shown: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        let (told, number, headers) = denial(doors.pass(method, path, &shown).await);
        assert_eq!((told, number.as_str()), (status, code), "{authorization:?} {method} {path}");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers.contains_key("www-authenticate"), status == 401);
    }
    pair.log_out(viewer.tokens["idToken"].as_str().unwrap()).await.expect(204);
    let (status, code, _) = denial(doors.pass("GET", "/v1/ledgers/7", &[("authorization", &bearer)]).await);
    assert_eq!((status, code.as_str()), (401, "AUT-0007"), "the session is over");
}
