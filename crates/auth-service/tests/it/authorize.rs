//! `POST /v1/authorize` and `GET /v1/permissions`, as the middleware and the consoles use them.

use pair::Pair;
use serde_json::{Value, json};

pair::on_both_engines! {
    the_middleware_of_every_version_gets_its_answer,
    an_application_acts_as_the_editor_of_its_own_product_alone,
    a_question_about_somebody_else_needs_the_right_to_ask,
    who_may_ask_about_others_needs_the_scope_and_names_them_as_they_are_called,
    permissions_are_shown_as_consoles_read_them,
    a_taken_away_group_is_felt_at_once,
    a_question_that_cannot_be_read_is_refused,
}

async fn ask(pair: &Pair, token: &str, body: Value) -> testkit::Answer {
    pair.auth.post("/v1/authorize").header("authorization", token).json(&body).send().await
}

async fn the_middleware_of_every_version_gets_its_answer(pair: &Pair) {
    let person = pair.person("ana", &["midaz-contributor-group"]).await;
    for sub in [
        format!("lerian/{}", person.id),
        format!("anything/{}", person.id),
        person.id.clone(),
        "ana".to_owned(),
        "ANA".to_owned(),
        String::new(),
    ] {
        for (action, expected) in [("post", true), ("delete", false), ("POST", false)] {
            let answer = ask(pair, person.token(), json!({ "sub": sub, "resource": "ledgers", "action": action }));
            let answer = answer.await.expect(200);
            assert_eq!(answer.body["authorized"], expected, "{sub} {action}");
            assert_eq!(answer.body.get("code"), None, "older clients take a code for a refusal");
            assert_eq!(answer.body.get("reason"), (!expected).then(|| json!("permission")).as_ref());
            let time = answer.text_of("timestamp");
            assert!(time.ends_with('Z') && time.contains('T'), "{time}");
        }
    }
    // Members of later versions, of any type, decide nothing.
    let later = json!({
        "resource": "ledgers", "action": "get", "clientIp": "192.0.2.1", "attributes": { "organizationId": "1" },
        "filter": ["a"], "pending": ["b"], "actorToken": "x", "fromTheFuture": null,
    });
    assert_eq!(ask(pair, person.token(), later).await.expect(200).body["authorized"], true);
    for (product, expected) in [("midaz", true), ("routing", false), ("nobody", false), ("", true)] {
        let question = json!({ "resource": "ledgers", "action": "get", "product": product });
        assert_eq!(ask(pair, person.token(), question).await.expect(200).body["authorized"], expected, "{product}");
    }
}

async fn an_application_acts_as_the_editor_of_its_own_product_alone(pair: &Pair) {
    let application = pair.application("plugin-smart-template").await;
    let token = pair.application_token(&application).await;
    let own = crate::contract::claims_of(&token)["sub"].as_str().unwrap().to_owned();
    for (sub, expected) in [
        ("admin/plugin-smart-template-editor-role", true),
        ("admin/plugin-smart-templates-editor-role", true),
        ("lerian/plugin-smart-templates-editor-role", true),
        ("admin/midaz-editor-role", false),
        ("admin/plugin-identity-editor-role", false),
        (own.as_str(), true),
        (application.id.as_str(), true),
    ] {
        let question = json!({ "sub": sub, "resource": "templates", "action": "delete" });
        assert_eq!(ask(pair, &token, question).await.expect(200).body["authorized"], expected, "{sub}");
    }
    let users = json!({ "resource": "users", "action": "get" });
    assert_eq!(ask(pair, &token, users).await.expect(200).body["authorized"], false);
}

async fn a_question_about_somebody_else_needs_the_right_to_ask(pair: &Pair) {
    let administrator = pair.administrator().await;
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    let about = |sub: &str, action: &str| json!({ "sub": sub, "resource": "ledgers", "action": action });
    ask(pair, viewer.token(), about("lerian/admin", "get")).await.refused(403, "AUT-0017");
    ask(pair, viewer.token(), about("lerian/nobody", "get")).await.refused(403, "AUT-0017");
    let other = format!("lerian/{}", viewer.id);
    assert_eq!(ask(pair, administrator.token(), about(&other, "get")).await.expect(200).body["authorized"], true);
    assert_eq!(ask(pair, administrator.token(), about("ana", "post")).await.expect(200).body["authorized"], false);
    ask(pair, administrator.token(), about("lerian/nobody", "get")).await.refused(404, "AUT-1015");

    let path = format!("/v1/users/{}", viewer.id);
    let disable = json!({ "active": false });
    pair.identity.patch(&path).bearer(administrator.token()).json(&disable).send().await.expect(200);
    crate::people::eventually_refused(pair, viewer.token()).await;
    let suspended = ask(pair, administrator.token(), about(&other, "get")).await.expect(200);
    assert_eq!((&suspended.body["authorized"], &suspended.body["reason"]), (&json!(false), &json!("suspended")));
    ask(pair, viewer.token(), about(&other, "get")).await.refused(401, "AUT-0007");
}

async fn who_may_ask_about_others_needs_the_scope_and_names_them_as_they_are_called(pair: &Pair) {
    let administrator = pair.administrator().await;
    let looks_like_an_id = "0198c0de-0000-7000-8000-00000000abcd";
    let viewer = pair.person(looks_like_an_id, &["midaz-viewer-group"]).await;
    let about = |sub: &str| json!({ "sub": sub, "resource": "ledgers", "action": "get" });
    for sub in [looks_like_an_id, &viewer.id] {
        let answer = ask(pair, administrator.token(), about(sub)).await.expect(200);
        assert_eq!(answer.body["authorized"], true, "{sub}");
    }
    ask(pair, administrator.token(), about(&"x".repeat(2_000))).await.refused(404, "AUT-1015");

    let login = json!({
        "grantType": "password", "username": "admin", "password": administrator.password, "scope": "profile",
    });
    let narrow = pair.auth.post("/v1/login/oauth/access_token").json(&login).send().await.expect(200);
    let narrow = narrow.text_of("accessToken");
    assert_eq!(ask(pair, &narrow, about("")).await.expect(200).body["authorized"], true);
    ask(pair, &narrow, about(looks_like_an_id)).await.refused(403, "AUT-0017");
    pair.auth.get("/v1/subscribers").bearer(&narrow).send().await.refused(403, "AUT-0017");
    pair.auth.get("/v1/subscribers").bearer(viewer.token()).send().await.refused(403, "AUT-0017");
    pair.auth.get("/v1/subscribers").bearer(pair.stranger().await.token()).send().await.refused(403, "AUT-0017");
}

async fn permissions_are_shown_as_consoles_read_them(pair: &Pair) {
    let viewer = pair.person("ana", &["midaz-viewer-group"]).await;
    for path in ["/v1/permissions", "/v1/permissions/"] {
        let shown = pair.auth.get(path).header("authorization", viewer.token()).send().await.expect(200);
        assert_eq!(shown.body["ledgers"], json!(["get", "head"]));
        assert_eq!(shown.body["update-password"], json!(["patch"]));
        assert_eq!(shown.body.get("users"), None);
    }
    let administrator = pair.administrator().await;
    let shown = pair.auth.get("/v1/permissions").bearer(administrator.token()).send().await.expect(200);
    assert_eq!(shown.body["users"], json!(["delete", "get", "patch", "post"]));
}

async fn a_taken_away_group_is_felt_at_once(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    let question = json!({ "resource": "ledgers", "action": "delete" });
    assert_eq!(ask(pair, person.token(), question.clone()).await.expect(200).body["authorized"], true);
    let path = format!("/v1/users/{}", person.id);
    let regroup = json!({ "groups": ["midaz-viewer-group"] });
    pair.identity.patch(&path).bearer(administrator.token()).json(&regroup).send().await.expect(200);
    let asking = async {
        while ask(pair, person.token(), question.clone()).await.expect(200).body["authorized"] == true {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), asking).await.unwrap();
}

async fn a_question_that_cannot_be_read_is_refused(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    ask(pair, person.token(), json!({ "resource": "ledgers" })).await.refused(400, "AUT-0001");
    ask(pair, person.token(), json!({ "resource": 1, "action": "get" })).await.refused(400, "AUT-0009");
    let good = json!({ "resource": "ledgers", "action": "get" });
    pair.auth.post("/v1/authorize").json(&good).send().await.refused(401, "AUT-0006");
    ask(pair, "Bearer", good.clone()).await.refused(401, "AUT-0006");
    ask(pair, "Basic YTpi", good.clone()).await.refused(401, "AUT-0007");
    ask(pair, "x.y.z", good).await.refused(401, "AUT-0007");
}
