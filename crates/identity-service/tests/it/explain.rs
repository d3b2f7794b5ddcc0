//! `/v1/permissions/…` and effective permissions: who may do what, and why.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Clock, Timestamp};
use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::users::user;

pair::on_both_engines! {
    a_yes_tells_every_way_that_leads_to_it,
    a_no_tells_why,
    a_disabled_subject_may_nothing,
    a_subject_is_named_by_id_or_username,
    the_holders_of_a_permission_come_with_every_way,
    what_everybody_may_do_everybody_holds,
    many_holders_are_listed_page_by_page,
    the_holders_are_those_whose_explanation_says_yes,
    what_a_subject_may_do_is_listed_page_by_page,
    questions_are_read_strictly,
    who_may_not_read_roles_learns_nothing,
}

const CASES: &str = "product=fraud&resource=cases&action=get";

fn case(action: &str) -> Value {
    json!({ "product": "fraud", "resource": "cases", "action": action })
}

fn at(pair: &Pair, seconds: u64) -> String {
    Timestamp::from_seconds(pair.clock.now().seconds()).plus(Duration::from_secs(seconds)).to_string()
}

/// Asks for an explanation.
async fn explain(caller: &Caller, subject: &str, question: &str) -> Value {
    caller.get(&format!("/v1/permissions/explanation?subject={subject}&{question}")).await.expect(200).body
}

/// Every page of the holders of a permission.
async fn holders(caller: &Caller, question: &str, limit: usize) -> Vec<Value> {
    let first = format!("/v1/permissions/holders?{question}&limit={limit}");
    let (mut rows, mut path) = (Vec::new(), first.clone());
    loop {
        let page = caller.get(&path).await.expect(200).body;
        assert_eq!(page["limit"], limit);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        rows.extend(items.clone());
        match page.get("nextCursor") {
            Some(cursor) => path = format!("{first}&cursor={}", cursor.as_str().unwrap()),
            None => return rows,
        }
        assert!(rows.len() < 1_000, "the list does not end");
    }
}

/// Subject and way of a row, in one line.
fn told(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let way = &row["way"];
    let permission = ["product", "resource", "action"].map(|part| text(&way["permission"][part])).join(":");
    format!("{} {} {} {permission}", text(&row["subject"]["name"]), text(&way["group"]), text(&way["role"]))
}

/// A role `clerk` that sees cases, a group `desk` that has it, and a group `chiefs` that may do everything to cases.
async fn offices(pair: &Pair) -> Caller {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Clerk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Chiefs" })).await.expect(201);
    // Nobody grants what they lack, so the operator begins.
    let tenant = "(SELECT tenant_id FROM groups WHERE slug = 'admin-group')";
    let group = "(SELECT id FROM groups WHERE slug = 'admin-group')";
    let all = format!(
        "INSERT INTO permission_grants (tenant_id, holder_id, product, resource, action) \
         VALUES ({tenant}, {group}, 'fraud', '*', '*')"
    );
    tokio::task::block_in_place(|| pair.identity_database().execute(&all));
    // What a caller holds is read anew after a change.
    administrator.call("PUT", "/v1/groups/desk/roles/clerk", None).await.expect(200);
    administrator.put("/v1/roles/clerk/permissions", json!({ "permissions": [case("get")] })).await.expect(200);
    administrator.put("/v1/groups/chiefs/permissions", json!({ "permissions": [case("*")] })).await.expect(200);
    administrator
}

async fn a_yes_tells_every_way_that_leads_to_it(pair: &Pair) {
    let administrator = offices(pair).await;
    let ana = administrator.post("/v1/users", with(user("ana"), json!({ "groups": ["desk"] }))).await.expect(201);
    let id = ana.text_of("id");
    let until = at(pair, 600);
    administrator.put(&format!("/v1/groups/chiefs/users/{id}"), json!({ "validUntil": until })).await.expect(204);
    administrator.call("PUT", &format!("/v1/users/{id}/roles/clerk"), None).await.expect(200);
    let bounded = with(case("get"), json!({ "validUntil": until }));
    administrator.put(&format!("/v1/users/{id}/permissions"), json!({ "permissions": [bounded] })).await.expect(200);

    let explained = explain(&administrator, "ana", CASES).await;
    let expected = json!({
        "subject": { "kind": "user", "id": id, "name": "ana" },
        "allowed": true,
        "revision": explained["revision"],
        "ways": [
            { "permission": case("get"), "validUntil": until },
            { "permission": case("get"), "role": "clerk" },
            { "permission": case("*"), "group": "chiefs", "validUntil": until },
            { "permission": case("get"), "group": "desk", "role": "clerk" },
        ],
        "total": 4,
        "reasons": [],
    });
    assert_eq!(explained, expected);
    // A change is told by a higher revision.
    administrator.delete(&format!("/v1/users/{id}/roles/clerk")).await.expect(204);
    let later = explain(&administrator, "ana", CASES).await;
    assert!(later["revision"].as_u64() > explained["revision"].as_u64());
    assert_eq!(later["total"], 3);
}

async fn a_no_tells_why(pair: &Pair) {
    let administrator = offices(pair).await;
    let id = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let set = |permissions: Value| {
        let (administrator, path) = (administrator.clone(), format!("/v1/users/{id}/permissions"));
        async move { administrator.put(&path, json!({ "permissions": permissions })).await.expect(200) }
    };
    let why = |question: &'static str| {
        let administrator = administrator.clone();
        async move {
            let explained = explain(&administrator, "ana", question).await;
            assert_eq!((&explained["allowed"], &explained["ways"]), (&json!(false), &json!([])));
            explained["reasons"].clone()
        }
    };
    let reason =
        |name: &str, ways: Value| json!({ "reason": name, "total": ways.as_array().unwrap().len(), "ways": ways });
    let nothing = reason("nothing_of_product", json!([]));
    assert_eq!(why(CASES).await, json!([nothing]));

    let (soon, past) = (at(pair, 600), "2020-01-01T00:00:00.000Z");
    let begins = with(case("get"), json!({ "validFrom": soon }));
    set(json!([begins])).await;
    let way = json!({ "permission": case("get"), "validFrom": soon });
    assert_eq!(why(CASES).await, json!([reason("grant_not_begun", json!([way])), nothing]));
    let ended = with(case("*"), json!({ "validUntil": past }));
    set(json!([ended, case("post")])).await;
    let (ended, posts) =
        (json!({ "permission": case("*"), "validUntil": past }), json!({ "permission": case("post") }));
    let told = json!([reason("grant_ended", json!([ended])), reason("other_actions", json!([posts]))]);
    assert_eq!(why(CASES).await, told);
    assert_eq!(
        why("product=fraud&resource=clients&action=get").await,
        json!([reason("other_resources", json!([posts]))])
    );
    assert_eq!(
        why("product=routing&resource=cases&action=post").await,
        json!([reason("other_product", json!([posts])), nothing])
    );

    let star = json!({ "product": "plugin-identity", "resource": "*", "action": "get" });
    let refused = administrator.put(&format!("/v1/users/{id}/permissions"), json!({ "permissions": [star] })).await;
    // Nobody holds that star, so nobody gives it; a platform permission has its reason without one.
    refused.refused(403, "IDE-0023");
    let tenants = why("product=plugin-identity&resource=tenants&action=get").await;
    assert_eq!(tenants, json!([reason("platform", json!([]))]));
}

async fn a_disabled_subject_may_nothing(pair: &Pair) {
    let administrator = offices(pair).await;
    let made = administrator.post("/v1/users", with(user("ana"), json!({ "groups": ["desk"] }))).await.expect(201);
    let id = made.text_of("id");
    let effective = format!("/v1/users/{id}/effective-permissions");
    assert_eq!(administrator.get(&effective).await.expect(200).body.as_array().unwrap().len(), 2);
    administrator.patch(&format!("/v1/users/{id}"), json!({ "active": false })).await.expect(200);
    let explained = explain(&administrator, &id, CASES).await;
    assert_eq!(explained["allowed"], false);
    assert_eq!(explained["reasons"], json!([{ "reason": "subject_disabled", "ways": [], "total": 0 }]));
    assert_eq!(explained["total"], 1);
    assert_eq!(administrator.get(&effective).await.expect(200).body, json!([]));
    let names: Vec<_> = holders(&administrator, CASES, 10).await.iter().map(told).collect();
    assert_eq!(names, ["admin admin-group - fraud:*:*"]);
}

async fn a_subject_is_named_by_id_or_username(pair: &Pair) {
    let administrator = offices(pair).await;
    let id = administrator.post("/v1/users", user("Ana.Souza")).await.expect(201).text_of("id");
    let ana = json!({ "kind": "user", "id": id, "name": "Ana.Souza" });
    for name in [id.as_str(), "Ana.Souza", "ana.souza", &id.to_uppercase()] {
        assert_eq!(explain(&administrator, name, CASES).await["subject"], ana, "{name}");
    }
    let application = pair.application("midaz").await;
    let question = "product=midaz&resource=ledgers&action=delete";
    let explained = explain(&administrator, &application.id, question).await;
    assert_eq!(explained["subject"]["kind"], "application");
    let delete = json!({ "product": "midaz", "resource": "ledgers", "action": "delete" });
    assert_eq!(explained["ways"], json!([{ "permission": delete, "role": "midaz-editor-role" }]));
    // A product with two names is one, whichever is asked under.
    for product in ["plugin-smart-template", "plugin-smart-templates"] {
        let question = format!("product={product}&resource=reports&action=get");
        assert_eq!(explain(&administrator, "admin", &question).await["allowed"], true, "{product}");
    }
    let stranger = pair.stranger().await;
    for name in ["nobody", "0198c0de-0000-7000-8000-000000000001", stranger.id.as_str(), "not a name at all"] {
        let path = format!("/v1/permissions/explanation?subject={}&{CASES}", name.replace(' ', "%20"));
        administrator.get(&path).await.refused(404, "IDE-1022");
    }
}

async fn the_holders_of_a_permission_come_with_every_way(pair: &Pair) {
    let administrator = offices(pair).await;
    let make = async |name: &str, groups: &[&str]| {
        let body = with(user(name), json!({ "groups": groups }));
        administrator.post("/v1/users", body).await.expect(201).text_of("id")
    };
    make("ana", &["desk", "chiefs"]).await;
    let eva = make("eva", &["desk"]).await;
    let late = make("late", &[]).await;
    administrator.call("PUT", &format!("/v1/users/{eva}/roles/clerk"), None).await.expect(200);
    let soon = json!({ "validFrom": at(pair, 600) });
    administrator.put(&format!("/v1/groups/desk/users/{late}"), soon.clone()).await.expect(204);
    administrator.put(&format!("/v1/users/{late}/roles/clerk"), soon.clone()).await.expect(200);
    let begins = with(case("get"), soon);
    administrator.put(&format!("/v1/users/{late}/permissions"), json!({ "permissions": [begins] })).await.expect(200);
    let application = pair.application("midaz").await;
    let path = format!("/v1/applications/{}/permissions", application.id);
    let program = administrator.put(&path, json!({ "permissions": [case("get")] })).await.expect(200);
    assert_eq!(program.body["permissions"], json!([case("get")]));
    let shown = administrator.get(&format!("/v1/applications/{}", application.id)).await.expect(200);

    let name = explain(&administrator, &application.id, CASES).await["subject"]["name"].as_str().unwrap().to_owned();
    assert!(shown.text.contains(&application.id));
    let mut expected = vec![
        format!("{name} - - fraud:cases:get"),
        "eva - clerk fraud:cases:get".to_owned(),
        "ana desk clerk fraud:cases:get".to_owned(),
        "eva desk clerk fraud:cases:get".to_owned(),
        "ana chiefs - fraud:cases:*".to_owned(),
        "admin admin-group - fraud:*:*".to_owned(),
    ];
    expected.sort();
    let whole: Vec<_> = holders(&administrator, CASES, 100).await.iter().map(told).collect();
    let mut sorted = whole.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    for limit in [1, 2, 3, 5] {
        let paged: Vec<_> = holders(&administrator, CASES, limit).await.iter().map(told).collect();
        assert_eq!(paged, whole, "limit {limit}");
    }
    // Applications act as the editor of their product; those of both names of one do.
    for product in ["plugin-smart-template", "plugin-smart-templates", "plugin-smart-template"] {
        pair.application(product).await;
    }
    let editors = holders(&administrator, "product=plugin-smart-templates&resource=reports&action=post", 2).await;
    let acting = editors.iter().filter(|row| row["subject"]["kind"] == "application").count();
    assert_eq!((acting, editors.len()), (3, 4));
    let role = json!("plugin-smart-templates-editor-role");
    assert!(editors.iter().all(|row| row["way"]["role"] == role), "{editors:?}");
}

async fn what_everybody_may_do_everybody_holds(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    administrator.post("/v1/users", user("eva")).await.expect(201);
    administrator.patch(&format!("/v1/users/{ana}"), json!({ "active": false })).await.expect(200);
    let question = "product=plugin-identity&resource=update-password&action=patch";
    for limit in [1, 100] {
        let rows: Vec<_> = holders(&administrator, question, limit).await.iter().map(told).collect();
        let permission = "plugin-identity:update-password:patch";
        let expected = [
            format!("admin admin-group plugin-identity-editor-role {permission}"),
            format!("admin - - {permission}"),
            format!("eva - - {permission}"),
        ];
        assert_eq!(rows, expected);
    }
}

async fn many_holders_are_listed_page_by_page(pair: &Pair) {
    let administrator = offices(pair).await;
    let (mut given, mut members) = (Vec::new(), Vec::new());
    for number in 0..130 {
        let name = format!("person-{number:03}");
        let made =
            administrator.post("/v1/users", with(user(&name), json!({ "groups": ["chiefs"] }))).await.expect(201);
        let role = format!("/v1/users/{}/roles/clerk", made.text_of("id"));
        administrator.call("PUT", &role, None).await.expect(200);
        given.push(format!("{name} - clerk fraud:cases:get"));
        members.push(format!("{name} chiefs - fraud:cases:*"));
    }
    let expected = [given, members, vec!["admin admin-group - fraud:*:*".to_owned()]].concat();
    for limit in [7, 100] {
        let rows: Vec<_> = holders(&administrator, CASES, limit).await.iter().map(told).collect();
        assert_eq!(rows, expected, "limit {limit}");
    }
}

async fn the_holders_are_those_whose_explanation_says_yes(pair: &Pair) {
    let administrator = offices(pair).await;
    for (name, groups) in [("ana", &["desk"][..]), ("eva", &[]), ("ivo", &["midaz-viewer-group", "chiefs"])] {
        administrator.post("/v1/users", with(user(name), json!({ "groups": groups }))).await.expect(201);
    }
    for question in [
        CASES,
        "product=fraud&resource=cases&action=delete",
        "product=fraud&resource=*&action=*",
        "product=midaz&resource=ledgers&action=get",
        "product=midaz&resource=ledgers&action=delete",
        "product=plugin-identity&resource=tenants&action=get",
        "product=nobodys&resource=things&action=get",
    ] {
        let rows = holders(&administrator, question, 3).await;
        let listed: BTreeSet<_> = rows.iter().map(|row| row["subject"]["name"].as_str().unwrap().to_owned()).collect();
        let mut allowed = BTreeSet::new();
        for name in ["admin", "ana", "eva", "ivo"] {
            if explain(&administrator, name, question).await["allowed"] == true {
                allowed.insert(name.to_owned());
            }
        }
        assert_eq!(listed, allowed, "{question}");
    }
}

async fn what_a_subject_may_do_is_listed_page_by_page(pair: &Pair) {
    let administrator = offices(pair).await;
    let body = with(user("ana"), json!({ "groups": ["desk", "chiefs", "routing-viewer-group"] }));
    let id = administrator.post("/v1/users", body).await.expect(201).text_of("id");
    let path = format!("/v1/users/{id}/effective-permissions");
    let all = administrator.get(&path).await.expect(200);
    let name = |row: &Value| {
        ["product", "resource", "action"].map(|part| row["permission"][part].as_str().unwrap().to_owned()).join(":")
    };
    let rows = all.body.as_array().unwrap();
    let names: Vec<_> = rows.iter().map(name).collect();
    let expected = [
        "fraud:cases:*",
        "fraud:cases:get",
        "plugin-identity:update-password:patch",
        "routing:account-types:get",
        "routing:operation-routes:get",
        "routing:transaction-routes:get",
    ];
    assert_eq!(names, expected);
    let through_desk = json!({ "permission": case("get"), "group": "desk", "role": "clerk" });
    assert_eq!(rows[1], json!({ "permission": case("get"), "ways": [through_desk], "total": 1 }));
    assert_eq!(all.headers["x-total-count"], "6");

    let (mut seen, mut next) = (Vec::new(), format!("{path}?limit=4"));
    loop {
        let page = administrator.get(&next).await.expect(200);
        assert_eq!(page.body["total"], 6);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        match page.body.get("nextCursor") {
            Some(cursor) => next = format!("{path}?limit=4&cursor={}", cursor.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(&seen, rows);
    let users = administrator.get("/v1/groups?limit=1").await.expect(200).text_of("nextCursor");
    administrator.get(&format!("{path}?cursor={users}")).await.refused(400, "IDE-0005");

    let application = pair.application("plugin-crm").await;
    let path = format!("/v1/applications/{}/effective-permissions", application.id);
    let held = administrator.get(&path).await.expect(200);
    let roles: Vec<_> = held.body.as_array().unwrap().iter().map(|row| row["ways"][0]["role"].clone()).collect();
    assert_eq!(roles, vec![json!("plugin-crm-editor-role"); 8]);
}

async fn questions_are_read_strictly(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let groups = administrator.get("/v1/groups?limit=1").await.expect(200).text_of("nextCursor");
    let part = "must have 1 to 100 visible ASCII characters without '*'";
    let foreign = "is not one that this list gave";
    for (query, name, reason) in [
        ("resource=a&action=b", "product", "is required"),
        ("product=p&action=b", "resource", "is required"),
        ("product=p&resource=a", "action", "is required"),
        ("product=*&resource=a&action=b", "product", part),
        ("product=&resource=a&action=b", "product", part),
        ("product=p&resource=a*&action=b", "resource", part),
        ("product=p&resource=a&action=%00", "action", part),
        ("product=p&resource=a&action=b&page=1", "page", "is not known here"),
        ("product=p&product=p&resource=a&action=b", "product", "is sent twice"),
    ] {
        for path in ["/v1/permissions/explanation?subject=admin", "/v1/permissions/holders?"] {
            let refused = administrator.get(&format!("{path}&{query}")).await.refused(400, "IDE-0005");
            assert_eq!(refused.body["fields"], json!({ name: reason }), "{path} {query}");
        }
    }
    let subject = administrator.get(&format!("/v1/permissions/explanation?{CASES}")).await.refused(400, "IDE-0005");
    assert_eq!(subject.body["fields"], json!({ "subject": "is required" }));
    for (query, name, reason) in [
        ("limit=0".to_owned(), "limit", "must be a whole number from 1 to 100"),
        ("limit=101".to_owned(), "limit", "must be a whole number from 1 to 100"),
        ("cursor=x".to_owned(), "cursor", foreign),
        (format!("cursor={groups}"), "cursor", foreign),
    ] {
        let path = format!("/v1/permissions/holders?{CASES}&{query}");
        let refused = administrator.get(&path).await.refused(400, "IDE-0005");
        assert_eq!(refused.body["fields"], json!({ name: reason }), "{query}");
    }
}

async fn who_may_not_read_roles_learns_nothing(pair: &Pair) {
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    let ana = Caller::of(pair, &person);
    for path in [
        format!("/v1/permissions/explanation?subject=ana&{CASES}"),
        format!("/v1/permissions/holders?{CASES}"),
        format!("/v1/users/{}/effective-permissions", person.id),
    ] {
        ana.get(&path).await.refused(403, "IDE-0023");
    }
}
