//! `/v1/roles`, their permissions, and who has them.

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::groups::{is_time, permissions};
use crate::users::user;

pair::on_both_engines! {
    the_seeded_roles_are_listed_page_by_page,
    the_seeded_roles_are_protected,
    a_role_is_made_renamed_and_deleted,
    what_is_missing_or_wrong_about_a_role_is_named,
    the_permissions_of_a_role_are_those_of_everybody_who_has_it,
    a_deleted_role_is_nobodys,
}

const CLERK: &str = "/v1/roles/fraud-clerk";

async fn the_seeded_roles_are_listed_page_by_page(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let listed = administrator.get("/v1/roles").await.expect(200);
    assert_eq!(listed.headers["x-total-count"], "17");
    let all = listed.body.as_array().unwrap();
    assert_eq!(all.len(), 17);
    let first = json!({
        "id": "midaz-contributor-role", "name": "Midaz Contributor", "builtIn": true, "createdAt": all[0]["createdAt"],
    });
    assert_eq!(all[0], first);
    assert!(is_time(&first["createdAt"]));
    assert_eq!(administrator.get("/v1/roles/midaz-contributor-role").await.expect(200).body, first);

    let (mut seen, mut path) = (Vec::new(), "/v1/roles?limit=7".to_owned());
    loop {
        let page = administrator.get(&path).await.expect(200);
        assert_eq!(page.body["total"], 17);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        match page.body.get("nextCursor") {
            Some(cursor) => path = format!("/v1/roles?limit=7&cursor={}", cursor.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(&seen, all);
    administrator.get("/v1/roles?name=x").await.refused(400, "IDE-0005");
    let editor = administrator.get("/v1/roles/routing-viewer-role/permissions").await.expect(200);
    let get = |resource: &str| json!({ "product": "routing", "resource": resource, "action": "get" });
    let expected = ["account-types", "operation-routes", "transaction-routes"].map(get);
    assert_eq!(editor.body, json!({ "permissions": expected, "roles": [], "grants": [] }));
}

async fn the_seeded_roles_are_protected(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let before = administrator.get("/v1/roles").await.expect(200);
    for role in before.body.as_array().unwrap() {
        let path = format!("/v1/roles/{}", role["id"].as_str().unwrap());
        administrator.patch(&path, json!({ "name": "Mine" })).await.refused(403, "IDE-1014");
        administrator.delete(&path).await.refused(403, "IDE-1014");
        let nothing = json!({ "permissions": [] });
        administrator.put(&format!("{path}/permissions"), nothing).await.refused(403, "IDE-1014");
    }
    assert_eq!(administrator.get("/v1/roles").await.expect(200).body, before.body);
}

async fn a_role_is_made_renamed_and_deleted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/roles", json!({ "name": "Fraud Clerk" })).await.expect(201);
    let created_at = made.body["createdAt"].clone();
    let expected = json!({ "id": "fraud-clerk", "name": "Fraud Clerk", "builtIn": false, "createdAt": created_at });
    assert_eq!(made.body, expected);
    assert_eq!(administrator.get(CLERK).await.expect(200).body, expected);
    let nothing = json!({ "permissions": [], "roles": [], "grants": [] });
    assert_eq!(administrator.get(&format!("{CLERK}/permissions")).await.expect(200).body, nothing);

    let change = json!({ "name": "Clerk (BR)" });
    let renamed = administrator.patch(CLERK, change.clone()).await.expect(200);
    assert_eq!(renamed.body, with(expected, change));
    administrator.post("/v1/roles", json!({ "id": "fraud-clerk", "name": "x" })).await.refused(409, "IDE-1009");
    administrator.post("/v1/roles", json!({ "name": "Midaz Editor Role" })).await.refused(409, "IDE-1009");

    assert_eq!(administrator.delete(CLERK).await.expect(204).text, "");
    for (method, path, body) in [
        ("GET", CLERK.to_owned(), None),
        ("PATCH", CLERK.to_owned(), Some(json!({ "name": "x" }))),
        ("DELETE", CLERK.to_owned(), None),
        ("GET", format!("{CLERK}/permissions"), None),
        ("PUT", format!("{CLERK}/permissions"), Some(json!({ "permissions": [] }))),
        // What can be no id is the id of no role.
        ("GET", "/v1/roles/No-Role".to_owned(), None),
        ("GET", "/v1/roles/%00/permissions".to_owned(), None),
    ] {
        administrator.call(method, &path, body.as_ref()).await.refused(404, "IDE-1021");
    }
}

async fn what_is_missing_or_wrong_about_a_role_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let fields = |answer: testkit::Answer, code| answer.refused(400, code).body["fields"].clone();
    let make = |body: Value| administrator.post("/v1/roles", body);
    assert_eq!(fields(make(json!({ "id": "clerk" })).await, "IDE-0001"), json!({ "name": "is required" }));
    let unknown = json!({ "name": "Clerk", "permissions": [] });
    assert_eq!(fields(make(unknown).await, "IDE-0004"), json!({ "permissions": [] }));
    make(json!({ "id": "platform-role", "name": "Platform" })).await.refused(400, "IDE-0002");
    let wrong = fields(make(json!({ "id": "No Clerk", "name": " Clerk" })).await, "IDE-0002");
    assert_eq!(wrong.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);

    make(json!({ "name": "Fraud Clerk" })).await.expect(201);
    let other_id = json!({ "id": "clerk", "name": "Clerk" });
    assert_eq!(fields(administrator.patch(CLERK, other_id).await, "IDE-0010"), json!({ "id": "cannot be changed" }));
    fields(administrator.patch(CLERK, json!({})).await, "IDE-0001");
    let path = format!("{CLERK}/permissions");
    let platform = json!({ "product": "plugin-identity", "resource": "tenants", "action": "get" });
    let refused = fields(administrator.put(&path, json!({ "permissions": [platform] })).await, "IDE-0002");
    assert_eq!(refused, json!({ "permissions[0].resource": "is built in and cannot be granted" }));
    administrator.put(&path, json!({ "permissions": [], "roles": [] })).await.refused(400, "IDE-0004");
}

async fn the_permissions_of_a_role_are_those_of_everybody_who_has_it(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Fraud Clerk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    administrator.call("PUT", "/v1/groups/desk/roles/fraud-clerk", None).await.expect(200);
    let ana = pair.person("ana", &["desk"]).await;
    let eva = pair.person("eva", &[]).await;
    let given = administrator.put(&format!("/v1/users/{}/roles/fraud-clerk", eva.id), json!({})).await.expect(200);
    let held = json!({ "permissions": [], "roles": ["fraud-clerk"], "grants": [{ "role": "fraud-clerk" }] });
    assert_eq!(given.body, held);
    for person in [&ana, &eva] {
        Caller::of(pair, person).get("/v1/users").await.refused(403, "IDE-0023");
    }
    let wanted = json!({ "permissions": permissions(&[("users", "get")]) });
    let set = administrator.put(&format!("{CLERK}/permissions"), wanted.clone()).await.expect(200);
    assert_eq!(set.body, json!({ "permissions": wanted["permissions"], "roles": [], "grants": [] }));
    for person in [&ana, &eva] {
        Caller::of(pair, person).get("/v1/users").await.expect(200);
    }
    administrator.delete("/v1/groups/desk/roles/fraud-clerk").await.expect(204);
    Caller::of(pair, &ana).get("/v1/users").await.refused(403, "IDE-0023");
    Caller::of(pair, &eva).get("/v1/users").await.expect(200);
}

async fn a_deleted_role_is_nobodys(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Fraud Clerk" })).await.expect(201);
    let wanted = json!({ "permissions": permissions(&[("users", "get")]) });
    administrator.put(&format!("{CLERK}/permissions"), wanted).await.expect(200);
    let id = administrator.post("/v1/users", user("bruno")).await.expect(201).text_of("id");
    let ana = pair.person("ana", &[]).await;
    for person in [&id, &ana.id] {
        administrator.call("PUT", &format!("/v1/users/{person}/roles/fraud-clerk"), None).await.expect(200);
    }
    Caller::of(pair, &ana).get("/v1/users").await.expect(200);
    administrator.delete(CLERK).await.expect(204);
    Caller::of(pair, &ana).get("/v1/users").await.refused(403, "IDE-0023");
    let left = administrator.get(&format!("/v1/users/{id}/permissions")).await.expect(200);
    assert_eq!(left.body, json!({ "permissions": [], "roles": [], "grants": [] }));
}
