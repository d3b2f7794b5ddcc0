//! `/v1/groups`, their members and their permissions.

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};

pair::on_both_engines! {
    a_tenant_begins_with_the_seeded_groups,
    the_seeded_groups_give_the_seeded_roles,
    a_group_is_made_renamed_and_deleted,
    the_id_is_made_of_the_name_where_none_is_sent,
    an_id_is_never_given_again,
    what_is_missing_or_wrong_is_named,
    the_seeded_groups_are_protected,
    a_user_is_put_into_a_group_and_taken_out,
    a_member_must_exist_and_so_must_the_group,
    the_permissions_of_a_group_are_those_of_its_members,
    permissions_are_named_by_their_place_when_they_are_wrong,
    a_deleted_group_takes_its_permissions_along,
}

/// The seeded groups with their names, by id.
const SEEDED: [(&str, &str); 16] = [
    ("admin-group", "Administrator"),
    ("midaz-contributor-group", "Midaz Contributor"),
    ("midaz-editor-group", "Midaz Editor"),
    ("midaz-viewer-group", "Midaz Viewer"),
    ("plugin-crm-contributor-group", "Plugin CRM Contributor"),
    ("plugin-crm-editor-group", "Plugin CRM Editor"),
    ("plugin-crm-viewer-group", "Plugin CRM Viewer"),
    ("plugin-fees-contributor-group", "Plugin Fees Contributor"),
    ("plugin-fees-editor-group", "Plugin Fees Editor"),
    ("plugin-fees-viewer-group", "Plugin Fees Viewer"),
    ("plugin-smart-templates-contributor-group", "Plugin Smart Templates Contributor"),
    ("plugin-smart-templates-editor-group", "Plugin Smart Templates Editor"),
    ("plugin-smart-templates-viewer-group", "Plugin Smart Templates Viewer"),
    ("routing-contributor-group", "Routing Contributor"),
    ("routing-editor-group", "Routing Editor"),
    ("routing-viewer-group", "Routing Viewer"),
];

/// Permissions of Gatehouse itself, as a request writes them.
pub(crate) fn permissions(of: &[(&str, &str)]) -> Value {
    let each = of.iter().flat_map(|(resource, actions)| actions.split(' ').map(move |action| (*resource, action)));
    each.map(|(resource, action)| json!({ "product": "plugin-identity", "resource": resource, "action": action }))
        .collect()
}

async fn a_tenant_begins_with_the_seeded_groups(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let listed = administrator.get("/v1/groups").await.expect(200);
    let created_at = listed.body[0]["createdAt"].clone();
    assert!(is_time(&created_at), "{created_at}");
    let users = |id: &str| if id == "admin-group" { json!(["admin"]) } else { json!([]) };
    let seeded: Vec<Value> = SEEDED
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "createdAt": created_at, "users": users(id) }))
        .collect();
    assert_eq!(listed.body, json!(seeded));
    for group in seeded {
        let path = format!("/v1/groups/{}", group["id"].as_str().unwrap());
        assert_eq!(administrator.get(&path).await.expect(200).body, group);
    }
}

async fn the_seeded_groups_give_the_seeded_roles(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for (id, _) in SEEDED {
        let answer = administrator.get(&format!("/v1/groups/{id}/permissions")).await.expect(200);
        let roles = match id.strip_suffix("-group").unwrap() {
            "admin" => json!([
                "midaz-editor-role",
                "platform-role",
                "plugin-crm-editor-role",
                "plugin-fees-editor-role",
                "plugin-identity-editor-role",
                "plugin-smart-templates-editor-role",
                "routing-editor-role",
            ]),
            stem => json!([format!("{stem}-role")]),
        };
        let each = roles.as_array().unwrap().iter().map(|role| json!({ "role": role }));
        let grants: Vec<_> = each.collect();
        assert_eq!(answer.body, json!({ "permissions": [], "roles": roles, "grants": grants }), "{id}");
    }
}

async fn a_group_is_made_renamed_and_deleted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/groups", json!({ "id": "fraud-desk", "name": "Fraud Desk" })).await.expect(201);
    assert!(is_time(&made.body["createdAt"]), "{}", made.text);
    let expected =
        json!({ "id": "fraud-desk", "name": "Fraud Desk", "createdAt": made.body["createdAt"], "users": [] });
    assert_eq!(made.body, expected);
    let path = "/v1/groups/fraud-desk";
    assert_eq!(administrator.get(path).await.expect(200).body, expected);

    let change = json!({ "name": "Mesa de fraude (BR)" });
    let renamed = administrator.patch(path, change.clone()).await.expect(200);
    assert_eq!(renamed.body, with(expected, change));
    assert_eq!(administrator.get(path).await.expect(200).body, renamed.body);

    let deleted = administrator.delete(path).await.expect(204);
    assert_eq!(deleted.text, "");
    administrator.get(path).await.refused(404, "IDE-1006");
    administrator.patch(path, json!({ "name": "x" })).await.refused(404, "IDE-1006");
    administrator.delete(path).await.refused(404, "IDE-1006");
    administrator.get(&format!("{path}/permissions")).await.refused(404, "IDE-1006");
}

async fn the_id_is_made_of_the_name_where_none_is_sent(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/groups", json!({ "name": "Fraud Desk (BR)" })).await.expect(201);
    assert_eq!(made.body["id"], "fraud-desk-br");
    let nameless = administrator.post("/v1/groups", json!({ "name": "支払い" })).await.refused(400, "IDE-0002");
    assert_eq!(nameless.body["fields"], json!({ "name": "gives no id; send one as 'id'" }));
    let named = administrator.post("/v1/groups", json!({ "id": "shiharai", "name": "支払い" })).await.expect(201);
    assert_eq!(named.body["name"], "支払い");
}

async fn an_id_is_never_given_again(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let group = json!({ "id": "fraud-desk", "name": "Fraud Desk" });
    administrator.post("/v1/groups", group.clone()).await.expect(201);
    administrator.post("/v1/groups", group.clone()).await.refused(409, "IDE-1009");
    administrator.post("/v1/groups", json!({ "name": "Fraud desk" })).await.refused(409, "IDE-1009");
    administrator.delete("/v1/groups/fraud-desk").await.expect(204);
    administrator.post("/v1/groups", group).await.refused(409, "IDE-1009");
    administrator.post("/v1/groups", json!({ "name": "Admin group" })).await.refused(409, "IDE-1009");
    // The name for people may repeat.
    administrator.post("/v1/groups", json!({ "id": "fraud-desk-2", "name": "Fraud Desk" })).await.expect(201);
}

async fn what_is_missing_or_wrong_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let missing = administrator.post("/v1/groups", json!({ "id": "desk" })).await.refused(400, "IDE-0001");
    assert_eq!(missing.body["fields"], json!({ "name": "is required" }));
    let unknown = json!({ "name": "Desk", "users": ["admin"], "permissions": [] });
    let unknown = administrator.post("/v1/groups", unknown).await.refused(400, "IDE-0004");
    assert_eq!(unknown.body["fields"], json!({ "users": ["admin"], "permissions": [] }));
    let long = "a".repeat(64);
    for id in ["Desk", "fraud desk", "-desk", "desk-", "..", "fraud/desk", long.as_str()] {
        let wrong = administrator.post("/v1/groups", json!({ "id": id, "name": " Desk" })).await;
        let reasons = json!({
            "id": "must be 1 to 63 lower-case letters, digits or inner hyphens",
            "name": "must not begin or end with white space",
        });
        assert_eq!(wrong.refused(400, "IDE-0002").body["fields"], reasons);
    }

    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let path = "/v1/groups/desk";
    administrator.patch(path, json!({})).await.refused(400, "IDE-0001");
    let long = administrator.patch(path, json!({ "name": "a".repeat(256) })).await.refused(400, "IDE-0002");
    assert_eq!(long.body["fields"], json!({ "name": "must have 1 to 255 characters" }));
    let other_id = administrator.patch(path, json!({ "id": "mesa", "name": "Mesa" })).await.refused(400, "IDE-0010");
    assert_eq!(other_id.body["fields"], json!({ "id": "cannot be changed" }));
    administrator.patch(path, json!({ "name": "Mesa", "builtIn": true })).await.refused(400, "IDE-0004");
    assert_eq!(administrator.get(path).await.expect(200).body["name"], "Desk");
    // What can be no id is the id of no group.
    for id in ["Desk", "desk%20", "%00", "desk%2fusers"] {
        administrator.get(&format!("/v1/groups/{id}")).await.refused(404, "IDE-1006");
    }
}

async fn the_seeded_groups_are_protected(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let before = administrator.get("/v1/groups").await.expect(200);
    for (id, _) in SEEDED {
        let path = format!("/v1/groups/{id}");
        administrator.patch(&path, json!({ "name": "Mine" })).await.refused(403, "IDE-1014");
        administrator.delete(&path).await.refused(403, "IDE-1014");
        let nothing = json!({ "permissions": [] });
        administrator.put(&format!("{path}/permissions"), nothing).await.refused(403, "IDE-1014");
    }
    assert_eq!(administrator.get("/v1/groups").await.expect(200).body, before.body);
}

async fn a_user_is_put_into_a_group_and_taken_out(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = pair.create_user(&pair.administrator().await, "Ana.Souza", &[]).await.expect(201).text_of("id");
    let bruno = pair.create_user(&pair.administrator().await, "bruno", &[]).await.expect(201).text_of("id");
    let group = "/v1/groups/midaz-viewer-group";
    let users = || async { administrator.get(group).await.expect(200).body["users"].clone() };

    // With an empty object or without any body; and twice is once.
    administrator.put(&format!("{group}/users/{ana}"), json!({})).await.expect(204);
    for _ in 0..2 {
        let put = administrator.call("PUT", &format!("{group}/users/{bruno}"), None).await.expect(204);
        assert_eq!(put.text, "");
    }
    assert_eq!(users().await, json!(["Ana.Souza", "bruno"]));
    let shown = administrator.get(&format!("/v1/users/{ana}")).await.expect(200);
    assert_eq!(shown.body["groups"], json!(["midaz-viewer-group"]));
    let body = json!({ "since": "2030-01-01T00:00:00Z" });
    administrator.put(&format!("{group}/users/{ana}"), body).await.refused(400, "IDE-0004");

    for _ in 0..2 {
        administrator.delete(&format!("{group}/users/{ana}")).await.expect(204);
    }
    assert_eq!(users().await, json!(["bruno"]));
    administrator.delete(&format!("/v1/users/{bruno}")).await.expect(204);
    assert_eq!(users().await, json!([]));
}

async fn a_member_must_exist_and_so_must_the_group(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = pair.create_user(&pair.administrator().await, "ana", &[]).await.expect(201).text_of("id");
    let nobody = "0198c0de-0000-7000-8000-000000000001";
    for method in ["PUT", "DELETE"] {
        let act = |group: &'static str, user: String| {
            let (administrator, path) = (administrator.clone(), format!("/v1/groups/{group}/users/{user}"));
            async move { administrator.call(method, &path, None).await }
        };
        act("nobodys-group", ana.clone()).await.refused(404, "IDE-1006");
        act("No-Group", ana.clone()).await.refused(404, "IDE-1006");
        act("midaz-viewer-group", nobody.to_owned()).await.refused(404, "IDE-1003");
        let malformed = act("midaz-viewer-group", "ana".to_owned()).await.refused(400, "IDE-0003");
        assert_eq!(malformed.body["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["userId"]);
    }
}

async fn the_permissions_of_a_group_are_those_of_its_members(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    let person = pair.person("ana", &["fraud-desk"]).await;
    let ana = Caller::of(pair, &person);
    ana.get("/v1/users").await.refused(403, "IDE-0023");

    let path = "/v1/groups/fraud-desk/permissions";
    let users = permissions(&[("users", "get"), ("groups", "get")]);
    let sorted = permissions(&[("groups", "get"), ("users", "get")]);
    let set = administrator.put(path, json!({ "permissions": users })).await.expect(200);
    assert_eq!(set.body, json!({ "permissions": sorted, "roles": [], "grants": [] }));
    assert_eq!(administrator.get(path).await.expect(200).body, set.body);
    ana.get("/v1/users").await.expect(200);
    ana.post("/v1/users", crate::users::user("bruno")).await.refused(403, "IDE-0023");

    // The same one twice counts once; what is not named any more is taken.
    let twice = permissions(&[("groups", "get get")]);
    let set = administrator.put(path, json!({ "permissions": twice })).await.expect(200);
    assert_eq!(set.body["permissions"], permissions(&[("groups", "get")]));
    ana.get("/v1/users").await.refused(403, "IDE-0023");
    ana.get("/v1/groups").await.expect(200);
}

async fn permissions_are_named_by_their_place_when_they_are_wrong(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    let path = "/v1/groups/fraud-desk/permissions";
    let set = |permissions: Value| administrator.put(path, json!({ "permissions": permissions }));
    let fields = |answer: testkit::Answer, code| answer.refused(400, code).body["fields"].clone();

    assert_eq!(fields(administrator.put(path, json!({})).await, "IDE-0001"), json!({ "permissions": "is required" }));
    let good = json!({ "product": "midaz", "resource": "ledgers", "action": "get" });
    let lacking = json!([good, { "product": "midaz", "resource": "ledgers" }]);
    assert_eq!(fields(set(lacking).await, "IDE-0001"), json!({ "permissions[1].action": "is required" }));
    let unknown = json!([with(good.clone(), json!({ "effect": "deny" }))]);
    assert_eq!(fields(set(unknown).await, "IDE-0004"), json!({ "permissions[0].effect": "deny" }));
    let mistyped = json!([with(good.clone(), json!({ "resource": 7 }))]);
    assert_eq!(fields(set(mistyped).await, "IDE-0002"), json!({ "permissions[0].resource": "must be a string" }));
    let reason = "must have 1 to 100 visible ASCII characters without '*'";
    for (part, wrong) in [("product", "*"), ("resource", "led*"), ("action", "a b"), ("action", "löschen")] {
        let body = json!([good, good, with(good.clone(), json!({ (part): wrong }))]);
        assert_eq!(fields(set(body).await, "IDE-0002"), json!({ (format!("permissions[2].{part}")): reason }));
    }
    let list = json!({ "permissions": "must be a list of at most 1000 objects" });
    assert_eq!(fields(set(json!(["midaz:ledgers:get"])).await, "IDE-0002"), list);
    assert_eq!(fields(set(json!(vec![good; 1_001])).await, "IDE-0002"), list);
    let now = administrator.get(path).await.expect(200);
    assert_eq!(now.body, json!({ "permissions": [], "roles": [], "grants": [] }));
}

async fn a_deleted_group_takes_its_permissions_along(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Fraud Desk" })).await.expect(201);
    let wanted = json!({ "permissions": permissions(&[("users", "get")]) });
    administrator.put("/v1/groups/fraud-desk/permissions", wanted).await.expect(200);
    let person = pair.person("ana", &["fraud-desk", "midaz-viewer-group"]).await;
    Caller::of(pair, &person).get("/v1/users").await.expect(200);

    administrator.delete("/v1/groups/fraud-desk").await.expect(204);
    Caller::of(pair, &person).get("/v1/users").await.refused(403, "IDE-0023");
    let shown = administrator.get(&format!("/v1/users/{}", person.id)).await.expect(200);
    assert_eq!(shown.body["groups"], json!(["midaz-viewer-group"]));
}

/// Whether a value is a time as the contract writes them, such as `2025-04-08T08:01:30.169Z`.
pub(crate) fn is_time(value: &Value) -> bool {
    let form: String =
        value.as_str().unwrap_or_default().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    form == "0000-00-00T00:00:00.000Z"
}
