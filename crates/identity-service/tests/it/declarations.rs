//! `/v1/declarations/{slug}`: a product publishes who may do what in it, and it counts at once.

use pair::Pair;
use serde_json::{Value, json};
use testkit::Answer;

use crate::caller::{Caller, with};
use crate::commands::{printed, refusal, run};

pair::on_both_engines! {
    a_declared_permission_is_authorized_until_it_is_declared_no_more,
    an_equal_manifest_changes_nothing,
    every_declaration_is_told_with_what_it_changed,
    only_an_application_of_the_product_declares,
    who_makes_applications_does_not_decide_what_may_be_done_in_their_product,
    a_manifest_is_bounded_as_a_whole,
    every_fault_is_named_and_nothing_is_changed,
    a_role_of_somebody_else_is_never_taken_over,
    a_declared_role_is_changed_by_its_product_alone,
    what_an_administrator_did_stays,
    administrators_stay_above_declared_roles,
    a_manifest_about_the_scope_leaves_roles_alone,
    a_declaration_is_shown_to_its_product_and_to_administrators,
    many_that_publish_at_once_agree,
    pruning_keeps_declared_roles,
    both_names_of_one_product_are_one,
}

/// A product with its token.
async fn product(pair: &Pair, name: &str) -> Caller {
    let application = pair.application(name).await;
    Caller::new(pair, &pair.application_token(&application).await)
}

fn manifest(permissions: &[(&str, &str)], groups: &[&str]) -> Value {
    let permissions: Vec<_> = permissions
        .iter()
        .map(|(resource, action)| json!({ "resource": resource, "action": action, "effect": "allow", "roles": ["clerk"] }))
        .collect();
    let groups: Vec<_> = groups.iter().map(|group| json!({ "group": group })).collect();
    let roles = json!([{ "name": "clerk", "granted_to": groups }]);
    json!({ "service": "midaz", "version": 1, "permissions": permissions, "roles": roles })
}

async fn publish(product: &Caller, manifest: Value) -> Answer {
    product.put("/v1/declarations/midaz", manifest).await
}

async fn may(pair: &Pair, token: &str, resource: &str, action: &str) -> bool {
    let question = json!({ "product": "midaz", "resource": resource, "action": action });
    let answer = pair.auth.post("/v1/authorize").header("authorization", token).json(&question).send().await;
    answer.expect(200).body["authorized"].as_bool().unwrap()
}

async fn desk(pair: &Pair) -> Caller {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "id": "desk", "name": "Desk" })).await.expect(201);
    administrator
}

fn counted(pair: &Pair, rows: &str) -> i64 {
    tokio::task::block_in_place(|| pair.identity_database().count(rows))
}

async fn roles_of_desk(administrator: &Caller) -> Value {
    administrator.get("/v1/groups/desk/permissions").await.expect(200).body["roles"].clone()
}

async fn a_declared_permission_is_authorized_until_it_is_declared_no_more(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let person = pair.person("ana", &["desk"]).await;
    let stranger = pair.person("eva", &[]).await;
    assert!(!may(pair, person.token(), "order", "read").await);
    let declared = manifest(&[("order", "read"), ("order", "order:approve")], &["desk"]);
    let answer = publish(&midaz, declared).await.expect(200);
    assert_eq!((&answer.body["revision"], &answer.body["changed"]), (&json!(1), &json!(true)));
    for action in ["read", "order:read", "order:approve"] {
        assert!(may(pair, person.token(), "order", action).await, "{action}");
        assert!(!may(pair, stranger.token(), "order", action).await, "{action}");
    }
    for (resource, action) in [("order", "approve"), ("order", "update"), ("other", "read"), ("midaz/order", "read")] {
        assert!(!may(pair, person.token(), resource, action).await, "{resource} {action}");
    }
    let other = json!({ "product": "plugin-fees", "resource": "order", "action": "read" });
    let elsewhere = pair.auth.post("/v1/authorize").bearer(person.token()).json(&other).send().await;
    assert_eq!(elsewhere.expect(200).body["authorized"], false);

    publish(&midaz, manifest(&[("order", "order:approve")], &["desk"])).await.expect(200);
    assert!(!may(pair, person.token(), "order", "read").await);
    assert!(may(pair, person.token(), "order", "order:approve").await);
    publish(&midaz, manifest(&[("order", "order:approve")], &[])).await.expect(200);
    assert!(!may(pair, person.token(), "order", "order:approve").await);
    // Everything goes with a manifest that has nothing but a word on machines.
    let nothing = json!({ "service": "midaz", "version": 2, "m2m": { "exposed": false } });
    publish(&midaz, nothing).await.expect(200);
    assert_eq!(counted(pair, "roles WHERE declared_by = 'midaz'"), 0);
    assert_eq!(counted(pair, "permission_grants WHERE resource = 'order'"), 0);
    assert_eq!(counted(pair, "declarations"), 2);
}

async fn an_equal_manifest_changes_nothing(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let first = publish(&midaz, manifest(&[("order", "read")], &["desk"])).await.expect(200);
    let tables = ["audit_events", "feed", "declarations", "role_grants", "permission_grants"];
    let before = tables.map(|table| counted(pair, table));
    for repeat in [
        manifest(&[("order", "read")], &["desk"]),
        with(manifest(&[("order", "read")], &["desk"]), json!({ "version": 77, "partners": false, "levels": [] })),
    ] {
        let answer = midaz.put("/t/lerian/v1/declarations/midaz", repeat).await.expect(200);
        assert_eq!(answer.body, with(first.body.clone(), json!({ "changed": false })));
    }
    assert_eq!(tables.map(|table| counted(pair, table)), before);
}

async fn every_declaration_is_told_with_what_it_changed(pair: &Pair) {
    let administrator = desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let first = publish(&midaz, manifest(&[("order", "read")], &["desk"])).await.expect(200);
    let newest = async || administrator.get("/v1/audit?limit=1").await.expect(200).body["items"][0].clone();
    let told = newest().await;
    assert_eq!((&told["action"], &told["outcome"]), (&json!("product.declare"), &json!("done")));
    assert_eq!(told["target"], json!({ "kind": "product", "id": "midaz" }));
    assert_eq!(told["actor"]["kind"], "application");
    let body = manifest(&[("order", "read")], &["desk"]);
    let after = json!({
        "version": 1, "hash": first.body["hash"], "permissions": body["permissions"], "roles": body["roles"],
    });
    assert_eq!(told["details"], json!({ "after": after }));

    let second = publish(&midaz, manifest(&[("order", "update")], &["desk"])).await.expect(200);
    let changed = |hash: &Value, action: &str| json!({ "hash": hash, "permissions": manifest(&[("order", action)], &[])["permissions"] });
    let expected =
        json!({ "before": changed(&first.body["hash"], "read"), "after": changed(&second.body["hash"], "update") });
    assert_eq!(newest().await["details"], expected);
    publish(&midaz, json!({ "service": "plugin-fees", "version": 1 })).await.refused(403, "IDE-0023");
    let told = newest().await;
    assert_eq!((&told["action"], &told["outcome"]), (&json!("product.declare"), &json!("refused")));
}

async fn only_an_application_of_the_product_declares(pair: &Pair) {
    let administrator = desk(pair).await;
    let body = manifest(&[("order", "read")], &["desk"]);
    let before = ["roles", "declarations"].map(|table| counted(pair, table));
    publish(&administrator, body.clone()).await.refused(403, "IDE-0023");
    let fees = product(pair, "plugin-fees").await;
    publish(&fees, body.clone()).await.refused(403, "IDE-0023");
    let midaz = product(pair, "midaz").await;
    for path in ["plugin-fees", "plugin-identity", "Midaz", "midaz%00", "..%2f.."] {
        midaz.put(&format!("/v1/declarations/{path}"), body.clone()).await.refused(403, "IDE-0023");
    }
    for service in ["plugin-fees", "plugin-identity", "Midaz"] {
        publish(&midaz, with(body.clone(), json!({ "service": service }))).await.refused(403, "IDE-0023");
    }
    assert_eq!(["roles", "declarations"].map(|table| counted(pair, table)), before);
    // One for each party and target, however often it is tried.
    let refused = "audit_events WHERE action = 'product.declare' AND outcome = 'refused' AND code = 'IDE-0023'";
    assert_eq!(counted(pair, refused), 6);
}

async fn every_fault_is_named_and_nothing_is_changed(pair: &Pair) {
    let midaz = product(pair, "midaz").await;
    let body = with(
        manifest(&[("order", "get"), ("order", "read")], &["desk", "nowhere"]),
        json!({ "version": 0, "unknown": [], "scope": { "dimensions": [{ "name": "a" }] } }),
    );
    let before =
        ["roles", "role_grants", "permission_grants", "declarations", "feed"].map(|table| counted(pair, table));
    let refused = publish(&midaz, body).await.refused(422, "IDE-1023");
    let places: Vec<_> = refused.body["fields"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "permissions[0].action",
            "scope.dimensions[0].collection",
            "scope.dimensions[0].from",
            "scope.dimensions[0].param",
            "unknown",
            "version",
        ]
    );
    // Groups are looked for once everything else is right.
    let body = manifest(&[("order", "read")], &["midaz-viewer-group", "desk", "nowhere"]);
    let refused = publish(&midaz, body).await.refused(422, "IDE-1023");
    let places: Vec<_> = refused.body["fields"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(places, ["roles[0].granted_to[1].group", "roles[0].granted_to[2].group"]);
    for body in [json!({}), json!({ "service": "" }), json!({ "service": "..", "version": 1 }), json!({ "service": 7 })]
    {
        publish(&midaz, body).await.refused(422, "IDE-1023");
    }
    let after = ["roles", "role_grants", "permission_grants", "declarations", "feed"].map(|table| counted(pair, table));
    assert_eq!(after, before);
}

async fn a_role_of_somebody_else_is_never_taken_over(pair: &Pair) {
    let midaz = product(pair, "midaz").await;
    let named = |name: &str| json!({ "service": "midaz", "version": 1, "roles": [{ "name": name, "granted_to": [] }] });
    for taken in ["viewer-role", "Viewer Role", "contributor/role", "editor-role", "x-editor-role"] {
        let refused = publish(&midaz, named(taken)).await.refused(422, "IDE-1023");
        assert_eq!(
            refused.body["fields"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["roles[0].name"],
            "{taken}"
        );
    }
    assert_eq!(counted(pair, "declarations"), 0);
    assert_eq!(counted(pair, "roles WHERE declared_by IS NOT NULL"), 0);
    // What looks like the role of another product is not that product's to change.
    publish(&midaz, named("own")).await.expect(200);
    assert_eq!(counted(pair, "roles WHERE slug = 'midaz-own' AND declared_by = 'midaz'"), 1);
}

async fn a_declared_role_is_changed_by_its_product_alone(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    publish(&midaz, manifest(&[("order", "read")], &["desk"])).await.expect(200);
    let before = ["roles", "permission_grants"].map(|table| counted(pair, table));
    let file = "version: 1\ntenants:\n  - slug: lerian\n    roles:\n      - { slug: midaz-clerk, name: Mine, permissions: [] }\n";
    let sentence = refusal(&applied(pair, file));
    assert!(sentence.contains("midaz-clerk") && sentence.contains("declared by a product"), "{sentence}");
    assert_eq!(["roles", "permission_grants"].map(|table| counted(pair, table)), before);
}

async fn what_an_administrator_did_stays(pair: &Pair) {
    let administrator = desk(pair).await;
    administrator.post("/v1/groups", json!({ "id": "other", "name": "Other" })).await.expect(201);
    let midaz = product(pair, "midaz").await;
    publish(&midaz, manifest(&[("order", "read")], &["desk"])).await.expect(200);
    assert_eq!(roles_of_desk(&administrator).await, json!(["midaz-clerk"]));
    let file = |desk: &str, other: &str| {
        format!(
            "version: 1\ntenants:\n  - slug: lerian\n    groups:\n      - {{ slug: desk, name: Desk, roles: [{desk}] }}\n      \
             - {{ slug: other, name: Other, roles: [{other}] }}\n"
        )
    };
    printed(&applied(pair, &file("", "midaz-clerk")));
    assert_eq!(roles_of_desk(&administrator).await, json!([]));
    // The manifest goes on naming the group from which the administrator took it, and never named the other.
    publish(&midaz, manifest(&[("order", "update")], &["desk"])).await.expect(200);
    assert_eq!(roles_of_desk(&administrator).await, json!([]));
    publish(&midaz, manifest(&[("order", "update")], &["desk", "other"])).await.expect(200);
    publish(&midaz, manifest(&[("order", "update")], &[])).await.expect(200);
    let other = administrator.get("/v1/groups/other/permissions").await.expect(200);
    assert_eq!(other.body["roles"], json!(["midaz-clerk"]));
}

async fn administrators_stay_above_declared_roles(pair: &Pair) {
    let administrator = desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let person = pair.person("ana", &["desk"]).await;
    publish(&midaz, manifest(&[("order", "read")], &["desk", "midaz-viewer-group"])).await.expect(200);
    let path = format!("/v1/users/{}", person.id);
    administrator.patch(&path, json!({ "active": false })).await.expect(200);
    administrator.put(&format!("/v1/groups/midaz-viewer-group/users/{}", person.id), json!({})).await.expect(204);
    let viewers = administrator.get("/v1/groups/midaz-viewer-group/permissions").await.expect(200);
    assert_eq!(viewers.body["roles"], json!(["midaz-clerk", "midaz-viewer-role"]));
    let admins = administrator.get("/v1/groups/admin-group/permissions").await.expect(200);
    assert!(admins.body["roles"].as_array().unwrap().contains(&json!("midaz-clerk")));
}

async fn a_manifest_about_the_scope_leaves_roles_alone(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let person = pair.person("ana", &["desk"]).await;
    let dimension = json!({ "name": "ledgerId", "from": "path", "param": "ledger_id", "collection": "ledgers" });
    let mut first = with(manifest(&[("order", "read")], &["desk"]), json!({ "scope": { "dimensions": [dimension] } }));
    first["permissions"][0]["level"] = json!("ledgerId");
    publish(&midaz, first).await.expect(200);
    let scope = json!({
        "service": "midaz", "version": 2, "partners": true, "integrations": ["tracer"],
        "scope": { "dimensions": [dimension] },
    });
    let answer = publish(&midaz, scope.clone()).await.expect(200);
    assert_eq!((&answer.body["revision"], &answer.body["changed"]), (&json!(2), &json!(true)));
    assert!(may(pair, person.token(), "order", "read").await);
    let shown = midaz.get("/v1/declarations/midaz").await.expect(200).body;
    assert_eq!(shown["permissions"].as_array().unwrap().len(), 1);
    let level = json!({ "resource": "order", "action": "read", "level": "ledgerId" });
    let expected =
        json!({ "dimensions": [dimension], "partners": true, "levels": [level], "integrations": ["tracer"] });
    assert_eq!(shown["scope"], expected);
    // Its level would hang in the air.
    let refused = publish(&midaz, json!({ "service": "midaz", "version": 3 })).await.refused(422, "IDE-1023");
    assert_eq!(refused.body["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["scope.dimensions"]);
    let without = json!({ "service": "midaz", "version": 3, "levels": [with(level, json!({ "level": "tenant" }))] });
    publish(&midaz, without).await.expect(200);
    assert!(may(pair, person.token(), "order", "read").await);
}

async fn a_declaration_is_shown_to_its_product_and_to_administrators(pair: &Pair) {
    let administrator = desk(pair).await;
    let midaz = product(pair, "midaz").await;
    midaz.get("/v1/declarations/midaz").await.refused(404, "IDE-1024");
    administrator.get("/v1/declarations/midaz").await.refused(404, "IDE-1024");
    administrator.get("/v1/declarations/no%20slug").await.refused(404, "IDE-1024");
    publish(&midaz, manifest(&[("order", "read")], &["desk"])).await.expect(200);
    publish(&midaz, with(manifest(&[("order", "update")], &["desk"]), json!({ "version": 2 }))).await.expect(200);
    let shown = midaz.get("/v1/declarations/midaz").await.expect(200).body;
    assert_eq!(shown, administrator.get("/v1/declarations/midaz").await.expect(200).body);
    assert_eq!((&shown["revision"], &shown["version"], &shown["product"]), (&json!(2), &json!(2), &json!("midaz")));
    assert_eq!((&shown["previous"]["revision"], &shown["previous"]["version"]), (&json!(1), &json!(1)));
    assert_eq!(shown["permissions"], manifest(&[("order", "update")], &[])["permissions"]);
    assert_ne!(shown["hash"], shown["previous"]["hash"]);
    let fees = product(pair, "plugin-fees").await;
    fees.get("/v1/declarations/midaz").await.refused(403, "IDE-0023");
    let person = Caller::of(pair, &pair.person("ana", &["desk"]).await);
    person.get("/v1/declarations/midaz").await.refused(403, "IDE-0023");
}

async fn many_that_publish_at_once_agree(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    let body = || manifest(&[("order", "read")], &["desk"]);
    let (one, two, three, four) = tokio::join!(
        publish(&midaz, body()),
        publish(&midaz, body()),
        publish(&midaz, body()),
        publish(&midaz, body())
    );
    let changed = [one, two, three, four].map(|answer| answer.expect(200).body["changed"] == true);
    assert_eq!(changed.iter().filter(|changed| **changed).count(), 1);
    assert_eq!(counted(pair, "audit_events WHERE action = 'product.declare'"), 1);
    assert_eq!(counted(pair, "roles WHERE declared_by = 'midaz'"), 1);
}

/// Applies a file, with pruning, beside the service that runs.
fn applied(pair: &Pair, text: &str) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatehouse.yaml");
    std::fs::write(&file, text).unwrap();
    let arguments = ["apply", "-f", file.to_str().unwrap(), "--prune"];
    tokio::task::block_in_place(|| run(&pair.identity_environment(), &arguments))
}

async fn pruning_keeps_declared_roles(pair: &Pair) {
    desk(pair).await;
    let midaz = product(pair, "midaz").await;
    publish(&midaz, manifest(&[("order", "read")], &["desk", "midaz-viewer-group"])).await.expect(200);
    printed(&applied(pair, "version: 1\ntenants:\n  - slug: lerian\n    roles: []\n"));
    assert_eq!(counted(pair, "roles WHERE slug = 'midaz-clerk'"), 1);
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    assert!(may(pair, person.token(), "order", "read").await);
}

async fn both_names_of_one_product_are_one(pair: &Pair) {
    let old = product(pair, "plugin-smart-template").await;
    let new = product(pair, "plugin-smart-templates").await;
    let body = |service: &str| json!({ "service": service, "version": 1, "roles": [{ "name": "clerk" }] });
    let (one, other) = ("plugin-smart-template", "plugin-smart-templates");
    let path = |name: &str| format!("/v1/declarations/{name}");
    let first = old.put(&path(one), body(one)).await.expect(200);
    assert_eq!((&first.body["product"], &first.body["changed"]), (&json!(other), &json!(true)));
    let second = new.put(&path(other), body(other)).await.expect(200);
    assert_eq!(second.body, with(first.body, json!({ "changed": false })));
}

async fn who_makes_applications_does_not_decide_what_may_be_done_in_their_product(pair: &Pair) {
    let administrator = desk(pair).await;
    let own = json!({ "product": "plugin-identity", "resource": "applications", "action": "post" });
    administrator.put("/v1/groups/desk/permissions", json!({ "permissions": [own] })).await.expect(200);
    let carl = pair.person("carl", &["desk", "midaz-editor-group"]).await;
    let carls = Caller::of(pair, &carl);
    let made = carls.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
    let token = pair.client_credentials(&made.text_of("clientId"), &made.text_of("clientSecret")).await.expect(200);
    let machine = Caller::new(pair, &token.text_of("accessToken"));
    let vault = || manifest(&[("vault", "open")], &["midaz-editor-group"]);
    publish(&machine, vault()).await.refused(403, "IDE-0023");
    assert!(!may(pair, carl.token(), "vault", "open").await);

    // Nor does another secret of an application that may.
    let application = pair.application("midaz").await;
    let secrets = format!("/v1/applications/{}/secrets", application.id);
    carls.post(&secrets, json!({})).await.refused(403, "IDE-0023");
    let added = administrator.post(&secrets, json!({})).await.expect(201);
    let token = pair.client_credentials(&application.client_id, &added.text_of("clientSecret")).await.expect(200);
    publish(&Caller::new(pair, &token.text_of("accessToken")), vault()).await.expect(200);
    assert!(may(pair, carl.token(), "vault", "open").await);
}

async fn a_manifest_is_bounded_as_a_whole(pair: &Pair) {
    let midaz = product(pair, "midaz").await;
    let names: Vec<String> = (0..21).map(|number| format!("r{number}")).collect();
    let roles: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let permission = |number: u32| json!({ "resource": format!("x{number}"), "action": "see", "roles": names });
    let body = |count| {
        let permissions: Vec<Value> = (0..count).map(permission).collect();
        json!({ "service": "midaz", "version": 1, "permissions": permissions, "roles": roles })
    };
    let refused = publish(&midaz, body(96)).await.refused(422, "IDE-1023");
    assert!(refused.body["fields"]["permissions"].as_str().unwrap().contains("2000"), "{}", refused.text);
    publish(&midaz, body(95)).await.expect(200);
}
