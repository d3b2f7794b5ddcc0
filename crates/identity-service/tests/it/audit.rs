//! `/v1/audit`: every act with what it changed, for administrators of the tenant alone, and never a secret.

use std::time::Duration;

use pair::{Pair, password_of};
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::groups::permissions;
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    every_act_on_people_tells_what_changed,
    every_act_on_groups_tells_what_changed,
    every_act_on_applications_tells_what_changed,
    acts_on_tenants_are_told_in_both_trails,
    failed_logins_tell_whose_and_why_but_not_what_was_typed,
    a_missing_permission_is_told,
    events_are_found_by_every_filter,
    pages_stay_while_events_are_added,
    an_export_holds_what_the_pages_hold,
    what_is_wrong_with_a_query_is_named,
    administrators_of_the_tenant_read_it_and_nobody_else,
    no_event_holds_a_secret,
    events_are_shown_for_the_retention_and_no_longer,
}

const OTHER: &str = "Another-horse-9-battery";

/// The newest events of a trail, as many as are asked for.
async fn newest(caller: &Caller, count: usize) -> Vec<Value> {
    let page = caller.get(&format!("/v1/audit?limit={count}")).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

/// Does an act and compares its event, whole but for its id, its time and its request.
async fn tells(caller: &Caller, act: (&str, &str, Value), expected: Value) -> testkit::Answer {
    let (method, path, body) = act;
    let answer = caller.call(method, path, Some(&body).filter(|body| !body.is_null())).await;
    assert!(answer.status < 300, "{method} {path}: {}", answer.text);
    let [mut event] = newest(caller, 1).await.try_into().unwrap();
    let redacted = event.as_object_mut().unwrap();
    assert_eq!(redacted.remove("requestId").unwrap(), answer.headers["x-request-id"].to_str().unwrap());
    for member in ["id", "at", "tenantId", "actor"] {
        assert!(redacted.remove(member).is_some(), "{member}");
    }
    let expected = with(expected, json!({ "outcome": "done", "address": "127.0.0.1" }));
    assert_eq!(event, expected, "{method} {path}");
    answer
}

fn event(action: &str, target: &str, id: &str) -> Value {
    json!({ "action": action, "target": { "kind": target, "id": id } })
}

fn telling(action: &str, target: &str, id: &str, details: Value) -> Value {
    with(event(action, target, id), json!({ "details": details }))
}

async fn every_act_on_people_tells_what_changed(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let whole = json!({
        "username": "ana", "firstName": "Ana", "lastName": "Souza", "email": "ana@example.com", "phoneNumber": null,
        "active": true, "groups": ["midaz-viewer-group"],
    });
    let made = with(user("ana"), json!({ "groups": ["midaz-viewer-group"] }));
    let made = administrator.post("/v1/users", made).await.expect(201);
    let id = made.text_of("id");
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    assert_eq!(told["details"], json!({ "after": whole }));
    assert_eq!((&told["action"], &told["target"]["id"]), (&json!("user.create"), &json!(id)));
    assert_eq!(told["actor"], json!({ "kind": "user", "id": pair.administrator().await.id }));

    let path = format!("/v1/users/{id}");
    let change = json!({ "email": "am@example.org", "active": false, "groups": [], "phoneNumber": "+5511987654321" });
    let was = json!({
        "email": "ana@example.com", "active": true, "groups": ["midaz-viewer-group"], "phoneNumber": null,
    });
    let updated = |before, after| telling("user.update", "user", &id, json!({ "before": before, "after": after }));
    tells(&administrator, ("PATCH", &path, change.clone()), updated(was, change.clone())).await;
    tells(&administrator, ("PATCH", &path, json!({ "firstName": "Ana" })), updated(json!({}), json!({}))).await;

    let reset = format!("{path}/reset-password");
    tells(
        &administrator,
        ("PATCH", &reset, json!({ "newPassword": OTHER })),
        event("user.reset_password", "user", &id),
    )
    .await;
    let is = with(whole, change);
    let deleted = telling("user.delete", "user", &id, json!({ "before": is }));
    tells(&administrator, ("DELETE", &path, Value::Null), deleted).await;

    let person = pair.person("eva", &[]).await;
    let change = json!({ "oldPassword": person.password, "newPassword": OTHER });
    let own = format!("/v1/users/{}/update-password", person.id);
    Caller::of(pair, &person).patch(&own, change).await.expect(204);
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    assert_eq!((&told["action"], told.get("details")), (&json!("user.change_password"), None));
    assert_eq!(told["actor"], json!({ "kind": "user", "id": person.id }));
}

async fn every_act_on_groups_tells_what_changed(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let path = "/v1/groups/desk";
    let told = |action: &str, details: Value| telling(action, "group", "desk", details);
    let created = told("group.create", json!({ "after": { "id": "desk", "name": "Desk" } }));
    tells(&administrator, ("POST", "/v1/groups", json!({ "name": "Desk" })), created).await;
    let renamed = told("group.update", json!({ "before": { "name": "Desk" }, "after": { "name": "Fraud" } }));
    tells(&administrator, ("PATCH", path, json!({ "name": "Fraud" })), renamed).await;

    let wanted = json!({ "permissions": permissions(&[("users", "get post")]) });
    let held = ["plugin-identity:users:get", "plugin-identity:users:post"];
    let set = json!({ "before": { "permissions": [] }, "after": { "permissions": held } });
    let permissions = format!("{path}/permissions");
    tells(&administrator, ("PUT", &permissions, wanted), told("group.set_permissions", set)).await;

    let member = format!("{path}/users/{ana}");
    let groups = |before: &[&str], after: &[&str]| json!({ "user": ana, "before": { "groups": before }, "after": { "groups": after } });
    let added = told("group.add_member", groups(&[], &["desk"]));
    tells(&administrator, ("PUT", &member, Value::Null), added).await;
    let removed = told("group.remove_member", groups(&["desk"], &[]));
    tells(&administrator, ("DELETE", &member, Value::Null), removed).await;
    // Nothing happened, and nothing is told.
    let before = newest(&administrator, 1).await;
    administrator.delete(&member).await.expect(204);
    assert_eq!(newest(&administrator, 1).await, before);

    administrator.call("PUT", &member, None).await.expect(204);
    let was = json!({ "id": "desk", "name": "Fraud", "permissions": held, "roles": [], "users": ["ana"] });
    tells(&administrator, ("DELETE", path, Value::Null), told("group.delete", json!({ "before": was }))).await;
}

async fn every_act_on_applications_tells_what_changed(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let body = json!({ "name": "midaz", "description": "Ledger exports" });
    let made = administrator.post("/v1/applications", body).await.expect(201);
    let id = made.text_of("id");
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    let first = told["details"]["after"]["secrets"][0]["id"].clone();
    let whole = json!({
        "name": told["details"]["after"]["name"], "clientId": made.text_of("clientId"), "product": "midaz",
        "description": "Ledger exports", "grants": ["client_credentials", "refresh_token"],
        "secrets": [{ "id": first, "expiresAt": null }],
    });
    assert_eq!(told["details"], json!({ "after": whole }));
    assert_eq!((&told["action"], &told["target"]["id"]), (&json!("application.create"), &json!(id)));

    let path = format!("/v1/applications/{id}");
    let secrets = format!("{path}/secrets");
    let added = administrator.post(&secrets, json!({ "oldExpiresInSeconds": 60 })).await.expect(201);
    let second = json!({ "id": added.text_of("id"), "expiresAt": null });
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    let ending = json!({ "id": first, "expiresAt": told["details"]["after"]["secrets"][0]["expiresAt"] });
    assert!(ending["expiresAt"].is_string());
    let changed =
        |before: &[&Value], after: &[&Value]| json!({ "before": { "secrets": before }, "after": { "secrets": after } });
    assert_eq!(told["action"], "application.add_secret");
    assert_eq!(told["details"], changed(&[&json!({ "id": first, "expiresAt": null })], &[&ending, &second]));

    let withdraw = format!("{secrets}/{}", first.as_str().unwrap());
    let withdrawn =
        telling("application.withdraw_secret", "application", &id, changed(&[&ending, &second], &[&second]));
    tells(&administrator, ("DELETE", &withdraw, Value::Null), withdrawn).await;
    let was = with(whole, json!({ "secrets": [second] }));
    let deleted = telling("application.delete", "application", &id, json!({ "before": was }));
    tells(&administrator, ("DELETE", &path, Value::Null), deleted).await;
}

async fn acts_on_tenants_are_told_in_both_trails(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let body = json!({ "name": "acme", "administrator": { "password": PASSWORD } });
    let id = administrator.post("/v1/tenants", body).await.expect(201).text_of("id");
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    assert_eq!((&told["action"], &told["details"]["after"]["name"]), (&json!("tenant.create"), &json!("acme")));
    let theirs = pair.log_in("acme/admin", PASSWORD).await.expect(200);
    let theirs = Caller::new(pair, &theirs.text_of("accessToken"));
    let change = json!({ "displayName": "Acme Bank" });
    let changed = json!({ "before": { "displayName": "Acme" }, "after": { "displayName": "Acme Bank" } });
    let told = telling("tenant.update", "tenant", &id, changed.clone());
    tells(&administrator, ("PATCH", "/v1/tenants/acme", change), told).await;
    // The tenant learns what was done to it, and not who of the platform's people did it from where.
    let [told] = newest(&theirs, 1).await.try_into().unwrap();
    assert_eq!((&told["actor"], &told["details"]), (&json!({ "kind": "operator" }), &changed));
    assert_eq!(told.get("address"), None);

    let deleted = administrator.delete("/v1/tenants/acme").await.expect(204);
    assert_eq!(deleted.text, "");
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    assert_eq!((&told["action"], &told["details"]["before"]["name"]), (&json!("tenant.delete"), &json!("acme")));
}

async fn failed_logins_tell_whose_and_why_but_not_what_was_typed(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let eva = administrator.post("/v1/users", user("eva")).await.expect(201).text_of("id");
    administrator.patch(&format!("/v1/users/{eva}"), json!({ "active": false })).await.expect(200);
    let typed = "My-Secret-Passw0rd";
    for (username, target, reason) in [
        ("ana", json!({ "kind": "user", "id": ana }), "password"),
        ("ANA", json!({ "kind": "user", "id": ana }), "password"),
        ("eva", json!({ "kind": "user", "id": eva }), "locked"),
        (typed, json!({ "kind": "user" }), "unknown"),
        ("not a name at all", json!({ "kind": "user" }), "unknown"),
        ("nowhere/ana", json!({ "kind": "user" }), "unknown"),
    ] {
        pair.pass(Duration::from_millis(1));
        let refused = pair.log_in(username, "Wrong-horse-7-staple").await.refused(401, "AUT-1002");
        let [mut told] = newest(&administrator, 1).await.try_into().unwrap();
        // The request is the one that came to auth.
        let expected = json!({
            "actor": { "kind": "anonymous" }, "action": "login.fail", "target": target, "outcome": "refused",
            "code": "AUT-1002", "address": "127.0.0.1", "requestId": refused.headers["x-request-id"].to_str().unwrap(),
            "details": { "reason": reason },
        });
        for member in ["id", "at", "tenantId"] {
            told.as_object_mut().unwrap().remove(member);
        }
        assert_eq!(told, expected, "{username}");
    }
    let all = administrator.get("/v1/audit/export").await.expect(200).text;
    for kept in [typed, &typed.to_lowercase(), "Wrong-horse", "not a name"] {
        assert!(!all.contains(kept), "{kept}");
    }
}

async fn a_missing_permission_is_told(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let viewer = pair.person("viewer", &["midaz-viewer-group"]).await;
    let caller = Caller::of(pair, &viewer);
    for _ in 0..3 {
        caller.get("/v1/users").await.refused(403, "IDE-0023");
    }
    let refused = caller.delete(&format!("/v1/users/{}", viewer.id)).await.refused(403, "IDE-0023");
    let denied = administrator.get("/v1/audit?action=access.deny").await.expect(200);
    let denied = denied.body["items"].as_array().unwrap();
    assert_eq!(denied.len(), 2, "the same denial is told once a minute");
    assert_eq!(denied[0]["target"], json!({ "kind": "permission", "id": "users:delete" }));
    assert_eq!(denied[0]["actor"], json!({ "kind": "user", "id": viewer.id }));
    assert_eq!((&denied[0]["outcome"], &denied[0]["code"]), (&json!("refused"), &json!("IDE-0023")));
    assert_eq!(denied[0]["requestId"], refused.headers["x-request-id"].to_str().unwrap());
    assert_eq!(denied[1]["target"]["id"], "users:get");
}

async fn events_are_found_by_every_filter(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = pair.person("ana", &[]).await;
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Till" })).await.expect(201);
    pair.pass(Duration::from_millis(1));
    pair.log_in("ana", "Wrong-horse-7-staple").await.refused(401, "AUT-1002");
    Caller::of(pair, &ana).get("/v1/users").await.refused(403, "IDE-0023");
    let all = newest(&administrator, 100).await;
    let desk = all.iter().find(|event| event["target"]["id"] == "desk").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (at, request) = (text(&desk["at"]), text(&desk["requestId"]));
    let by = |wanted: &dyn Fn(&Value) -> bool| all.iter().filter(|event| wanted(event)).cloned().collect::<Vec<_>>();
    let cases = [
        (format!("actorId={}", ana.id), by(&|event| event["actor"]["id"] == ana.id)),
        ("actorKind=anonymous".to_owned(), by(&|event| event["actor"]["kind"] == "anonymous")),
        ("actorKind=operator".to_owned(), by(&|event| event["action"] == "tenant.create")),
        ("action=group.create".to_owned(), by(&|event| event["action"] == "group.create")),
        ("action=group.*".to_owned(), by(&|event| event["target"]["kind"] == "group")),
        ("action=group.*&targetId=till".to_owned(), by(&|event| event["target"]["id"] == "till")),
        ("targetKind=group&targetId=desk".to_owned(), vec![desk.clone()]),
        (format!("targetId={}", ana.id), by(&|event| event["target"]["id"] == ana.id)),
        (format!("actorId={0}&targetId={0}", ana.id), Vec::new()),
        ("outcome=refused".to_owned(), by(&|event| event["outcome"] == "refused")),
        ("outcome=refused&code=AUT-1002".to_owned(), by(&|event| event["action"] == "login.fail")),
        ("address=127.0.0.1".to_owned(), by(&|event| event["address"] == "127.0.0.1")),
        ("address=192.0.2.1".to_owned(), Vec::new()),
        (format!("requestId={request}"), vec![desk.clone()]),
        (format!("from={at}&action=group.create"), by(&|event| event["target"]["kind"] == "group")),
        (format!("to={at}"), by(&|event| event["at"].as_str().unwrap() < at.as_str())),
        ("trail=tenant".to_owned(), all.clone()),
        ("action=user.un_known".to_owned(), Vec::new()),
    ];
    for (query, expected) in &cases {
        assert!(expected.len() < all.len() || query == "trail=tenant", "{query} shall leave something out");
        let found = administrator.get(&format!("/v1/audit?{query}")).await.expect(200);
        assert_eq!(found.body, json!({ "items": expected, "limit": 100 }), "{query}");
    }
    for (query, expected) in &cases {
        let lines = administrator.get(&format!("/v1/audit/export?{query}")).await.expect(200).text;
        let mut exported: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // That the others were exported is told too.
        exported.retain(|event| event["action"] != "audit.export");
        exported.reverse();
        assert_eq!(&exported, expected, "{query}");
    }
}

async fn pages_stay_while_events_are_added(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for number in 0..7 {
        administrator.post("/v1/groups", json!({ "name": format!("Desk {number}") })).await.expect(201);
    }
    let before = newest(&administrator, 100).await;
    let (mut seen, mut path) = (Vec::new(), "/v1/audit?limit=2".to_owned());
    loop {
        let page = administrator.get(&path).await.expect(200);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        administrator.post("/v1/groups", json!({ "name": format!("Late {}", seen.len()) })).await.expect(201);
        match page.body.get("nextCursor") {
            Some(cursor) => path = format!("/v1/audit?limit=2&cursor={}", cursor.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, before);
}

async fn an_export_holds_what_the_pages_hold(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for number in 0..120 {
        administrator.post("/v1/groups", json!({ "name": format!("Desk {number}") })).await.expect(201);
    }
    let mut listed = newest(&administrator, 100).await;
    let cursor = administrator.get("/v1/audit").await.expect(200).text_of("nextCursor");
    let rest = administrator.get(&format!("/v1/audit?cursor={cursor}")).await.expect(200);
    listed.extend(rest.body["items"].as_array().unwrap().clone());
    listed.reverse();

    let export = administrator.get("/v1/audit/export").await.expect(200);
    assert_eq!(export.headers["content-type"], "application/jsonl");
    assert!(export.text.ends_with("}\n"));
    let exported: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exported, listed);
    // That it was exported is told.
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    assert_eq!((&told["action"], &told["details"]), (&json!("audit.export"), &json!({ "filter": {} })));
    assert_eq!(told["target"], json!({ "kind": "tenant", "id": told["tenantId"] }));
    let filtered = "/v1/audit/export?action=group.*&from=2025-04-08T08:01:30%2B00:00";
    administrator.get(filtered).await.expect(200);
    let [told] = newest(&administrator, 1).await.try_into().unwrap();
    let filter = json!({ "action": "group.*", "from": "2025-04-08T08:01:30.000Z" });
    assert_eq!(told["details"], json!({ "filter": filter }));
}

async fn what_is_wrong_with_a_query_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for (query, name, reason) in [
        ("from=yesterday", "from", "must be a time such as 2025-04-08T08:01:30Z (RFC 3339)"),
        ("from=2025-04-08T08:01:30Z&to=2025-04-08T08:01:30Z", "to", "must be later than 'from'"),
        ("action=user.%25", "action", "must be an action such as 'user.create', or all of a kind, 'user.*'"),
        ("outcome=maybe", "outcome", "must be 'done' or 'refused'"),
        ("address=localhost", "address", "must be an IP address"),
        ("actorId=", "actorId", "must have 1 to 255 characters"),
        ("code=a%00b", "code", "must not hold control characters"),
        ("trail=all", "trail", "must be 'tenant' or 'deployment'"),
        ("actor=x", "actor", "is not known here"),
        ("outcome=done&outcome=done", "outcome", "is sent twice"),
    ] {
        for path in ["/v1/audit", "/v1/audit/export"] {
            let refused = administrator.get(&format!("{path}?{query}")).await.refused(400, "IDE-0005");
            assert_eq!(refused.body["fields"], json!({ name: reason }), "{query}");
        }
    }
    let groups = administrator.get("/v1/groups?limit=1").await.expect(200).text_of("nextCursor");
    for query in ["limit=0", "limit=101", "cursor=x", &format!("cursor={groups}")] {
        administrator.get(&format!("/v1/audit?{query}")).await.refused(400, "IDE-0005");
        administrator.get(&format!("/v1/audit/export?{query}")).await.refused(400, "IDE-0005");
    }
}

async fn administrators_of_the_tenant_read_it_and_nobody_else(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    let stranger = Caller::of(pair, &pair.stranger().await);
    let own = newest(&administrator, 100).await;
    for path in ["/v1/audit", "/v1/audit/export"] {
        Caller::of(pair, &person).get(path).await.refused(403, "IDE-0023");
        let narrow = json!({
            "grantType": "password", "username": "admin", "password": pair.administrator().await.password,
            "scope": "openid",
        });
        let narrow = pair.auth.post("/v1/login/oauth/access_token").json(&narrow).send().await.expect(200);
        Caller::new(pair, &narrow.text_of("accessToken")).get(path).await.refused(403, "IDE-0023");
        let application = pair.application("midaz").await;
        let machine = pair.application_token(&application).await;
        Caller::new(pair, &machine).get(path).await.refused(403, "IDE-0023");

        // Another tenant has a trail of its own.
        let theirs = stranger.get(path).await.expect(200).text;
        for event in &own {
            assert!(!theirs.contains(event["id"].as_str().unwrap()), "{event}");
        }
        assert!(!theirs.contains("ana@example.com"));
        stranger.get(&format!("{path}?trail=deployment")).await.refused(403, "IDE-0023");
        administrator.get(&format!("{path}?trail=deployment")).await.expect(200);
    }
    let denied = stranger.get("/v1/audit?action=access.deny").await.expect(200);
    assert!(denied.text.contains("audit:get"), "{}", denied.text);
    // A place in one trail is no way into it.
    let cursor = administrator.get("/v1/audit?limit=1").await.expect(200).text_of("nextCursor");
    let onwards = stranger.get(&format!("/v1/audit?cursor={cursor}")).await.expect(200);
    assert!(!onwards.text.contains("ana@example.com"), "{}", onwards.text);

    // Who may read it by a group of their own, may.
    administrator.post("/v1/groups", json!({ "name": "Auditors" })).await.expect(201);
    let wanted = json!({ "permissions": permissions(&[("audit", "get")]) });
    administrator.put("/v1/groups/auditors/permissions", wanted).await.expect(200);
    let auditor = pair.person("auditor", &["auditors"]).await;
    assert_eq!(newest(&Caller::of(pair, &auditor), 1).await.len(), 1);
}

async fn no_event_holds_a_secret(pair: &Pair) {
    let administrator = pair.administrator().await;
    let caller = Caller::of(pair, &administrator);
    let ana = pair.person("ana", &[]).await;
    let refreshed = pair.refresh(ana.refresh_token()).await.expect(200);
    pair.refresh(ana.refresh_token()).await.expect(200);
    let application = pair.application("midaz").await;
    let machine = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let secrets = format!("/v1/applications/{}/secrets", application.id);
    let second = caller.post(&secrets, json!({})).await.expect(201).text_of("clientSecret");
    caller.patch(&format!("/v1/users/{}/reset-password", ana.id), json!({ "newPassword": OTHER })).await.expect(204);
    let tenant = caller.post("/v1/tenants", json!({ "name": "acme" })).await.expect(201);
    pair.log_in("ana", PASSWORD).await.refused(401, "AUT-1002");
    pair.log_in("ana", OTHER).await.expect(200);
    pair.refresh(&refreshed.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.log_out(&machine.text_of("accessToken")).await;
    pair.log_out(administrator.tokens["idToken"].as_str().unwrap()).await;
    let caller = Caller::administrator(pair).await;

    let mut trails = String::new();
    pair.pass(Duration::from_millis(1));
    for trail in ["tenant", "deployment"] {
        let path = format!("/v1/audit/export?trail={trail}");
        trails += &caller.get(&path).await.expect(200).text;
        let token = pair.administrator().await;
        trails += &pair.auth.get(&path).bearer(token.token()).send().await.expect(200).text;
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut known = vec![
        administrator.password.clone(),
        ana.password.clone(),
        password_of("ana"),
        OTHER.to_owned(),
        PASSWORD.to_owned(),
        application.client_secret.clone(),
        second,
        text(&tenant.body["administrator"]["password"]),
        "$2b$".to_owned(),
        "eyJ".to_owned(),
    ];
    for tokens in [&administrator.tokens, &ana.tokens, &refreshed.body, &machine.body] {
        known.extend(["accessToken", "refreshToken"].map(|member| text(&tokens[member])));
    }
    assert!(trails.lines().count() > 15, "{trails}");
    for secret in known {
        assert!(secret.len() > 2 && !trails.contains(&secret), "{secret}");
    }
}

async fn events_are_shown_for_the_retention_and_no_longer(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let desk = |caller: Caller| async move {
        caller.get("/v1/audit?targetId=desk&from=2000-01-01T00:00:00Z").await.expect(200).body["items"].clone()
    };
    assert_eq!(desk(administrator).await.as_array().unwrap().len(), 1);
    pair.pass(Duration::from_secs(366 * 24 * 60 * 60));
    assert_eq!(desk(Caller::administrator(pair).await).await, json!([]));
}
