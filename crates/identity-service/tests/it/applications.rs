//! `/v1/applications` and their secrets.

use std::time::Duration;

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::groups::is_time;

pair::on_both_engines! {
    an_application_is_made_read_and_deleted,
    the_secret_is_shown_once,
    an_application_is_made_for_a_registered_product_only,
    both_names_of_the_templates_are_one_product,
    several_applications_of_a_product_are_told_apart,
    what_is_missing_or_wrong_is_named,
    two_secrets_live_at_once_and_no_third,
    the_old_secret_ends_when_it_was_told_to,
    a_withdrawn_secret_is_dead,
    the_default_application_is_protected,
    an_unknown_application_is_not_found,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn input(name: &str) -> Value {
    json!({ "name": name, "description": "Nightly exports" })
}

async fn an_application_is_made_read_and_deleted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/applications", input("midaz")).await.expect(201);
    assert_eq!(made.headers["cache-control"], "no-store");
    let (client_id, secret) = (made.text_of("clientId"), made.text_of("clientSecret"));
    for text in [&client_id, &secret] {
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)), "{text}");
    }
    assert!(is_time(&made.body["createdAt"]), "{}", made.text);
    let secret_id = made.body["secrets"][0]["id"].clone();
    let shown = |client_secret: &str| {
        json!({
            "id": made.text_of("id"), "name": "midaz", "description": "Nightly exports", "clientId": client_id,
            "clientSecret": client_secret, "createdAt": made.body["createdAt"],
            "secrets": [{ "id": secret_id, "createdAt": made.body["createdAt"] }],
        })
    };
    assert_eq!(made.body, shown(&secret));
    let path = format!("/v1/applications/{}", made.text_of("id"));
    let masked = format!("********{}", secret_id.as_str().unwrap());
    assert_eq!(administrator.get(&path).await.expect(200).body, shown(&masked));
    let listed = administrator.get("/v1/applications").await.expect(200);
    assert_eq!(listed.body.as_array().unwrap().last().unwrap(), &shown(&masked));

    let deleted = administrator.delete(&path).await.expect(204);
    assert_eq!(deleted.text, "");
    administrator.get(&path).await.refused(404, "IDE-1001");
    administrator.delete(&path).await.refused(404, "IDE-1001");
    let listed = administrator.get("/v1/applications").await.expect(200);
    assert!(!listed.text.contains(&client_id), "{}", listed.text);
    pair.client_credentials(&client_id, &secret).await.refused(401, "AUT-1004");
}

async fn the_secret_is_shown_once(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/applications", input("plugin-crm")).await.expect(201);
    let secret = made.text_of("clientSecret");
    let path = format!("/v1/applications/{}", made.text_of("id"));
    for place in [path.as_str(), "/v1/applications", "/v1/applications?limit=100"] {
        let shown = administrator.get(place).await.expect(200);
        assert!(!shown.text.contains(&secret), "{place}");
    }
    let masked = administrator.get(&path).await.expect(200).text_of("clientSecret");
    pair.client_credentials(&made.text_of("clientId"), &masked).await.refused(401, "AUT-1004");
    pair.client_credentials(&made.text_of("clientId"), &secret).await.expect(200);
}

async fn an_application_is_made_for_a_registered_product_only(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let before = administrator.get("/v1/applications").await.expect(200);
    let registered = "must be one of midaz, plugin-crm, plugin-fees, plugin-smart-template, plugin-smart-templates";
    for name in ["plugin-identity", "plugin-auth", "gatehouse", "reporter", "Midaz", "midaz ", "app-lerian"] {
        let refused = administrator.post("/v1/applications", input(name)).await.refused(400, "IDE-0012");
        assert_eq!(refused.body["fields"], json!({ "name": registered }), "{name}");
    }
    assert_eq!(administrator.get("/v1/applications").await.expect(200).body, before.body);
    for name in ["midaz", "plugin-crm", "plugin-fees"] {
        assert_eq!(administrator.post("/v1/applications", input(name)).await.expect(201).body["name"], name);
    }
}

async fn both_names_of_the_templates_are_one_product(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for name in ["plugin-smart-template", "plugin-smart-templates"] {
        let application = pair.application(name).await;
        let shown = administrator.get(&format!("/v1/applications/{}", application.id)).await.expect(200);
        assert_eq!(shown.body["name"], name);
        let token = pair.application_token(&application).await;
        let ask = |sub: &str, resource: &str| json!({ "sub": sub, "resource": resource, "action": "delete" });
        let authorize = |body| pair.auth.post("/v1/authorize").bearer(&token).json(&body).send();
        for sub in ["admin/plugin-smart-template-editor-role", "admin/plugin-smart-templates-editor-role"] {
            assert_eq!(authorize(ask(sub, "templates")).await.expect(200).body["authorized"], true, "{name} {sub}");
            assert_eq!(authorize(ask(sub, "ledgers")).await.expect(200).body["authorized"], false, "{name} {sub}");
        }
    }
}

async fn several_applications_of_a_product_are_told_apart(pair: &Pair) {
    let one = pair.application("plugin-fees").await;
    let two = pair.application("plugin-fees").await;
    assert_ne!(one.client_id, two.client_id);
    pair.client_credentials(&one.client_id, &two.client_secret).await.refused(401, "AUT-1004");
    let mut subjects = Vec::new();
    for application in [&one, &two] {
        let token = pair.application_token(application).await;
        subjects.push(pair.auth.get("/v1/userinfo").bearer(&token).send().await.expect(200).text_of("sub"));
    }
    assert_ne!(subjects[0], subjects[1]);
}

async fn what_is_missing_or_wrong_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let post = |body| administrator.post("/v1/applications", body);
    let missing = post(json!({})).await.refused(400, "IDE-0001");
    assert_eq!(missing.body["fields"], json!({ "name": "is required", "description": "is required" }));
    let unknown = json!({ "name": "midaz", "description": "x", "colour": "blue", "clientSecret": "my-own" });
    let unknown = post(unknown).await.refused(400, "IDE-0004");
    // What sounds like a secret is not sent back.
    assert_eq!(unknown.body["fields"], json!({ "colour": "blue", "clientSecret": "is not accepted" }));
    let mistyped = post(json!({ "name": ["midaz"], "description": 1 })).await.refused(400, "IDE-0002");
    assert_eq!(mistyped.body["fields"], json!({ "name": "must be a string", "description": "must be a string" }));
    let long = post(json!({ "name": "midaz", "description": "a".repeat(256) })).await.refused(400, "IDE-0002");
    assert_eq!(long.body["fields"], json!({ "description": "must have 1 to 255 characters" }));

    let application = pair.application("midaz").await;
    let path = format!("/v1/applications/{}/secrets", application.id);
    for wrong in [json!("3600"), json!(-1), json!(1.5), json!(true)] {
        let refused = administrator.post(&path, json!({ "oldExpiresInSeconds": wrong })).await;
        let reason = json!({ "oldExpiresInSeconds": "must be a whole number" });
        assert_eq!(refused.refused(400, "IDE-0002").body["fields"], reason);
    }
    let long = administrator.post(&path, json!({ "oldExpiresInSeconds": 7_776_001 })).await.refused(400, "IDE-0002");
    assert_eq!(long.body["fields"], json!({ "oldExpiresInSeconds": "must be at most 7776000 seconds" }));
    administrator.post(&path, json!({ "clientSecret": "my-own" })).await.refused(400, "IDE-0004");
    let shown = administrator.get(&format!("/v1/applications/{}", application.id)).await.expect(200);
    assert_eq!(shown.body["secrets"].as_array().unwrap().len(), 1);
}

async fn two_secrets_live_at_once_and_no_third(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let application = pair.application("midaz").await;
    let path = format!("/v1/applications/{}", application.id);
    let before = administrator.get(&path).await.expect(200);
    let added = administrator.call("POST", &format!("{path}/secrets"), None).await.expect(201);
    assert_eq!(added.headers["cache-control"], "no-store");
    let (id, secret) = (added.text_of("id"), added.text_of("clientSecret"));
    assert_eq!(added.body, json!({ "id": id, "clientSecret": secret, "createdAt": added.body["createdAt"] }));
    assert_ne!(secret, application.client_secret);
    administrator.post(&format!("{path}/secrets"), json!({})).await.refused(409, "IDE-1015");

    let shown = administrator.get(&path).await.expect(200);
    let old = before.body["secrets"][0].clone();
    let expires_at = shown.body["secrets"][0]["expiresAt"].clone();
    assert!(is_time(&expires_at), "{}", shown.text);
    let secrets = json!([
        { "id": old["id"], "createdAt": old["createdAt"], "expiresAt": expires_at },
        { "id": id, "createdAt": added.body["createdAt"] },
    ]);
    assert_eq!(shown.body["secrets"], secrets);
    assert_eq!(shown.text_of("clientSecret"), format!("********{id}"));
    for living in [&application.client_secret, &secret] {
        pair.client_credentials(&application.client_id, living).await.expect(200);
    }
}

async fn the_old_secret_ends_when_it_was_told_to(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let at_once = pair.application("midaz").await;
    let path = format!("/v1/applications/{}/secrets", at_once.id);
    administrator.post(&path, json!({ "oldExpiresInSeconds": 0 })).await.expect(201);
    pair.client_credentials(&at_once.client_id, &at_once.client_secret).await.refused(401, "AUT-1004");

    let in_a_week = pair.application("midaz").await;
    let path = format!("/v1/applications/{}", in_a_week.id);
    let added = administrator.post(&format!("{path}/secrets"), json!({})).await.expect(201);
    pair.pass(7 * DAY - Duration::from_secs(1));
    pair.client_credentials(&in_a_week.client_id, &in_a_week.client_secret).await.expect(200);
    pair.pass(Duration::from_secs(1));
    pair.client_credentials(&in_a_week.client_id, &in_a_week.client_secret).await.refused(401, "AUT-1004");
    pair.client_credentials(&in_a_week.client_id, &added.text_of("clientSecret")).await.expect(200);
    let administrator = Caller::administrator(pair).await;
    let shown = administrator.get(&path).await.expect(200);
    assert_eq!(shown.body["secrets"], json!([{ "id": added.body["id"], "createdAt": added.body["createdAt"] }]));
    // There is room for another now.
    administrator.post(&format!("{path}/secrets"), json!({})).await.expect(201);
}

async fn a_withdrawn_secret_is_dead(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let application = pair.application("midaz").await;
    let other = pair.application("midaz").await;
    let path = format!("/v1/applications/{}", application.id);
    let id = administrator.get(&path).await.expect(200).body["secrets"][0]["id"].as_str().unwrap().to_owned();

    // A secret is found under its own application only.
    administrator.delete(&format!("/v1/applications/{}/secrets/{id}", other.id)).await.refused(404, "IDE-1013");
    let unknown = "0198c0de-0000-7000-8000-000000000001";
    administrator.delete(&format!("{path}/secrets/{unknown}")).await.refused(404, "IDE-1013");
    pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);

    administrator.delete(&format!("{path}/secrets/{id}")).await.expect(204);
    administrator.delete(&format!("{path}/secrets/{id}")).await.refused(404, "IDE-1013");
    pair.client_credentials(&application.client_id, &application.client_secret).await.refused(401, "AUT-1004");
    let shown = administrator.get(&path).await.expect(200);
    assert_eq!((&shown.body["secrets"], &shown.body["clientSecret"]), (&json!([]), &json!("")));
    let added = administrator.post(&format!("{path}/secrets"), json!({})).await.expect(201);
    pair.client_credentials(&application.client_id, &added.text_of("clientSecret")).await.expect(200);
}

async fn the_default_application_is_protected(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let listed = administrator.get("/v1/applications").await.expect(200);
    let default = listed.body.as_array().unwrap().iter().find(|one| one["name"] == "app-lerian").unwrap().clone();
    assert_eq!((&default["secrets"], &default["clientSecret"]), (&json!([]), &json!("")));
    let path = format!("/v1/applications/{}", default["id"].as_str().unwrap());
    let secret = "0198c0de-0000-7000-8000-000000000001";
    administrator.delete(&path).await.refused(403, "IDE-1014");
    administrator.post(&format!("{path}/secrets"), json!({})).await.refused(403, "IDE-1014");
    administrator.delete(&format!("{path}/secrets/{secret}")).await.refused(403, "IDE-1014");
    assert_eq!(administrator.get(&path).await.expect(200).body, default);
    pair.administrator().await;
}

async fn an_unknown_application_is_not_found(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let path = "/v1/applications/0198c0de-0000-7000-8000-000000000001";
    administrator.get(path).await.refused(404, "IDE-1001");
    administrator.delete(path).await.refused(404, "IDE-1001");
    administrator.post(&format!("{path}/secrets"), json!({})).await.refused(404, "IDE-1001");
    let secret = format!("{path}/secrets/0198c0de-0000-7000-8000-000000000002");
    administrator.delete(&secret).await.refused(404, "IDE-1001");
}
