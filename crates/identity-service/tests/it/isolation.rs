//! Tenants: what belongs to another one does not exist.

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    every_operation_with_a_strangers_token_finds_and_changes_nothing,
    an_administrator_of_another_tenant_finds_and_changes_nothing,
    a_list_shows_the_own_tenant_alone,
    names_of_another_tenant_are_free,
    a_path_names_the_tenant_of_the_token_or_nothing,
}

const NOBODY: &str = "0198c0de-0000-7000-8000-000000000001";

/// Everything an administrator can see.
async fn everything(administrator: &Caller) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/v1/users",
        "/v1/groups",
        "/v1/roles",
        "/v1/applications",
        "/v1/groups/fraud-desk/permissions",
        "/v1/roles/fraud-clerk/permissions",
    ] {
        seen.push(administrator.get(path).await.expect(200).body);
    }
    seen
}

async fn every_operation_with_a_strangers_token_finds_and_changes_nothing(pair: &Pair) {
    let tables = ["users", "groups", "applications", "application_secrets WHERE withdrawn_at IS NULL"];
    let refused = "audit_events WHERE action = 'tenant.administer' AND code = 'IDE-0023'";
    let walked = pair::isolate(pair, &pair.identity, &identity_service::http::document(), "IDE").await;
    assert_eq!(walked, 52);
    let counted = |rows: &str| tokio::task::block_in_place(|| pair.identity_database().count(rows));
    // What both began with, what each has of its own, and what the stranger made on the walk: a group and an application.
    // The user that was to be put into a group of the first tenant was not made.
    assert_eq!(tables.map(counted), [3, 35, 5, 3]);
    assert_eq!(counted(refused), 8);
    let administrator = Caller::administrator(pair).await;
    let group = administrator.get("/v1/groups/first-desk").await.expect(200);
    assert_eq!(
        (&group.body["name"], &group.body["users"]),
        (&json!("Desk of the First"), &json!(["ana.of-the-first"]))
    );
}

async fn an_administrator_of_another_tenant_finds_and_changes_nothing(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let stranger = pair.stranger().await;
    administrator.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    administrator.post("/v1/roles", json!({ "name": "Fraud Clerk" })).await.expect(201);
    let person = pair.person("ana", &["fraud-desk"]).await;
    let application = pair.application("midaz").await;
    let path = format!("/v1/applications/{}", application.id);
    let secret = administrator.get(&path).await.expect(200).body["secrets"][0]["id"].as_str().unwrap().to_owned();
    let before = everything(&administrator).await;

    let stranger_id = stranger.id.clone();
    let stranger = Caller::of(pair, &stranger);
    let acts = |user: &str, group: &str, role: &str, application: &str| {
        let question = "product=midaz&resource=ledgers&action=get";
        let explained = |subject: &str| format!("/v1/permissions/explanation?subject={subject}&{question}");
        let (of_user, of_application) = (explained(user), explained(application));
        let (user, group) = (format!("/v1/users/{user}"), format!("/v1/groups/{group}"));
        let given = |holder: &str| format!("{holder}/roles/midaz-viewer-role");
        let nothing = json!({ "permissions": [] });
        let role = format!("/v1/roles/{role}");
        let application = format!("/v1/applications/{application}");
        vec![
            ("GET", user.clone(), Value::Null, "IDE-1003"),
            ("PATCH", user.clone(), json!({ "firstName": "Eva", "active": false, "groups": [] }), "IDE-1003"),
            ("DELETE", user.clone(), Value::Null, "IDE-1003"),
            ("PATCH", format!("{user}/reset-password"), json!({ "newPassword": PASSWORD }), "IDE-1003"),
            ("GET", of_user, Value::Null, "IDE-1022"),
            ("GET", of_application, Value::Null, "IDE-1022"),
            ("GET", format!("{user}/permissions"), Value::Null, "IDE-1003"),
            ("PUT", format!("{user}/permissions"), nothing.clone(), "IDE-1003"),
            ("PUT", given(&user), json!({}), "IDE-1003"),
            ("DELETE", given(&user), Value::Null, "IDE-1003"),
            ("GET", format!("{user}/effective-permissions"), Value::Null, "IDE-1003"),
            ("GET", role.clone(), Value::Null, "IDE-1021"),
            ("PATCH", role.clone(), json!({ "name": "Mine" }), "IDE-1021"),
            ("GET", format!("{role}/permissions"), Value::Null, "IDE-1021"),
            ("PUT", format!("{role}/permissions"), nothing.clone(), "IDE-1021"),
            ("DELETE", role, Value::Null, "IDE-1021"),
            ("PUT", given(&group), json!({}), "IDE-1006"),
            ("DELETE", given(&group), Value::Null, "IDE-1006"),
            ("GET", group.clone(), Value::Null, "IDE-1006"),
            ("PATCH", group.clone(), json!({ "name": "Mine" }), "IDE-1006"),
            ("GET", format!("{group}/permissions"), Value::Null, "IDE-1006"),
            ("PUT", format!("{group}/permissions"), json!({ "permissions": [] }), "IDE-1006"),
            ("PUT", format!("{group}/users/{stranger_id}"), json!({}), "IDE-1006"),
            ("DELETE", format!("{group}/users/{stranger_id}"), Value::Null, "IDE-1006"),
            ("DELETE", group, Value::Null, "IDE-1006"),
            ("GET", format!("{application}/permissions"), Value::Null, "IDE-1001"),
            ("PUT", format!("{application}/permissions"), nothing, "IDE-1001"),
            ("PUT", given(&application), json!({}), "IDE-1001"),
            ("DELETE", given(&application), Value::Null, "IDE-1001"),
            ("GET", format!("{application}/effective-permissions"), Value::Null, "IDE-1001"),
            ("GET", application.clone(), Value::Null, "IDE-1001"),
            ("POST", format!("{application}/secrets"), json!({}), "IDE-1001"),
            ("DELETE", format!("{application}/secrets/{secret}"), Value::Null, "IDE-1001"),
            ("DELETE", application, Value::Null, "IDE-1001"),
        ]
    };
    let foreign = acts(&person.id, "fraud-desk", "fraud-clerk", &application.id);
    let absent = acts(NOBODY, "no-such-desk", "no-such-clerk", NOBODY);
    for ((method, path, body, code), (_, absent, ..)) in foreign.into_iter().zip(absent) {
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = stranger.call(method, &path, body).await.refused(404, code);
        // Nothing tells it from what does not exist anywhere.
        assert_eq!(answer.text, stranger.call(method, &absent, body).await.refused(404, code).text, "{method} {path}");
    }
    // Groups that both tenants have: the person is in neither of theirs.
    for group in ["admin-group", "midaz-viewer-group"] {
        let path = format!("/v1/groups/{group}/users/{}", person.id);
        stranger.put(&path, json!({})).await.refused(404, "IDE-1003");
        stranger.delete(&path).await.refused(404, "IDE-1003");
    }
    let update = json!({ "oldPassword": person.password, "newPassword": PASSWORD });
    let path = format!("/v1/users/{}/update-password", person.id);
    stranger.patch(&path, update).await.refused(400, "IDE-0013");
    // A role of another tenant is none, also for a holder of one's own.
    let path = format!("/v1/users/{stranger_id}/roles/fraud-clerk");
    stranger.put(&path, json!({})).await.refused(404, "IDE-1021");
    stranger.delete(&path).await.refused(404, "IDE-1021");
    let holders = stranger.get("/v1/permissions/holders?product=midaz&resource=ledgers&action=get").await.expect(200);
    assert!(holders.text.contains(&stranger_id) && !holders.text.contains(&application.id), "{}", holders.text);
    let own = stranger.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
    let path = format!("/v1/applications/{}/secrets/{secret}", own.text_of("id"));
    stranger.delete(&path).await.refused(404, "IDE-1013");
    let body = json!({ "groups": ["fraud-desk"] });
    stranger.patch(&format!("/v1/users/{stranger_id}"), body).await.refused(404, "IDE-1006");

    assert_eq!(everything(&administrator).await, before);
    pair.log_in("ana", &person.password).await.expect(200);
    pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
}

async fn a_list_shows_the_own_tenant_alone(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let stranger = Caller::of(pair, &pair.stranger().await);
    administrator.post("/v1/users", user("ana")).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    pair.application("midaz").await;
    for (list, own) in [("/v1/users", 1), ("/v1/groups", 16), ("/v1/applications", 1)] {
        let theirs = stranger.get(&format!("{list}?limit=100")).await.expect(200);
        assert_eq!(theirs.body["total"], own, "{list}");
        let ours = administrator.get(list).await.expect(200);
        assert_eq!(ours.body.as_array().unwrap().len(), own + 1, "{list}");
        if list != "/v1/groups" {
            let ids = theirs.body["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap());
            assert!(ids.into_iter().all(|id| !ours.text.contains(id)), "{list}");
        }
    }
    // A cursor is a place in a list, not a way into another tenant.
    let cursor = administrator.get("/v1/users?limit=1").await.expect(200).text_of("nextCursor");
    let onwards = stranger.get(&format!("/v1/users?cursor={cursor}")).await.expect(200);
    assert!(!onwards.text.contains("ana@example.com"), "{}", onwards.text);
}

async fn names_of_another_tenant_are_free(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let stranger = Caller::of(pair, &pair.stranger().await);
    for caller in [&administrator, &stranger] {
        caller.post("/v1/users", user("ana")).await.expect(201);
        caller.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    }
    pair.log_in("ana", PASSWORD).await.expect(200);
    pair.log_in("elsewhere/ana", PASSWORD).await.expect(200);
}

async fn a_path_names_the_tenant_of_the_token_or_nothing(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let stranger = Caller::of(pair, &pair.stranger().await);
    assert_eq!(
        administrator.get("/t/lerian/v1/users").await.expect(200).body,
        administrator.get("/v1/users").await.expect(200).body,
    );
    stranger.get("/t/elsewhere/v1/users").await.expect(200);
    for (caller, tenant) in [(&administrator, "elsewhere"), (&stranger, "lerian"), (&administrator, "nowhere")] {
        caller.get(&format!("/t/{tenant}/v1/users")).await.refused(401, "IDE-0009");
        caller.post(&format!("/t/{tenant}/v1/users"), user("ana")).await.refused(401, "IDE-0009");
    }
    stranger.post("/v1/users", user("ana")).await.expect(201);
}
