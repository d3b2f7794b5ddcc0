//! `/v1/tenants`: for administrators of the system tenant alone.

use std::time::Duration;

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    a_tenant_is_made_with_everything_it_begins_with,
    a_tenant_is_made_as_it_was_asked_for,
    a_name_is_given_once_and_for_ever,
    what_is_wrong_is_named,
    tenants_are_listed_in_pages,
    a_change_is_told_whole_and_what_is_absent_stays,
    a_disabled_tenant_is_as_if_it_did_not_exist,
    a_deleted_tenant_is_gone,
    the_system_tenant_stays,
    nobody_else_administers_tenants,
    an_act_on_a_tenant_is_in_both_trails,
    limits_are_kept,
    lifetimes_are_those_of_the_tenant,
    a_setting_of_passwords_takes_effect_at_once,
    older_databases_get_the_permissions_at_the_start,
    a_role_of_the_tenant_is_never_taken_for_the_platforms,
}

/// A fresh tenant with an administrator whose password is known; its answer.
async fn tenant(administrator: &Caller, name: &str) -> Value {
    let body = json!({ "name": name, "administrator": { "password": PASSWORD } });
    administrator.post("/v1/tenants", body).await.expect(201).body
}

/// The administrator of a tenant.
async fn administrator_of(pair: &Pair, name: &str) -> Caller {
    let tokens = pair.log_in(&format!("{name}/admin"), PASSWORD).await.expect(200);
    Caller::new(pair, &tokens.text_of("accessToken"))
}

fn events(pair: &Pair, condition: &str) -> i64 {
    tokio::task::block_in_place(|| pair.identity_database().count(&format!("audit_events WHERE {condition}")))
}

async fn a_tenant_is_made_with_everything_it_begins_with(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/tenants", json!({ "name": "acme" })).await.expect(201);
    let password = made.body["administrator"]["password"].as_str().unwrap();
    let settings = json!({
        "passwordKinds": { "upper": false, "lower": false, "digit": false, "special": false }, "passwordGrant": true,
        "allowedNetworks": [],
    });
    let expected = json!({
        "id": made.text_of("id"), "name": "acme", "displayName": "Acme", "active": true, "settings": settings,
        "limits": {}, "createdAt": made.text_of("createdAt"), "updatedAt": made.text_of("createdAt"),
    });
    let first = json!({
        "id": made.body["administrator"]["id"], "username": "admin", "email": "admin@acme.invalid", "password": password,
    });
    assert_eq!(made.body, with(expected.clone(), json!({ "administrator": first })));
    for name in ["acme", &made.text_of("id")] {
        let found = administrator.get(&format!("/v1/tenants/{name}")).await.expect(200);
        assert_eq!(found.body, expected);
        assert!(!found.text.contains(password));
    }

    let tokens = pair.log_in("acme/admin", password).await.expect(200);
    let theirs = Caller::new(pair, &tokens.text_of("accessToken"));
    assert_eq!(theirs.get("/v1/groups?limit=1").await.expect(200).body["total"], 16);
    theirs.post("/v1/users", with(user("ana"), json!({ "groups": ["admin-group"] }))).await.expect(201);
    theirs.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
}

async fn a_tenant_is_made_as_it_was_asked_for(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let body = json!({
        "name": "acme", "displayName": "Acme Bank",
        "settings": { "passwordKinds": { "digit": true }, "accessTokenSeconds": 600 },
        "limits": { "users": 5, "requestsPerSecond": 20 },
        "administrator": { "username": "ana", "email": "ana@acme.example", "password": "Without-any-number" },
    });
    let refused = administrator.post("/v1/tenants", body.clone()).await.refused(400, "IDE-0027");
    assert!(refused.body["fields"]["administrator.password"].is_string(), "{}", refused.text);
    let chosen = json!({ "username": "ana", "email": "ana@acme.example", "firstName": "Ana", "password": PASSWORD });
    let made = administrator.post("/v1/tenants", with(body, json!({ "administrator": chosen }))).await.expect(201);
    assert_eq!(made.body["settings"]["accessTokenSeconds"], 600);
    assert_eq!(made.body["settings"]["passwordKinds"]["digit"], true);
    assert_eq!(made.body["limits"], json!({ "users": 5, "requestsPerSecond": 20 }));
    assert!(!made.text.contains(PASSWORD));
    pair.log_in("acme/ana", PASSWORD).await.expect(200);
}

async fn a_name_is_given_once_and_for_ever(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    for name in ["acme", "lerian"] {
        administrator.post("/v1/tenants", json!({ "name": name })).await.refused(409, "IDE-1009");
    }
    administrator.delete("/v1/tenants/acme").await.expect(204);
    administrator.post("/v1/tenants", json!({ "name": "acme" })).await.refused(409, "IDE-1009");
    pair.identity_app().purge_deleted_tenants().await.unwrap();
    administrator.post("/v1/tenants", json!({ "name": "acme" })).await.refused(409, "IDE-1009");
}

async fn what_is_wrong_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let cases = [
        (json!({}), "IDE-0001", "name"),
        (json!({ "name": "Acme" }), "IDE-0002", "name"),
        (json!({ "name": "acme2", "surely": 1 }), "IDE-0004", "surely"),
        (json!({ "name": "acme2", "settings": { "surely": 1 } }), "IDE-0004", "settings.surely"),
        (
            json!({ "name": "acme2", "settings": { "accessTokenSeconds": 7_000 } }),
            "IDE-0002",
            "settings.accessTokenSeconds",
        ),
        (json!({ "name": "acme2", "limits": { "users": -1 } }), "IDE-0002", "limits.users"),
        (json!({ "name": "acme2", "administrator": { "email": "x" } }), "IDE-0002", "administrator.email"),
        (json!({ "name": "acme2", "administrator": { "password": "short" } }), "IDE-0020", "administrator.password"),
    ];
    for (body, code, field) in cases {
        let answer = administrator.post("/v1/tenants", body).await.refused(400, code);
        assert!(!answer.body["fields"][field].is_null(), "{}", answer.text);
    }
    let changes = [
        (json!({ "name": "other" }), "IDE-0010", "name"),
        (json!({ "displayName": "" }), "IDE-0002", "displayName"),
        (json!({ "active": "no" }), "IDE-0002", "active"),
        (json!({ "settings": { "passwordKinds": { "emoji": true } } }), "IDE-0004", "settings.passwordKinds.emoji"),
        (
            json!({ "settings": { "sessionIdleSeconds": 900, "sessionAbsoluteSeconds": 600 } }),
            "IDE-0002",
            "settings.sessionIdleSeconds",
        ),
        (json!({ "limits": [] }), "IDE-0002", "limits"),
    ];
    for (body, code, field) in changes {
        let answer = administrator.patch("/v1/tenants/acme", body).await.refused(400, code);
        assert!(!answer.body["fields"][field].is_null(), "{}", answer.text);
    }
    for nobody in ["nowhere", "No Tenant", "0198c0de-0000-7000-8000-000000000001"] {
        let path = format!("/v1/tenants/{}", nobody.replace(' ', "%20"));
        administrator.get(&path).await.refused(404, "IDE-1018");
        administrator.patch(&path, json!({ "active": false })).await.refused(404, "IDE-1018");
        administrator.delete(&path).await.refused(404, "IDE-1018");
    }
}

async fn tenants_are_listed_in_pages(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    for name in ["acme", "best", "core"] {
        tenant(&administrator, name).await;
    }
    administrator.delete("/v1/tenants/best").await.expect(204);
    let names = |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["name"].clone()).collect::<Vec<_>>();
    let all = administrator.get("/v1/tenants").await.expect(200);
    assert_eq!(names(&all.body), ["lerian", "acme", "core"]);
    assert_eq!(all.headers["x-total-count"], "3");
    let page = administrator.get("/v1/tenants?limit=2").await.expect(200);
    assert_eq!((names(&page.body["items"]), &page.body["total"]), (vec![json!("lerian"), json!("acme")], &json!(3)));
    let next =
        administrator.get(&format!("/v1/tenants?limit=2&cursor={}", page.text_of("nextCursor"))).await.expect(200);
    assert_eq!(names(&next.body["items"]), ["core"]);
    administrator.get("/v1/tenants?sort=name").await.refused(400, "IDE-0005");
}

async fn a_change_is_told_whole_and_what_is_absent_stays(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = tenant(&administrator, "acme").await;
    pair.pass(Duration::from_secs(1));
    let change = json!({ "displayName": "Acme Bank", "settings": { "passwordKinds": { "upper": true } }, "limits": { "users": 7 } });
    let changed = administrator.patch("/v1/tenants/acme", change).await.expect(200).body;
    assert_eq!(changed["displayName"], "Acme Bank");
    assert!(changed["updatedAt"].as_str() > made["updatedAt"].as_str() && changed["createdAt"] == made["createdAt"]);
    let more = json!({ "settings": { "accessTokenSeconds": 900, "passwordKinds": { "digit": true } }, "limits": { "groups": 20 } });
    let changed = administrator.patch("/v1/tenants/acme", more).await.expect(200).body;
    assert_eq!(
        changed["settings"]["passwordKinds"],
        json!({ "upper": true, "lower": false, "digit": true, "special": false })
    );
    assert_eq!(changed["limits"], json!({ "users": 7, "groups": 20 }));
    let fewer = json!({ "settings": { "accessTokenSeconds": null }, "limits": { "users": 0, "groups": null } });
    let changed = administrator.patch("/v1/tenants/acme", fewer).await.expect(200).body;
    assert_eq!((&changed["settings"]["accessTokenSeconds"], &changed["limits"]), (&Value::Null, &json!({})));
    assert_eq!(administrator.get("/v1/tenants/acme").await.expect(200).body, changed);
}

async fn a_disabled_tenant_is_as_if_it_did_not_exist(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let theirs = administrator_of(pair, "acme").await;
    let refresh = pair.log_in("acme/admin", PASSWORD).await.expect(200).text_of("refreshToken");
    let made = theirs.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
    let (client, secret) = (made.text_of("clientId"), made.text_of("clientSecret"));
    let machine = pair.client_credentials(&client, &secret).await.expect(200);
    let machine_token = machine.text_of("accessToken");
    administrator.patch("/v1/tenants/acme", json!({ "settings": { "passwordGrant": false } })).await.expect(200);
    pair.log_in("acme/admin", PASSWORD).await.refused(400, "AUT-1001");

    let disabled = administrator.patch("/v1/tenants/acme", json!({ "active": false })).await.expect(200);
    assert_eq!(disabled.body["active"], false);
    // This process has heard of it before it answered; auth hears of it within a moment.
    theirs.get("/v1/users").await.refused(401, "IDE-0009");
    Caller::new(pair, &machine_token).get("/v1/users").await.refused(401, "IDE-0009");
    pair.log_in("acme/admin", PASSWORD).await.refused(401, "AUT-1002");
    auth_refuses(pair, &machine_token).await;
    pair.client_credentials(&client, &secret).await.refused(401, "AUT-1004");
    pair.refresh(&refresh).await.refused(400, "AUT-1005");
    pair.refresh(&machine.text_of("refreshToken")).await.refused(400, "AUT-1005");

    let enable = json!({ "active": true, "settings": { "passwordGrant": true } });
    administrator.patch("/v1/tenants/acme", enable).await.expect(200);
    administrator_of(pair, "acme").await.get("/v1/users").await.expect(200);
    pair.client_credentials(&client, &secret).await.expect(200);
    theirs.get("/v1/users").await.refused(401, "IDE-0009");
    auth_refuses(pair, &machine_token).await;
    pair.refresh(&refresh).await.refused(400, "AUT-1005");
    pair.refresh(&machine.text_of("refreshToken")).await.refused(400, "AUT-1005");
}

/// Asks auth until it has heard that a token is dead; it never says otherwise again.
async fn auth_refuses(pair: &Pair, token: &str) {
    let asking = async {
        while pair.auth.get("/v1/userinfo").bearer(token).send().await.status == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), asking).await.unwrap();
    pair.auth.get("/v1/userinfo").bearer(token).send().await.refused(401, "AUT-0007");
}

async fn a_deleted_tenant_is_gone(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = tenant(&administrator, "acme").await;
    let theirs = administrator_of(pair, "acme").await;
    let token = pair.log_in("acme/admin", PASSWORD).await.expect(200).text_of("accessToken");
    let application = theirs.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
    let before = administrator.get("/v1/users").await.expect(200).body;

    administrator.delete("/v1/tenants/acme").await.expect(204);
    theirs.get("/v1/users").await.refused(401, "IDE-0009");
    auth_refuses(pair, &token).await;
    pair.log_in("acme/admin", PASSWORD).await.refused(401, "AUT-1002");
    let (client, secret) = (application.text_of("clientId"), application.text_of("clientSecret"));
    pair.client_credentials(&client, &secret).await.refused(401, "AUT-1004");
    for name in ["acme", made["id"].as_str().unwrap()] {
        let path = format!("/v1/tenants/{name}");
        administrator.get(&path).await.refused(404, "IDE-1018");
        administrator.patch(&path, json!({ "active": true })).await.refused(404, "IDE-1018");
        administrator.delete(&path).await.refused(404, "IDE-1018");
    }

    pair.identity_app().purge_deleted_tenants().await.unwrap();
    pair.log_in("acme/admin", PASSWORD).await.refused(401, "AUT-1002");
    pair.client_credentials(&client, &secret).await.refused(401, "AUT-1004");
    assert_eq!(administrator.get("/v1/users").await.expect(200).body, before);
}

async fn the_system_tenant_stays(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.patch("/v1/tenants/lerian", json!({ "active": false })).await.refused(403, "IDE-1020");
    administrator.delete("/v1/tenants/lerian").await.refused(403, "IDE-1020");
    let condition = "action IN ('tenant.update', 'tenant.delete') AND outcome = 'refused' AND code = 'IDE-1020'";
    assert_eq!(events(pair, condition), 2);
    let renamed = administrator.patch("/v1/tenants/lerian", json!({ "displayName": "Platform" })).await.expect(200);
    assert_eq!((&renamed.body["displayName"], &renamed.body["active"]), (&json!("Platform"), &json!(true)));
}

async fn nobody_else_administers_tenants(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let stranger = administrator_of(pair, "acme").await;
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    // Everything but the platform's own: `*` does not reach it, and nobody can be given it.
    administrator.post("/v1/groups", json!({ "name": "All" })).await.expect(201);
    let star = json!({ "product": "plugin-identity", "resource": "*", "action": "*" });
    administrator.put("/v1/groups/all/permissions", json!({ "permissions": [star] })).await.refused(403, "IDE-0023");
    let application = pair.application_token(&pair.application("midaz").await).await;
    let callers = [stranger, Caller::of(pair, &person), Caller::new(pair, &application)];
    for (number, caller) in callers.iter().enumerate() {
        let before = events(pair, "action = 'tenant.administer' AND code = 'IDE-0023'");
        caller.get("/v1/tenants").await.refused(403, "IDE-0023");
        caller.post("/v1/tenants", json!({ "name": "mine" })).await.refused(403, "IDE-0023");
        for name in ["acme", "lerian", "nowhere"] {
            let path = format!("/v1/tenants/{name}");
            caller.get(&path).await.refused(403, "IDE-0023");
            caller.patch(&path, json!({ "active": false })).await.refused(403, "IDE-0023");
            caller.delete(&path).await.refused(403, "IDE-0023");
        }
        assert_eq!(events(pair, "action = 'tenant.administer' AND code = 'IDE-0023'"), before + 11, "{number}");
    }
    let path = "/t/acme/v1/tenants";
    callers[0].get(path).await.refused(403, "IDE-0023");
    administrator.get(path).await.refused(401, "IDE-0009");
    administrator.get("/t/lerian/v1/tenants").await.expect(200);
}

async fn an_act_on_a_tenant_is_in_both_trails(pair: &Pair) {
    let person = pair.administrator().await;
    let administrator = Caller::of(pair, &person);
    let made = tenant(&administrator, "acme").await;
    let system = administrator.get("/v1/tenants/lerian").await.expect(200).text_of("id");
    administrator.patch("/v1/tenants/acme", json!({ "limits": { "users": 9 } })).await.expect(200);
    administrator.delete("/v1/tenants/acme").await.expect(204);
    let acme = made["id"].as_str().unwrap();
    for action in ["tenant.create", "tenant.update", "tenant.delete"] {
        let of = |tenant: &str, more: &str| {
            let tenant = match pair.identity_database().engine() {
                pair::Engine::Sqlite => format!("X'{}'", tenant.replace('-', "")),
                pair::Engine::Postgres => format!("'{tenant}'"),
            };
            format!("tenant_id = {tenant} AND action = '{action}' AND target_id = '{acme}' AND {more}")
        };
        let who = format!("actor_kind = 'user' AND actor_id = '{}' AND address = '127.0.0.1'", person.id);
        assert_eq!(events(pair, &of(&system, &who)), 1, "{action}");
        assert_eq!(
            events(pair, &of(acme, "actor_kind = 'operator' AND actor_id = '' AND address = ''")),
            1,
            "{action}"
        );
    }
    let told =
        "action = 'tenant.update' AND details LIKE '%\"before\":{%\"limits\":{}%' AND details LIKE '%\"users\":9%'";
    assert_eq!(events(pair, told), 2);
    // A change of nothing is none.
    tenant(&administrator, "best").await;
    administrator.patch("/v1/tenants/best", json!({})).await.expect(200);
    assert_eq!(events(pair, "action = 'tenant.update'"), 2);
}

async fn limits_are_kept(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let theirs = administrator_of(pair, "acme").await;
    let limits = json!({ "users": 3, "groups": 17, "applications": 2 });
    administrator.patch("/v1/tenants/acme", json!({ "limits": limits })).await.expect(200);
    let ana = theirs.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    // Of many who come at once, as many are let in as there is room for.
    let names: Vec<String> = (0..6).map(|number| format!("bruno{number}")).collect();
    let coming = names.iter().map(|name| theirs.post("/v1/users", user(name)));
    let answers = futures_util::future::join_all(coming).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        let answer = answer.refused(409, "IDE-1019");
        assert_eq!(answer.body["fields"], json!({ "users": "are limited to 3 in this tenant" }));
    }
    assert_eq!(theirs.get("/v1/users?limit=1").await.expect(200).body["total"], 3);
    theirs.delete(&format!("/v1/users/{ana}")).await.expect(204);
    theirs.post("/v1/users", user("carla")).await.expect(201);

    theirs.post("/v1/groups", json!({ "name": "One" })).await.expect(201);
    theirs.post("/v1/groups", json!({ "name": "Two" })).await.refused(409, "IDE-1019");
    let application = json!({ "name": "midaz", "description": "x" });
    theirs.post("/v1/applications", application.clone()).await.expect(201);
    theirs.post("/v1/applications", application.clone()).await.refused(409, "IDE-1019");
    administrator.patch("/v1/tenants/acme", json!({ "limits": { "applications": 0 } })).await.expect(200);
    theirs.post("/v1/applications", application).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "One" })).await.expect(201);
    // What a tenant begins with is no matter of limits.
    let small = json!({ "name": "small", "limits": { "users": 1, "groups": 1, "applications": 1 } });
    administrator.post("/v1/tenants", small).await.expect(201);
}

async fn lifetimes_are_those_of_the_tenant(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let theirs = administrator_of(pair, "acme").await;
    let made = theirs.post("/v1/applications", json!({ "name": "midaz", "description": "x" })).await.expect(201);
    let (client, secret) = (made.text_of("clientId"), made.text_of("clientSecret"));
    // Remembered by auth from now on.
    assert_eq!(pair.client_credentials(&client, &secret).await.expect(200).body["expiresIn"], 3_600);
    let settings = json!({
        "accessTokenSeconds": 120, "sessionIdleSeconds": 600, "sessionAbsoluteSeconds": 900, "machineRefreshSeconds": 300,
    });
    administrator.patch("/v1/tenants/acme", json!({ "settings": settings })).await.expect(200);
    let asking = async {
        while pair.client_credentials(&client, &secret).await.expect(200).body["expiresIn"] != 120 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), asking).await.unwrap();
    let machine = pair.client_credentials(&client, &secret).await.expect(200).text_of("refreshToken");
    let person = pair.log_in("acme/admin", PASSWORD).await.expect(200);
    assert_eq!(person.body["expiresIn"], 120);
    assert_eq!(pair.log_in("admin", &pair.administrator().await.password).await.expect(200).body["expiresIn"], 3_600);

    pair.pass(Duration::from_secs(299));
    pair.refresh(&machine).await.expect(200);
    pair.pass(Duration::from_secs(1));
    pair.refresh(&machine).await.refused(400, "AUT-1005");
    pair.pass(Duration::from_secs(299));
    let second = pair.refresh(&person.text_of("refreshToken")).await.expect(200);
    pair.pass(Duration::from_secs(290));
    let third = pair.refresh(&second.text_of("refreshToken")).await.expect(200);
    // The session lasts 10 s more in all, and so does its last access token.
    assert_eq!(third.body["expiresIn"], 11);
    pair.pass(Duration::from_secs(11));
    pair.refresh(&third.text_of("refreshToken")).await.refused(400, "AUT-1005");
    let idle = pair.log_in("acme/admin", PASSWORD).await.expect(200);
    pair.pass(Duration::from_secs(600));
    pair.refresh(&idle.text_of("refreshToken")).await.refused(400, "AUT-1005");
}

async fn a_setting_of_passwords_takes_effect_at_once(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    tenant(&administrator, "acme").await;
    let theirs = administrator_of(pair, "acme").await;
    let ana = with(user("ana"), json!({ "password": "without-any-number" }));
    let change = json!({ "settings": { "passwordKinds": { "digit": true } } });
    administrator.patch("/v1/tenants/acme", change).await.expect(200);
    theirs.post("/v1/users", ana.clone()).await.refused(400, "IDE-0027");
    administrator.post("/v1/users", ana).await.expect(201);
}

async fn older_databases_get_the_permissions_at_the_start(pair: &mut Pair) {
    pair.stop_identity().await;
    tokio::task::block_in_place(|| {
        pair.identity_database().execute("DELETE FROM permission_grants WHERE resource = 'tenants'");
    });
    pair.restart_identity().await;
    let administrator = Caller::administrator(pair).await;
    administrator.get("/v1/tenants").await.expect(200);
    administrator.post("/v1/tenants", json!({ "name": "acme" })).await.expect(201);
}

async fn a_role_of_the_tenant_is_never_taken_for_the_platforms(pair: &Pair) {
    // As in a tenant that made a role of that name before it became the one that administers the others.
    tokio::task::block_in_place(|| {
        let database = pair.identity_database();
        database.execute("UPDATE roles SET built_in = (1 = 0) WHERE slug = 'platform-role'");
        database.execute("DELETE FROM permission_grants WHERE resource = 'tenants'");
    });
    assert!(pair.identity_app().keep_platform_role().await.is_err());
    let granted =
        tokio::task::block_in_place(|| pair.identity_database().count("permission_grants WHERE resource = 'tenants'"));
    assert_eq!(granted, 0);
}
