//! What groups, users and applications are granted: permissions and roles, with bounds.

use std::time::Duration;

use domain::{Clock, Timestamp};
use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};
use crate::groups::permissions;
use crate::users::user;

pair::on_both_engines! {
    every_holder_is_granted_permissions_and_roles,
    a_grant_holds_between_its_bounds,
    a_membership_holds_between_its_bounds,
    the_last_lasting_administrator_gets_no_end,
    wrong_bounds_are_named,
    a_holder_and_a_role_must_exist,
    a_built_in_group_and_application_stay_as_they_are,
}

/// A time relative to the clock of the test, as requests write it.
fn at(pair: &Pair, seconds: u64) -> String {
    let whole = Timestamp::from_seconds(pair.clock.now().seconds());
    whole.plus(Duration::from_secs(seconds)).to_string()
}

async fn every_holder_is_granted_permissions_and_roles(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Clerk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let ana = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let application = pair.application("midaz").await;
    let until = at(pair, 3_600);
    for holder in
        ["/v1/groups/desk".to_owned(), format!("/v1/users/{ana}"), format!("/v1/applications/{}", application.id)]
    {
        let path = format!("{holder}/permissions");
        let nothing = json!({ "permissions": [], "roles": [], "grants": [] });
        assert_eq!(administrator.get(&path).await.expect(200).body, nothing, "{holder}");
        let see = json!({ "product": "midaz", "resource": "ledgers", "action": "get", "validUntil": until });
        let any = json!({ "product": "midaz", "resource": "ledgers", "action": "post" });
        let set = administrator.put(&path, json!({ "permissions": [any, see] })).await.expect(200);
        assert_eq!(set.body, with(nothing, json!({ "permissions": [see, any] })), "{holder}");

        let role = format!("{holder}/roles/clerk");
        let given = administrator.put(&role, json!({ "validUntil": until })).await.expect(200);
        let roles = |grant: Value| json!({ "roles": ["clerk"], "grants": [grant] });
        let bounded = with(set.body.clone(), roles(json!({ "role": "clerk", "validUntil": until })));
        assert_eq!(given.body, bounded, "{holder}");
        assert_eq!(administrator.get(&path).await.expect(200).body, bounded, "{holder}");
        // Given again it has the bounds of the second time.
        let again = administrator.call("PUT", &role, None).await.expect(200);
        assert_eq!(again.body, with(set.body.clone(), roles(json!({ "role": "clerk" }))), "{holder}");
        for _ in 0..2 {
            assert_eq!(administrator.delete(&role).await.expect(204).text, "");
        }
        assert_eq!(administrator.get(&path).await.expect(200).body, set.body, "{holder}");
    }
}

async fn a_grant_holds_between_its_bounds(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Clerk" })).await.expect(201);
    let wanted = json!({ "permissions": permissions(&[("users", "get")]) });
    administrator.put("/v1/roles/clerk/permissions", wanted).await.expect(200);
    let person = pair.person("ana", &[]).await;
    let ana = Caller::of(pair, &person);
    let bounds = json!({ "validFrom": at(pair, 60), "validUntil": at(pair, 120) });
    let groups = with(permissions(&[("groups", "get")])[0].clone(), bounds.clone());
    let path = format!("/v1/users/{}", person.id);
    administrator.put(&format!("{path}/roles/clerk"), bounds).await.expect(200);
    administrator.put(&format!("{path}/permissions"), json!({ "permissions": [groups] })).await.expect(200);
    for holds in [false, true, false] {
        for list in ["/v1/users", "/v1/groups"] {
            let answer = ana.get(list).await;
            if holds {
                answer.expect(200)
            } else {
                answer.refused(403, "IDE-0023")
            };
        }
        pair.pass(Duration::from_secs(61));
    }
}

async fn a_membership_holds_between_its_bounds(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let wanted = json!({ "permissions": permissions(&[("groups", "get")]) });
    administrator.put("/v1/groups/desk/permissions", wanted).await.expect(200);
    let person = pair.person("ana", &[]).await;
    let ana = Caller::of(pair, &person);
    let path = format!("/v1/groups/desk/users/{}", person.id);
    let bounds = json!({ "validFrom": at(pair, 60), "validUntil": at(pair, 120) });
    administrator.put(&path, bounds).await.expect(204);
    for holds in [false, true, false] {
        let members = administrator.get("/v1/groups/desk").await.expect(200).body["users"].clone();
        assert_eq!(members, if holds { json!(["ana"]) } else { json!([]) });
        let answer = ana.get("/v1/groups").await;
        if holds {
            answer.expect(200)
        } else {
            answer.refused(403, "IDE-0023")
        };
        pair.pass(Duration::from_secs(61));
    }
    administrator.call("PUT", &path, None).await.expect(204);
    ana.get("/v1/groups").await.expect(200);
}

async fn the_last_lasting_administrator_gets_no_end(pair: &Pair) {
    let first = pair.administrator().await;
    let administrator = Caller::of(pair, &first);
    let path = format!("/v1/groups/admin-group/users/{}", first.id);
    let (soon, later) = (json!({ "validFrom": at(pair, 60) }), json!({ "validUntil": at(pair, 60) }));
    for bounds in [&soon, &later] {
        administrator.put(&path, bounds.clone()).await.refused(409, "IDE-1016");
    }
    administrator.put(&path, json!({})).await.expect(204);
    pair.person("second", &["admin-group"]).await;
    administrator.put(&path, later).await.expect(204);
    administrator.get("/v1/users").await.expect(200);
    pair.pass(Duration::from_secs(61));
    administrator.get("/v1/users").await.refused(403, "IDE-0023");
}

async fn wrong_bounds_are_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Clerk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let id = administrator.post("/v1/users", user("ana")).await.expect(201).text_of("id");
    let time = "must be a time such as 2025-04-08T08:01:30Z (RFC 3339)";
    let (early, late) = ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z");
    for path in ["/v1/groups/desk/roles/clerk", "/v1/groups/desk/users/ID", "/v1/users/ID/roles/clerk"] {
        let path = path.replace("ID", &id);
        for (bounds, code, fields) in [
            (json!({ "validFrom": "soon" }), "IDE-0002", json!({ "validFrom": time })),
            (json!({ "validUntil": "2030-01-01" }), "IDE-0002", json!({ "validUntil": time })),
            (json!({ "validUntil": 5 }), "IDE-0002", json!({ "validUntil": "must be a string" })),
            (
                json!({ "validFrom": late, "validUntil": early }),
                "IDE-0002",
                json!({ "validUntil": "must be later than 'validFrom'" }),
            ),
            (json!({ "until": late }), "IDE-0004", json!({ "until": late })),
        ] {
            let refused = administrator.put(&path, bounds).await.refused(400, code);
            assert_eq!(refused.body["fields"], fields, "{path}");
        }
    }
    let permission =
        with(permissions(&[("users", "get")])[0].clone(), json!({ "validFrom": late, "validUntil": late }));
    for path in ["/v1/roles/clerk/permissions".to_owned(), format!("/v1/users/{id}/permissions")] {
        let refused = administrator.put(&path, json!({ "permissions": [permission] })).await.refused(400, "IDE-0002");
        let reason = json!({ "permissions[0].validUntil": "must be later than 'validFrom'" });
        assert_eq!(refused.body["fields"], reason);
    }
}

async fn a_holder_and_a_role_must_exist(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/roles", json!({ "name": "Clerk" })).await.expect(201);
    administrator.post("/v1/groups", json!({ "name": "Desk" })).await.expect(201);
    let nobody = "0198c0de-0000-7000-8000-000000000001";
    for (holder, code) in [
        ("/v1/groups/no-desk".to_owned(), "IDE-1006"),
        (format!("/v1/users/{nobody}"), "IDE-1003"),
        (format!("/v1/applications/{nobody}"), "IDE-1001"),
    ] {
        let path = format!("{holder}/permissions");
        administrator.get(&path).await.refused(404, code);
        administrator.put(&path, json!({ "permissions": [] })).await.refused(404, code);
        administrator.put(&format!("{holder}/roles/clerk"), json!({})).await.refused(404, code);
        administrator.delete(&format!("{holder}/roles/clerk")).await.refused(404, code);
    }
    for role in ["no-clerk", "No-Clerk", "%00"] {
        let path = format!("/v1/groups/desk/roles/{role}");
        administrator.put(&path, json!({})).await.refused(404, "IDE-1021");
        administrator.delete(&path).await.refused(404, "IDE-1021");
    }
}

async fn a_built_in_group_and_application_stay_as_they_are(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let applications = administrator.get("/v1/applications").await.expect(200);
    let default = applications.body.as_array().unwrap().first().unwrap()["id"].as_str().unwrap().to_owned();
    for holder in ["/v1/groups/midaz-viewer-group".to_owned(), format!("/v1/applications/{default}")] {
        let path = format!("{holder}/roles/midaz-editor-role");
        administrator.put(&path, json!({})).await.refused(403, "IDE-1014");
        administrator.delete(&path).await.refused(403, "IDE-1014");
        let nothing = json!({ "permissions": [] });
        administrator.put(&format!("{holder}/permissions"), nothing).await.refused(403, "IDE-1014");
    }
}
