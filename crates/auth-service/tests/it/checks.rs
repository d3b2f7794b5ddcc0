//! `auth.v1.Authorization`: what internal services are told.

use std::time::Duration;

use contracts::auth::v1 as wire;
use domain::{Clock, Timestamp};
use pair::Pair;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::doors::caller::{Doors, asking, check, question};

pair::on_both_engines! {
    an_answer_tells_by_which_grant_and_on_which_data,
    a_question_that_cannot_be_answered_is_refused_with_its_code,
    a_token_is_introspected_while_it_is_good,
    permissions_are_listed_with_their_ways,
    a_tenant_admits_questions_from_its_networks_alone,
    an_answer_about_somebody_else_ends_with_the_right_to_ask,
}

async fn an_answer_tells_by_which_grant_and_on_which_data(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let administrator = pair.administrator().await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let answer = doors.grpc.check(check(viewer.token(), Some("midaz"), "ledgers", "get")).await.unwrap().into_inner();
    let decision = answer.decision.unwrap();
    let grant = decision.grant.unwrap();
    assert!(decision.authorized && answer.revision > 0);
    let told = [grant.product, grant.resource, grant.action, grant.group, grant.role];
    assert_eq!(told, ["midaz", "ledgers", "get", "midaz-viewer-group", "midaz-viewer-role"]);
    let no = doors.grpc.check(check(viewer.token(), None, "ledgers", "post")).await.unwrap().into_inner();
    assert_eq!(no.decision.unwrap().reason(), wire::Reason::Permission);

    let regroup = json!({ "groups": ["midaz-editor-group"] });
    let path = format!("/v1/users/{}", viewer.id);
    pair.identity.patch(&path).bearer(administrator.token()).json(&regroup).send().await.expect(200);
    let asking = async {
        loop {
            let later = doors.grpc.check(check(viewer.token(), None, "ledgers", "post")).await.unwrap().into_inner();
            if later.decision.is_some_and(|decision| decision.authorized) {
                return later.revision;
            }
            tokio::task::yield_now().await;
        }
    };
    let later = tokio::time::timeout(std::time::Duration::from_secs(5), asking).await.unwrap();
    assert!(later > answer.revision, "{later} is not newer than {}", answer.revision);
}

async fn a_question_that_cannot_be_answered_is_refused_with_its_code(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let administrator = pair.administrator().await;
    let of = |token: &str, subject: &str| wire::CheckRequest {
        asking: Some(wire::Asking { subject: subject.to_owned(), ..asking(token) }),
        question: Some(question(None, "ledgers", "get")),
    };
    let nothing = wire::CheckRequest { question: None, ..of(viewer.token(), "") };
    for (request, code, number) in [
        (of("", ""), Code::Unauthenticated, "AUT-0006"),
        (of("a.b.c", ""), Code::Unauthenticated, "AUT-0007"),
        (wire::CheckRequest { asking: None, ..of("", "") }, Code::Unauthenticated, "AUT-0006"),
        (of(viewer.token(), "admin"), Code::PermissionDenied, "AUT-0017"),
        (of(administrator.token(), "nobody"), Code::NotFound, "AUT-1015"),
        (nothing, Code::InvalidArgument, "AUT-0001"),
    ] {
        let refused = doors.grpc.check(request).await.unwrap_err();
        let told = refused.get_details_error_info().unwrap().reason;
        assert_eq!((refused.code(), told.as_str()), (code, number));
    }
    let many = |count| wire::BatchCheckRequest {
        asking: Some(asking(viewer.token())),
        questions: vec![question(None, "ledgers", "get"); count],
    };
    assert_eq!(doors.grpc.batch_check(many(1_000)).await.unwrap().into_inner().decisions.len(), 1_000);
    assert!(doors.grpc.batch_check(many(0)).await.unwrap().into_inner().decisions.is_empty());
    let refused = doors.grpc.batch_check(many(1_001)).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "AUT-0020");
    let about_other = of(administrator.token(), &viewer.id);
    assert!(doors.grpc.check(about_other).await.unwrap().into_inner().decision.unwrap().authorized);
}

async fn a_token_is_introspected_while_it_is_good(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let introspect = |token: &str| wire::IntrospectRequest { access_token: token.to_owned() };
    let claims = crate::contract::claims_of(viewer.token());
    let told = doors.grpc.introspect(introspect(viewer.token())).await.unwrap().into_inner();
    assert!(told.active);
    assert_eq!((told.sub.as_str(), told.username.as_str(), told.r#type.as_str()), (&*viewer.id, "ana", "normal-user"));
    assert_eq!(Some(told.exp), claims["exp"].as_i64());
    assert_eq!(Some(told.jti.as_str()), claims["jti"].as_str());
    assert_eq!(Some(told.scope.as_str()), claims["scope"].as_str());
    let inactive = wire::IntrospectResponse::default();
    for nonsense in ["", "x", "a.b.c"] {
        assert_eq!(doors.grpc.introspect(introspect(nonsense)).await.unwrap().into_inner(), inactive);
    }
    pair.log_out(viewer.tokens["idToken"].as_str().unwrap()).await.expect(204);
    assert_eq!(doors.grpc.introspect(introspect(viewer.token())).await.unwrap().into_inner(), inactive);
}

async fn permissions_are_listed_with_their_ways(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let viewer = pair.person("ana", &["plugin-fees-viewer-group"]).await;
    let request = wire::ListPermissionsRequest { access_token: viewer.token().to_owned() };
    let told = doors.grpc.list_permissions(request).await.unwrap().into_inner();
    let listed: Vec<_> = told
        .permissions
        .iter()
        .map(|grant| format!("{}:{}:{} {} {}", grant.product, grant.resource, grant.action, grant.group, grant.role))
        .collect();
    let way = "plugin-fees-viewer-group plugin-fees-viewer-role";
    assert_eq!(
        listed,
        [
            format!("plugin-fees:fees:get {way}"),
            format!("plugin-fees:packages:get {way}"),
            "plugin-identity:update-password:patch  ".to_owned(),
        ]
    );
    assert_eq!(told.valid_until, None);
    let refused = doors.grpc.list_permissions(wire::ListPermissionsRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

async fn a_tenant_admits_questions_from_its_networks_alone(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let administrator = pair.administrator().await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let admit = |networks: serde_json::Value| {
        let body = json!({ "settings": { "allowedNetworks": networks } });
        pair.identity.patch("/v1/tenants/lerian").bearer(administrator.token()).json(&body).send()
    };
    for wrong in [json!(["office"]), json!("192.0.2.0/24"), json!([7]), json!(["10.0.0.0/33"])] {
        admit(wrong).await.refused(400, "IDE-0002");
    }
    let set = admit(json!(["192.0.2.7/24", "2001:db8::/32"])).await.expect(200);
    assert_eq!(set.body["settings"]["allowedNetworks"], json!(["192.0.2.0/24", "2001:db8::/32"]));

    let ask = async |client_ip: Option<&str>| {
        let body = json!({ "resource": "ledgers", "action": "get", "clientIp": client_ip });
        pair.auth.post("/v1/authorize").bearer(viewer.token()).json(&body).send().await.expect(200)
    };
    crate::tls::eventually(async || ask(Some("198.51.100.1")).await.body["authorized"] == false).await;
    for (client_ip, expected) in
        [(Some("192.0.2.200"), true), (Some("2001:db8::1"), true), (Some("x"), false), (Some(""), false), (None, false)]
    {
        let answer = ask(client_ip).await;
        assert_eq!(answer.body["authorized"], expected, "{client_ip:?}");
        assert_eq!(answer.body.get("reason").and_then(|reason| reason.as_str()), (!expected).then_some("network"));
    }
    for (client_ip, expected) in [("192.0.2.200", true), ("198.51.100.1", false), ("", false)] {
        let asking = wire::Asking { client_ip: client_ip.to_owned(), ..asking(viewer.token()) };
        let request = wire::CheckRequest { asking: Some(asking), question: Some(question(None, "ledgers", "get")) };
        let decision = doors.grpc.check(request).await.unwrap().into_inner().decision.unwrap();
        assert_eq!(decision.authorized, expected, "{client_ip}");
        assert_eq!(decision.reason() == wire::Reason::Network, !expected);
    }
    // Where nobody is kept out, nobody needs to tell an address.
    admit(json!([])).await.expect(200);
    crate::tls::eventually(async || ask(None).await.body["authorized"] == true).await;
}

async fn an_answer_about_somebody_else_ends_with_the_right_to_ask(pair: &Pair) {
    let mut doors = Doors::of(pair).await;
    let administrator = pair.administrator().await;
    let carl = pair.person("carl", &[]).await;
    // Times are told to the millisecond.
    let until = Timestamp::parse(&pair.clock.now().plus(Duration::from_secs(60)).to_string()).unwrap();
    let path = format!("/v1/users/{}/roles/platform-role", carl.id);
    let bounds = json!({ "validUntil": until.to_string() });
    pair.identity.put(&path).bearer(administrator.token()).json(&bounds).send().await.expect(200);
    let about = |subject: &str| wire::CheckRequest {
        asking: Some(wire::Asking { subject: subject.to_owned(), ..asking(carl.token()) }),
        question: Some(question(None, "ledgers", "get")),
    };
    crate::tls::eventually(async || doors.grpc.clone().check(about("admin")).await.is_ok()).await;
    let told = doors.grpc.check(about("admin")).await.unwrap().into_inner();
    assert!(told.decision.unwrap().authorized);
    assert_eq!(told.valid_until, Some(until.micros()));
    pair.pass(Duration::from_secs(61));
    assert_eq!(doors.grpc.check(about("admin")).await.unwrap_err().code(), Code::PermissionDenied);
}
