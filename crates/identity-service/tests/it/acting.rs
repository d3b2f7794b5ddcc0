//! Nobody acts above themselves, and nobody leaves a tenant without an administrator.

use pair::{Application, Pair, Person};
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::groups::permissions;
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    a_manager_acts_on_those_below,
    a_manager_does_nothing_to_those_above,
    a_manager_gives_nobody_what_they_lack,
    a_manager_grants_nobody_what_they_lack,
    a_manager_makes_and_changes_no_application_above,
    a_refused_act_is_in_the_trail,
    names_are_free_of_it,
    a_person_without_permissions_manages_nothing,
    an_application_manages_nothing,
    the_last_administrator_stays,
    an_administrator_may_go_when_another_is_left,
    a_locked_administrator_is_none,
    two_who_remove_each_other_leave_one,
}

const REFUSED: &str = "audit_events WHERE outcome = 'refused'";

/// Somebody who manages people, groups and applications, and is nothing else; in the group `managers`.
async fn manager(pair: &Pair) -> Person {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Managers" })).await.expect(201);
    let wanted = permissions(&[
        ("users", "get post patch delete"),
        ("groups", "get post patch put delete"),
        ("roles", "get post patch put delete"),
        ("applications", "get post delete"),
        ("reset-password", "patch"),
    ]);
    administrator.put("/v1/groups/managers/permissions", json!({ "permissions": wanted })).await.expect(200);
    pair.person("manager", &["managers"]).await
}

fn refused_events(pair: &Pair) -> i64 {
    tokio::task::block_in_place(|| pair.identity_database().count(REFUSED))
}

/// Everything an administrator can see.
async fn everything(administrator: &Caller) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in ["/v1/users", "/v1/groups", "/v1/roles", "/v1/applications", "/v1/groups/managers/permissions"] {
        seen.push(administrator.get(path).await.expect(200).body);
    }
    seen
}

/// Tries acts one by one: each is refused, changes nothing, and leaves an event in the trail.
async fn refuses_all(pair: &Pair, caller: &Caller, acts: Vec<(&str, String, Value)>) {
    let administrator = Caller::administrator(pair).await;
    let before = everything(&administrator).await;
    for (method, path, body) in acts {
        let events = refused_events(pair);
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = caller.call(method, &path, body).await;
        assert_eq!(answer.status, 403, "{method} {path} {body:?}: {}", answer.text);
        answer.refused(403, "IDE-0023");
        assert_eq!(everything(&administrator).await, before, "{method} {path} {body:?}");
        assert_eq!(refused_events(pair), events + 1, "{method} {path} {body:?}");
    }
}

async fn a_manager_acts_on_those_below(pair: &Pair) {
    let manager = Caller::of(pair, &manager(pair).await);
    let made = manager.post("/v1/users", with(user("ana"), json!({ "groups": ["managers"] }))).await.expect(201);
    let path = format!("/v1/users/{}", made.text_of("id"));
    manager.patch(&path, json!({ "email": "ana@example.org", "phoneNumber": "+5511987654321" })).await.expect(200);
    manager.patch(&format!("{path}/reset-password"), json!({ "newPassword": "Another-horse-9" })).await.expect(204);
    manager.post("/v1/groups", json!({ "name": "Readers" })).await.expect(201);
    let reading = json!({ "permissions": permissions(&[("users", "get")]) });
    manager.put("/v1/groups/readers/permissions", reading).await.expect(200);
    manager.put(&format!("/v1/groups/readers/users/{}", made.text_of("id")), json!({})).await.expect(204);
    manager.delete(&format!("/v1/groups/managers/users/{}", made.text_of("id"))).await.expect(204);
    manager.patch("/v1/groups/readers", json!({ "name": "Those who read" })).await.expect(200);
    manager.post("/v1/roles", json!({ "name": "Reader" })).await.expect(201);
    let reading = json!({ "permissions": permissions(&[("users", "get")]) });
    manager.put("/v1/roles/reader/permissions", reading.clone()).await.expect(200);
    manager.patch("/v1/roles/reader", json!({ "name": "Who reads" })).await.expect(200);
    for holder in [path.as_str(), "/v1/groups/readers"] {
        manager.put(&format!("{holder}/permissions"), reading.clone()).await.expect(200);
        manager.put(&format!("{holder}/roles/reader"), json!({})).await.expect(200);
        manager.delete(&format!("{holder}/roles/reader")).await.expect(204);
    }
    manager.delete("/v1/roles/reader").await.expect(204);
    manager.delete("/v1/groups/readers").await.expect(204);
    manager.patch(&path, json!({ "active": false })).await.expect(200);
    manager.delete(&path).await.expect(204);
    assert_eq!(refused_events(pair), 0);
}

async fn a_manager_does_nothing_to_those_above(pair: &Pair) {
    let administrator = pair.administrator().await;
    let manager = Caller::of(pair, &manager(pair).await);
    let editor = pair.person("editor", &["midaz-editor-group"]).await;
    let mut acts = Vec::new();
    for above in [&administrator.id, &editor.id] {
        let path = format!("/v1/users/{above}");
        acts.extend([
            ("PATCH", format!("{path}/reset-password"), json!({ "newPassword": PASSWORD })),
            ("PATCH", path.clone(), json!({ "email": "mine@example.com" })),
            ("PATCH", path.clone(), json!({ "phoneNumber": "+5511987654321" })),
            ("PATCH", path.clone(), json!({ "active": false })),
            ("PATCH", path.clone(), json!({ "firstName": "Eva", "groups": [] })),
            ("PUT", format!("/v1/groups/managers/users/{above}"), json!({})),
            ("DELETE", path, Value::Null),
        ]);
    }
    acts.push(("DELETE", format!("/v1/groups/admin-group/users/{}", administrator.id), Value::Null));
    acts.push(("DELETE", format!("/v1/groups/midaz-editor-group/users/{}", editor.id), Value::Null));
    refuses_all(pair, &manager, acts).await;
    for person in [&administrator, &editor] {
        pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
        pair.log_in(&person.username, &person.password).await.expect(200);
    }
}

async fn a_manager_gives_nobody_what_they_lack(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Ledger Desk" })).await.expect(201);
    let ledgers = json!({ "product": "midaz", "resource": "ledgers", "action": "get" });
    let stronger = json!({ "permissions": [ledgers.clone()] });
    administrator.put("/v1/groups/ledger-desk/permissions", stronger.clone()).await.expect(200);
    let person = manager(pair).await;
    let manager = Caller::of(pair, &person);
    let ana = manager.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let own = manager.get("/v1/groups/managers/permissions").await.expect(200).body["permissions"].clone();
    let own_and = |more: Value| {
        let mut permissions = own.as_array().unwrap().clone();
        permissions.push(more);
        json!({ "permissions": permissions })
    };
    let identity =
        |resource: &str, action: &str| json!({ "product": "plugin-identity", "resource": resource, "action": action });

    let mut acts = Vec::new();
    for group in ["admin-group", "midaz-viewer-group", "ledger-desk"] {
        acts.extend([
            ("POST", "/v1/users".to_owned(), with(user("bruno"), json!({ "groups": ["managers", group] }))),
            ("PUT", format!("/v1/groups/{group}/users/{}", person.id), json!({})),
            ("PUT", format!("/v1/groups/{group}/users/{ana}"), json!({})),
            ("PATCH", format!("/v1/users/{}", person.id), json!({ "groups": ["managers", group] })),
            ("PATCH", format!("/v1/users/{ana}"), json!({ "groups": [group] })),
        ]);
    }
    let set = "/v1/groups/managers/permissions".to_owned();
    acts.extend([
        ("PUT", set.clone(), own_and(ledgers)),
        ("PUT", set.clone(), own_and(identity("sessions", "delete"))),
        ("PUT", set.clone(), own_and(identity("users", "*"))),
        ("PUT", set.clone(), own_and(identity("*", "get"))),
        ("PUT", set.clone(), own_and(identity("*", "*"))),
        ("PUT", set.clone(), own_and(identity("audit", "get"))),
        ("PUT", set, own_and(json!({ "product": "nobodys", "resource": "things", "action": "get" }))),
        ("PUT", "/v1/groups/ledger-desk/permissions".to_owned(), json!({ "permissions": [] })),
        ("DELETE", "/v1/groups/ledger-desk".to_owned(), Value::Null),
    ]);
    refuses_all(pair, &manager, acts).await;
    assert_eq!(
        administrator.get("/v1/groups/ledger-desk/permissions").await.expect(200).body["permissions"],
        stronger["permissions"]
    );
}

async fn a_manager_grants_nobody_what_they_lack(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = manager(pair).await;
    let manager = Caller::of(pair, &person);
    let ledgers = json!({ "product": "midaz", "resource": "ledgers", "action": "get" });
    let stronger = json!({ "permissions": [ledgers] });
    let later = json!({ "permissions": [with(ledgers.clone(), json!({ "validFrom": "2100-01-01T00:00:00Z" }))] });
    let nothing = json!({ "permissions": [] });
    for role in ["ledger-clerk", "clerk"] {
        administrator.post("/v1/roles", json!({ "id": role, "name": "Clerk" })).await.expect(201);
    }
    administrator.put("/v1/roles/ledger-clerk/permissions", stronger.clone()).await.expect(200);
    for group in ["readers", "ledger-desk"] {
        manager.post("/v1/groups", json!({ "id": group, "name": "Desk" })).await.expect(201);
    }
    administrator.put("/v1/groups/ledger-desk/roles/ledger-clerk", json!({})).await.expect(200);
    let ana = manager.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let above = pair.person("editor", &["midaz-editor-group"]).await;

    let mut acts = vec![
        ("PUT", "/v1/roles/clerk/permissions".to_owned(), stronger.clone()),
        ("PUT", "/v1/roles/clerk/permissions".to_owned(), later.clone()),
        ("PUT", "/v1/roles/ledger-clerk/permissions".to_owned(), nothing.clone()),
        ("DELETE", "/v1/roles/ledger-clerk".to_owned(), Value::Null),
    ];
    let bounds = json!({ "validFrom": "2100-01-01T00:00:00Z", "validUntil": "2101-01-01T00:00:00Z" });
    for holder in [format!("/v1/users/{ana}"), format!("/v1/users/{}", person.id), "/v1/groups/readers".to_owned()] {
        acts.extend([
            ("PUT", format!("{holder}/permissions"), stronger.clone()),
            ("PUT", format!("{holder}/permissions"), later.clone()),
            ("PUT", format!("{holder}/roles/ledger-clerk"), json!({})),
            ("PUT", format!("{holder}/roles/ledger-clerk"), bounds.clone()),
            ("PUT", format!("{holder}/roles/platform-role"), json!({})),
        ]);
    }
    let application = pair.application("midaz").await;
    let strong = [format!("/v1/users/{}", above.id), format!("/v1/applications/{}", application.id)];
    for holder in strong.into_iter().chain(["/v1/groups/ledger-desk".to_owned()]) {
        acts.extend([
            ("PUT", format!("{holder}/permissions"), nothing.clone()),
            ("PUT", format!("{holder}/roles/clerk"), json!({})),
            ("DELETE", format!("{holder}/roles/clerk"), Value::Null),
            ("DELETE", format!("{holder}/roles/ledger-clerk"), Value::Null),
        ]);
    }
    acts.push(("PUT", format!("/v1/groups/ledger-desk/users/{ana}"), bounds.clone()));
    acts.push(("PUT", format!("/v1/groups/admin-group/users/{ana}"), bounds));
    refuses_all(pair, &manager, acts).await;
    for (path, roles) in [
        (format!("/v1/users/{ana}"), json!([])),
        ("/v1/groups/readers".to_owned(), json!([])),
        ("/v1/groups/ledger-desk".to_owned(), json!(["ledger-clerk"])),
    ] {
        let left = administrator.get(&format!("{path}/permissions")).await.expect(200);
        assert_eq!((&left.body["permissions"], &left.body["roles"]), (&json!([]), &roles), "{path}");
    }
    let left = administrator.get("/v1/roles/ledger-clerk/permissions").await.expect(200);
    assert_eq!(left.body["permissions"], stronger["permissions"]);
}

async fn a_manager_makes_and_changes_no_application_above(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let manager = Caller::of(pair, &manager(pair).await);
    let Application { id, client_id, client_secret } = pair.application("midaz").await;
    let path = format!("/v1/applications/{id}");
    let secret = administrator.get(&path).await.expect(200).body["secrets"][0]["id"].as_str().unwrap().to_owned();
    let mut acts: Vec<_> = ["midaz", "plugin-crm", "plugin-fees", "plugin-smart-template", "plugin-smart-templates"]
        .map(|name| ("POST", "/v1/applications".to_owned(), json!({ "name": name, "description": "Mine" })))
        .into();
    acts.extend([
        ("POST", format!("{path}/secrets"), json!({})),
        ("DELETE", format!("{path}/secrets/{secret}"), Value::Null),
        ("DELETE", path, Value::Null),
    ]);
    refuses_all(pair, &manager, acts).await;
    pair.client_credentials(&client_id, &client_secret).await.expect(200);
}

async fn a_refused_act_is_in_the_trail(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = manager(pair).await;
    let path = format!("/v1/users/{}", administrator.id);
    Caller::of(pair, &person).delete(&path).await.refused(403, "IDE-0023");
    let event = format!(
        "audit_events WHERE actor_kind = 'user' AND actor_id = '{}' AND action = 'user.delete' AND target_kind = 'user' \
         AND target_id = '{}' AND outcome = 'refused' AND code = 'IDE-0023' AND address = '127.0.0.1' \
         AND request_id <> ''",
        person.id, administrator.id
    );
    assert_eq!(tokio::task::block_in_place(|| pair.identity_database().count(&event)), 1);
}

async fn names_are_free_of_it(pair: &Pair) {
    let administrator = pair.administrator().await;
    let manager = Caller::of(pair, &manager(pair).await);
    let change = json!({ "firstName": "Maria", "lastName": "Silva" });
    let changed = manager.patch(&format!("/v1/users/{}", administrator.id), change.clone()).await.expect(200);
    assert_eq!(changed.body, with(changed.body.clone(), change));
}

async fn a_person_without_permissions_manages_nothing(pair: &Pair) {
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    refuses_every_operation(pair, person.token(), &person.id).await;
}

async fn an_application_manages_nothing(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    let token = pair.application_token(&application).await;
    refuses_every_operation(pair, &token, &administrator.id).await;
    let path = format!("/v1/users/{}/update-password", administrator.id);
    let change = json!({ "oldPassword": administrator.password, "newPassword": PASSWORD });
    Caller::new(pair, &token).patch(&path, change).await.refused(403, "IDE-0023");
}

/// Tries every operation of the document but the change of one's own password.
async fn refuses_every_operation(pair: &Pair, token: &str, user: &str) {
    let document = serde_json::to_value(identity_service::http::document()).unwrap();
    let before = everything_counted(pair);
    let mut tried = 0;
    for (template, item) in document["paths"].as_object().unwrap() {
        if !template.starts_with("/v1/") || template.ends_with("/update-password") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let path = template.replace("{userId}", user).replace("{secretId}", user).replace("{roleId}", "clerk");
            let id = if path.starts_with("/v1/groups") { "midaz-editor-group" } else { user };
            let path = path.replace("{id}", id);
            let answer = Caller::new(pair, token).call(&method.to_uppercase(), &path, Some(&json!({}))).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
            answer.refused(403, "IDE-0023");
            tried += 1;
        }
    }
    assert_eq!(tried, 51);
    assert_eq!(everything_counted(pair), before);
}

fn everything_counted(pair: &Pair) -> [i64; 7] {
    let tables = ["users", "groups", "applications", "group_members", "roles", "permission_grants", "role_grants"];
    tokio::task::block_in_place(|| tables.map(|table| pair.identity_database().count(table)))
}

async fn the_last_administrator_stays(pair: &Pair) {
    let person = pair.administrator().await;
    let administrator = Caller::of(pair, &person);
    let path = format!("/v1/users/{}", person.id);
    let before = administrator.get(&path).await.expect(200);
    administrator.delete(&path).await.refused(409, "IDE-1016");
    administrator.patch(&path, json!({ "active": false })).await.refused(409, "IDE-1016");
    administrator.patch(&path, json!({ "groups": [] })).await.refused(409, "IDE-1016");
    administrator.patch(&path, json!({ "groups": ["midaz-editor-group"] })).await.refused(409, "IDE-1016");
    administrator.delete(&format!("/v1/groups/admin-group/users/{}", person.id)).await.refused(409, "IDE-1016");
    assert_eq!(administrator.get(&path).await.expect(200).body, before.body);
    pair.log_in("admin", &person.password).await.expect(200);
}

async fn an_administrator_may_go_when_another_is_left(pair: &Pair) {
    let first = pair.administrator().await;
    let second = pair.person("second", &["admin-group"]).await;
    Caller::of(pair, &second).delete(&format!("/v1/users/{}", first.id)).await.expect(204);
    Caller::of(pair, &first).get("/v1/users").await.refused(401, "IDE-0009");
    let path = format!("/v1/groups/admin-group/users/{}", second.id);
    Caller::of(pair, &second).delete(&path).await.refused(409, "IDE-1016");
}

async fn a_locked_administrator_is_none(pair: &Pair) {
    let first = pair.administrator().await;
    let second = pair.person("second", &["admin-group"]).await;
    let administrator = Caller::of(pair, &first);
    administrator.patch(&format!("/v1/users/{}", second.id), json!({ "active": false })).await.expect(200);
    administrator.delete(&format!("/v1/users/{}", first.id)).await.refused(409, "IDE-1016");
    // To remove the locked one is no loss.
    administrator.delete(&format!("/v1/groups/admin-group/users/{}", second.id)).await.expect(204);
}

async fn two_who_remove_each_other_leave_one(pair: &Pair) {
    for round in 0..5 {
        let first = pair.administrator().await;
        let second = pair.person(&format!("second-{round}"), &["admin-group"]).await;
        let membership = |person: &Person| format!("/v1/groups/admin-group/users/{}", person.id);
        let (of_first, of_second) = (membership(&first), membership(&second));
        let (one, two) = (Caller::of(pair, &first), Caller::of(pair, &second));
        let (by_first, by_second) = tokio::join!(one.delete(&of_second), two.delete(&of_first));

        let first_won = by_first.status == 204;
        let (done, refused) = if first_won { (by_first, by_second) } else { (by_second, by_first) };
        done.expect(204);
        // Whoever came second was the last, or was no administrator any more.
        assert!(matches!(refused.status, 403 | 409), "{}", refused.text);
        let (left, name) = if first_won { (&one, &first.username) } else { (&two, &second.username) };
        assert_eq!(left.get("/v1/groups/admin-group").await.expect(200).body["users"], json!([name]));
        if !first_won {
            two.call("PUT", &of_first, None).await.expect(204);
            one.delete(&of_second).await.expect(204);
        }
    }
}
