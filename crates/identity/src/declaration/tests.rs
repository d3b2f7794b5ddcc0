use error_codes::ide;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn read(body: &Value) -> Manifest {
    parse("midaz", body.as_object().unwrap().clone()).unwrap()
}

/// The places that are refused.
fn faults(body: &Value) -> Vec<String> {
    let failure = parse("midaz", body.as_object().unwrap().clone()).unwrap_err();
    assert_eq!(failure.code(), ide::INVALID_DECLARATION);
    failure.fields().keys().cloned().collect()
}

fn with(mut body: Value, changes: Value) -> Value {
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

fn whole() -> Value {
    json!({
        "service": "midaz", "version": 3,
        "permissions": [
            { "resource": "order", "action": "read", "effect": "allow", "roles": ["clerk", "Desk/Chief"], "level": "ledgerId" },
            { "resource": "order", "action": "order:approve", "roles": ["Desk/Chief"] },
        ],
        "roles": [
            { "name": "clerk", "granted_to": [{ "group": "desk" }] },
            { "name": "Desk/Chief" },
        ],
        "m2m": { "exposed": true, "needs": ["plugin-fees"], "roles": ["clerk"] },
        "scope": { "dimensions": [
            { "name": "organizationId", "from": "path", "param": "organization_id", "required": true, "collection": "organizations" },
            { "name": "ledgerId", "from": "header", "param": "X-Ledger", "multi": true, "collection": "ledgers",
              "covers": ["balances"], "label": "Ledger", "parent": "organizationId" },
        ] },
        "partners": true,
        "integrations": ["tracer"],
    })
}

fn dimension(name: &str, changes: Value) -> Value {
    with(json!({ "name": name, "from": "path", "param": name, "collection": format!("{name}s") }), changes)
}

#[test]
fn a_manifest_becomes_roles_with_both_ways_to_ask() {
    let roles = read(&whole()).access.unwrap().roles_of("midaz");
    let slugs: Vec<_> = roles.keys().map(Slug::as_str).collect();
    assert_eq!(slugs, ["midaz-clerk", "midaz-desk-chief"]);
    let permissions = |slug: &str| roles[&Slug::parse(slug).unwrap()].permissions.clone();
    let order = |actions: &[&str]| actions.iter().map(|&action| Permission::new("midaz", "order", action)).collect();
    assert_eq!(permissions("midaz-clerk"), order(&["read", "order:read"]));
    assert_eq!(permissions("midaz-desk-chief"), order(&["read", "order:read", "order:approve"]));
    assert_eq!(roles[&Slug::parse("midaz-clerk").unwrap()].groups, [Slug::parse("desk").unwrap()].into());
}

#[test]
fn every_fault_is_named_by_its_place() {
    let wrong = json!({
        "service": "", "version": 0, "more": 1,
        "permissions": [
            { "resource": "*", "action": "GET", "effect": "deny", "roles": ["clerk", "nobody", 7], "level": "Tenant" },
            { "action": "read", "roles": [] },
            "read",
        ],
        "roles": [
            { "name": "clerk", "granted_to": [{ "group": "No Group" }, { "group": "desk", "until": 1 }] },
            { "name": "支払い" }, { "name": "editor-role" }, { "name": "x".repeat(70) },
        ],
        "m2m": { "exposed": false, "roles": ["clerk", "clerk", "ghost"] },
        "scope": { "routes": [], "dimensions": [{ "name": "a", "from": "body", "param": "", "covers": [""] }] },
        "partners": "yes", "levels": {}, "integrations": [1],
    });
    let expected = [
        "integrations[0]",
        "levels",
        "m2m.roles",
        "m2m.roles[1]",
        "m2m.roles[2]",
        "more",
        "partners",
        "permissions[0].action",
        "permissions[0].effect",
        "permissions[0].level",
        "permissions[0].resource",
        "permissions[0].roles[1]",
        "permissions[0].roles[2]",
        "permissions[1].resource",
        "permissions[1].roles",
        "permissions[2]",
        "permissions[2].action",
        "permissions[2].resource",
        "permissions[2].roles",
        "roles[0].granted_to[0].group",
        "roles[0].granted_to[1].until",
        "roles[1].name",
        "roles[2].name",
        "roles[3].name",
        "scope.dimensions[0].collection",
        "scope.dimensions[0].covers[0]",
        "scope.dimensions[0].from",
        "scope.dimensions[0].param",
        "scope.routes",
        "service",
        "version",
    ];
    assert_eq!(faults(&wrong), expected);
}

#[test]
fn actions_say_what_is_done_and_not_by_which_method() {
    let with_action = |action: &str| {
        with(whole(), json!({ "permissions": [{ "resource": "order", "action": action, "roles": ["clerk"] }] }))
    };
    for right in ["create", "read", "update", "delete", "order:read", "Approve"] {
        read(&with_action(right));
    }
    for wrong in ["get", "post", "put", "patch", "PATCH", "head", "*", "", "a b"] {
        assert_eq!(faults(&with_action(wrong)), ["permissions[0].action"], "{wrong}");
    }
}

#[test]
fn nothing_is_declared_twice_also_not_under_a_reduced_name() {
    let permission = |resource: &str, action: &str| json!({ "resource": resource, "action": action, "roles": ["a"] });
    let body = |permissions: [Value; 2]| json!({ "service": "midaz", "version": 1, "roles": [{ "name": "a" }], "permissions": permissions });
    for (one, other) in [
        (permission("order", "read"), permission("order", "read")),
        (permission("order", "read"), permission("Order", "READ")),
        (permission("order-item", "read"), permission("order", "item/read")),
    ] {
        assert_eq!(faults(&body([one, other])), ["permissions[1]"]);
    }
    read(&body([permission("order", "read"), permission("order", "update")]));
    let roles = |one: &str, other: &str| json!({ "service": "midaz", "version": 1, "roles": [{ "name": one }, { "name": other }] });
    assert_eq!(faults(&roles("Fraud Desk", "fraud/desk")), ["roles[1].name"]);
}

#[test]
fn dimensions_are_told_apart_and_end_somewhere() {
    let body = |dimensions: Value| json!({ "service": "midaz", "version": 1, "scope": { "dimensions": dimensions } });
    let refused = |dimensions: Value| faults(&body(dimensions));
    let header = |name: &str, param: &str| dimension(name, json!({ "from": "header", "param": param }));
    read(&body(json!([
        dimension("a", json!({})),
        dimension("b", json!({ "parent": "a", "from": "query", "param": "a" }))
    ])));
    assert_eq!(
        refused(json!([dimension("a", json!({})), dimension("a", json!({ "param": "x" }))])),
        ["scope.dimensions[1].name"]
    );
    assert_eq!(refused(json!([header("a", "X-Id"), header("b", "x-id")])), ["scope.dimensions[1].param"]);
    assert_eq!(refused(json!([dimension("tenant", json!({}))])), ["scope.dimensions[0].name"]);
    assert_eq!(refused(json!([dimension("a", json!({ "parent": "b" }))])), ["scope.dimensions[0].parent"]);
    let circle = json!([
        dimension("a", json!({ "parent": "b" })),
        dimension("b", json!({ "parent": "a" })),
        dimension("c", json!({ "parent": "a" }))
    ]);
    assert_eq!(refused(circle), ["scope.dimensions[0].parent", "scope.dimensions[1].parent"]);
    let covers = dimension("a", json!({ "covers": ["AS", "x", "X"] }));
    assert_eq!(refused(json!([covers])), ["scope.dimensions[0].covers[0]", "scope.dimensions[0].covers[2]"]);
    for (from, param) in [("path", ":id"), ("query", "a=b"), ("header", "X Y"), ("header", "X:Y")] {
        let wrong = dimension("a", json!({ "from": from, "param": param }));
        assert_eq!(refused(json!([wrong])), ["scope.dimensions[0].param"], "{param}");
    }
}

#[test]
fn a_manifest_about_the_scope_keeps_the_levels_unless_it_lists_some() {
    let before = read(&whole()).kept_scope(&Scope::default());
    let level = |level: &str| Level { resource: "order".into(), action: "read".into(), level: level.into() };
    assert_eq!(before.levels, [level("ledgerId")]);
    let scope = json!({ "service": "midaz", "version": 4, "scope": whole()["scope"] });
    let alone = read(&scope);
    assert_eq!(alone.access, None);
    assert_eq!(alone.kept_scope(&before).levels, before.levels);
    let listing = with(scope, json!({ "levels": [{ "resource": "order", "action": "read", "level": "tenant" }] }));
    assert_eq!(read(&listing).kept_scope(&before).levels, [level("tenant")]);
    let none = json!({ "service": "midaz", "version": 5, "roles": [{ "name": "clerk" }] });
    assert_eq!(read(&none).kept_scope(&before).levels, []);
    // A level that stays needs its dimension.
    let bare = read(&json!({ "service": "midaz", "version": 4 }));
    let there = Surroundings { roles: &[], groups: &BTreeSet::new(), scope: &before };
    assert_eq!(bare.fits(there).unwrap_err().fields().keys().collect::<Vec<_>>(), ["scope.dimensions"]);
}

#[test]
fn only_a_product_itself_declares_and_only_itself() {
    for (product, slug, service) in [
        ("midaz", "midaz", Some("midaz")),
        ("midaz", "midaz", None),
        ("midaz", "midaz", Some("..")),
        ("plugin-smart-template", "plugin-smart-templates", Some("plugin-smart-template")),
    ] {
        assert!(may_declare(product, slug, service), "{product} {slug} {service:?}");
    }
    for (product, slug, service) in [
        ("midaz", "plugin-fees", Some("plugin-fees")),
        ("midaz", "plugin-fees", Some("midaz")),
        ("midaz", "midaz", Some("plugin-fees")),
        ("midaz", "Midaz", None),
        ("plugin-identity", "plugin-identity", Some("plugin-identity")),
    ] {
        assert!(!may_declare(product, slug, service), "{product} {slug} {service:?}");
    }
}

#[test]
fn the_compared_form_has_one_order_and_neither_version_nor_empty_members() {
    let expected = concat!(
        r#"{"service":"midaz","permissions":[{"resource":"order","action":"read","roles":["a"]}],"#,
        r#""roles":[{"name":"a","granted_to":[{"group":"desk"}]}],"m2m":{"needs":["x"]},"#,
        r#""scope":{"dimensions":[{"name":"d","from":"path","param":"d","collection":"ds","label":"a\u003cb\u003e\u0026\u2028c"}]},"#,
        r#""partners":true,"levels":[{"resource":"r","action":"a","level":"d"}],"integrations":["y"]}"#,
    );
    let body = json!({
        "version": 9, "integrations": ["y"], "levels": [{ "level": "d", "resource": "r", "action": "a" }], "partners": true,
        "scope": { "dimensions": [dimension("d", json!({ "label": "a<b>&\u{2028}c", "multi": false, "covers": [] }))] },
        "m2m": { "needs": ["x"], "exposed": false }, "roles": [{ "granted_to": [{ "group": "desk" }], "name": "a" }],
        "permissions": [{ "roles": ["a"], "action": "read", "resource": "order", "effect": "" }], "service": "midaz",
    });
    assert_eq!(canonical_json(&read(&body)).unwrap(), expected);
    let bare =
        json!({ "service": "midaz", "version": 1, "permissions": [], "roles": null, "scope": {}, "partners": false });
    assert_eq!(canonical_json(&read(&bare)).unwrap(), r#"{"service":"midaz"}"#);
}

proptest! {
    #[test]
    fn neither_version_nor_the_order_of_members_makes_another_manifest(version in 1_u64..1_000_000, turn in 0_usize..8) {
        let body = whole();
        let mut members: Vec<_> = body.as_object().unwrap().clone().into_iter().collect();
        let places = members.len();
        members.rotate_left(turn % places);
        let mut turned: Map<String, Value> = members.into_iter().collect();
        turned.insert("version".to_owned(), json!(version));
        let turned = parse("midaz", turned).unwrap();
        prop_assert_eq!(canonical_json(&turned).unwrap(), canonical_json(&read(&body)).unwrap());
    }

    #[test]
    fn what_a_label_says_makes_another_manifest_and_stays_json(one in "[a-z<>&\u{2028}\"\\\\]{1,9}", other in "[a-z<>&]{1,9}") {
        let text = |label: &str| {
            let dimensions = json!([dimension("d", json!({ "label": format!("x{label}x") }))]);
            canonical_json(&read(&json!({ "service": "midaz", "version": 1, "scope": { "dimensions": dimensions } }))).unwrap()
        };
        prop_assert_eq!(text(&one) == text(&other), one == other);
        let is_escaped = !text(&one).contains(['<', '>', '&', '\u{2028}']);
        prop_assert!(is_escaped);
        let read: Value = serde_json::from_str(&text(&one)).unwrap();
        prop_assert_eq!(&read["scope"]["dimensions"][0]["label"], &json!(format!("x{one}x")));
    }

    #[test]
    fn any_object_is_read_or_refused(text in "[a-z]{0,12}", number in any::<i64>(), deep in 0_usize..6) {
        let values = [json!(text), json!(number), json!([text]), json!([{ &text: number }]), json!({ "name": [number] }), Value::Null];
        let value = values[deep].clone();
        for member in ["service", "version", "permissions", "roles", "m2m", "scope", "partners", "levels", "integrations", "x"] {
            let body = with(whole(), json!({ member: value }));
            if let Err(failure) = parse("midaz", body.as_object().unwrap().clone()) {
                prop_assert!(!failure.fields().is_empty());
            }
        }
    }
}
