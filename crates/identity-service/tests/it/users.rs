//! `/v1/users`.

use pair::Pair;
use serde_json::{Value, json};

use crate::caller::{Caller, with};

pair::on_both_engines! {
    a_user_is_made_read_changed_and_deleted,
    an_empty_change_changes_nothing,
    every_member_that_is_missing_or_wrong_is_named,
    the_longest_names_are_accepted,
    members_that_nobody_may_change_are_named,
    a_username_is_taken_in_every_spelling,
    a_username_is_never_given_again,
    an_address_is_taken_in_either_letter_case_until_its_owner_is_gone,
    a_user_is_put_into_known_groups_only,
    a_change_names_all_groups_from_now_on,
    a_phone_number_is_given_and_taken_away,
    a_locked_user_is_refused_until_unlocked,
    two_who_take_one_username_at_once_get_one_user,
}

pub(crate) const PASSWORD: &str = "Correct-horse-7-staple";

/// A user as `POST /v1/users` takes it.
pub(crate) fn user(username: &str) -> Value {
    json!({
        "firstName": "Ana", "lastName": "Souza", "username": username, "email": format!("{username}@example.com"),
        "password": PASSWORD,
    })
}

/// A user as answers show it.
fn shown(id: &str, username: &str) -> Value {
    json!({
        "id": id, "firstName": "Ana", "lastName": "Souza", "username": username,
        "email": format!("{username}@example.com"), "groups": [], "emailVerified": false, "phoneVerified": false,
        "active": true,
    })
}

async fn a_user_is_made_read_changed_and_deleted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let groups = json!({ "groups": ["midaz-viewer-group", "midaz-editor-group"] });
    let made = administrator.post("/v1/users", with(user("Ana.Souza"), groups)).await.expect(201);
    let path = format!("/v1/users/{}", made.text_of("id"));
    let sorted = json!({ "groups": ["midaz-editor-group", "midaz-viewer-group"] });
    let expected = with(shown(&made.text_of("id"), "Ana.Souza"), sorted);
    assert_eq!(made.body, expected);
    assert_eq!(administrator.get(&path).await.expect(200).body, expected);

    let change = json!({ "firstName": "Ana Maria", "lastName": "de Souza", "email": "am@example.org", "groups": [] });
    let changed = administrator.patch(&path, change.clone()).await.expect(200);
    let expected = with(expected, change);
    assert_eq!(changed.body, expected);
    assert_eq!(administrator.get(&path).await.expect(200).body, expected);

    let deleted = administrator.delete(&path).await.expect(204);
    assert_eq!(deleted.text, "");
    administrator.get(&path).await.refused(404, "IDE-1003");
    administrator.patch(&path, json!({ "firstName": "Eva" })).await.refused(404, "IDE-1003");
    administrator.delete(&path).await.refused(404, "IDE-1003");
}

async fn an_empty_change_changes_nothing(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/users", user("ana")).await.expect(201);
    let path = format!("/v1/users/{}", made.text_of("id"));
    for nothing in [json!({}), json!({ "firstName": null, "groups": null, "active": null, "email": null })] {
        assert_eq!(administrator.patch(&path, nothing).await.expect(200).body, made.body);
    }
}

async fn every_member_that_is_missing_or_wrong_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let before = administrator.get("/v1/users").await.expect(200);

    let missing = administrator.post("/v1/users", json!({})).await.refused(400, "IDE-0001");
    let required = json!({
        "firstName": "is required", "lastName": "is required", "username": "is required", "email": "is required",
        "password": "is required",
    });
    assert_eq!(missing.body["fields"], required);
    let empty = json!({ "firstName": "", "lastName": null });
    let missing = administrator.post("/v1/users", with(user("ana"), empty)).await.refused(400, "IDE-0001");
    assert_eq!(missing.body["fields"], json!({ "firstName": "is required", "lastName": "is required" }));

    let unknown = json!({ "admin": true, "roles": ["midaz-editor-role"] });
    let unexpected = administrator.post("/v1/users", with(user("ana"), unknown.clone())).await;
    assert_eq!(unexpected.refused(400, "IDE-0004").body["fields"], unknown);

    let mistyped = json!({ "firstName": 5, "email": ["ana@example.com"], "groups": "admin-group", "password": {} });
    let wrong = administrator.post("/v1/users", with(user("ana"), mistyped)).await.refused(400, "IDE-0002");
    let reasons = json!({
        "firstName": "must be a string", "email": "must be a string", "groups": "must be a list of strings",
        "password": "must be a string",
    });
    assert_eq!(wrong.body["fields"], reasons);

    let out_of_bounds = json!({
        "firstName": "a".repeat(256), "lastName": " Souza", "username": "an", "email": "ana", "phoneNumber": "11 98765",
    });
    let wrong = administrator.post("/v1/users", with(user("ana"), out_of_bounds)).await.refused(400, "IDE-0002");
    let reasons = json!({
        "firstName": "must have 1 to 255 characters", "lastName": "must not begin or end with white space",
        "username": "must have 3 to 255 characters", "email": "must be an e-mail address such as ana@example.com",
        "phoneNumber": "must be a number such as +5511987654321",
    });
    assert_eq!(wrong.body["fields"], reasons);

    let breaking = [
        json!({ "firstName": "a\nb" }),
        json!({ "lastName": "a\u{0}b" }),
        json!({ "username": "lerian/ana" }),
        json!({ "username": "ana souza" }),
        json!({ "username": "a".repeat(256) }),
        json!({ "email": "ana@example..com" }),
        json!({ "email": format!("{}@example.com", "a".repeat(244)) }),
        json!({ "groups": ["midaz-viewer-group", 5] }),
        json!({ "groups": vec!["midaz-viewer-group"; 1_001] }),
    ];
    for wrong in breaking {
        let answer = administrator.post("/v1/users", with(user("ana"), wrong.clone())).await.refused(400, "IDE-0002");
        let named: Vec<_> = answer.body["fields"].as_object().unwrap().keys().collect();
        assert_eq!(named, wrong.as_object().unwrap().keys().collect::<Vec<_>>());
    }
    assert_eq!(administrator.get("/v1/users").await.expect(200).body, before.body);
}

async fn the_longest_names_are_accepted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let name = "ã".repeat(255);
    let long = json!({ "firstName": name, "lastName": name, "username": "b".repeat(255), "email": "b@example.com" });
    let made = administrator.post("/v1/users", with(user("ana"), long.clone())).await.expect(201);
    assert_eq!(made.body, with(shown(&made.text_of("id"), "ana"), long));
    pair.log_in(&"b".repeat(255), PASSWORD).await.expect(200);
}

async fn members_that_nobody_may_change_are_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/users", user("ana")).await.expect(201);
    let path = format!("/v1/users/{}", made.text_of("id"));
    let change = json!({
        "id": made.text_of("id"), "username": "ana", "password": "Another-horse-9-battery", "emailVerified": true,
        "phoneVerified": true, "firstName": "Eva",
    });
    let refused = administrator.patch(&path, change).await.refused(400, "IDE-0010");
    let reasons = json!({
        "id": "cannot be changed here", "username": "cannot be changed here", "password": "cannot be changed here",
        "emailVerified": "cannot be changed here", "phoneVerified": "cannot be changed here",
    });
    assert_eq!(refused.body["fields"], reasons);
    let unknown = administrator.patch(&path, json!({ "epoch": 7, "username": "eva" })).await.refused(400, "IDE-0004");
    assert_eq!(unknown.body["fields"], json!({ "epoch": 7 }));
    administrator.patch(&path, json!({ "active": "no" })).await.refused(400, "IDE-0002");
    assert_eq!(administrator.get(&path).await.expect(200).body, made.body);
}

async fn a_username_is_taken_in_every_spelling(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    administrator.post("/v1/users", user("Ana.Souza")).await.expect(201);
    for same in ["Ana.Souza", "ana.souza", "ANA.SOUZA", "\u{ff41}na.souza"] {
        let body = with(user(same), json!({ "email": "other@example.com" }));
        administrator.post("/v1/users", body).await.refused(409, "IDE-1007");
    }
    // Where the address is taken as well, the name is told first.
    administrator.post("/v1/users", user("Ana.Souza")).await.refused(409, "IDE-1007");
    administrator.post("/v1/users", with(user("ana"), json!({ "email": "other@example.com" }))).await.expect(201);
}

async fn a_username_is_never_given_again(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/users", user("ana")).await.expect(201);
    administrator.delete(&format!("/v1/users/{}", made.text_of("id"))).await.expect(204);
    administrator.post("/v1/users", user("ana")).await.refused(409, "IDE-1007");
    administrator.post("/v1/users", user("ANA")).await.refused(409, "IDE-1007");
    pair.log_in("ana", PASSWORD).await.refused(401, "AUT-1002");
}

async fn an_address_is_taken_in_either_letter_case_until_its_owner_is_gone(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let ana = administrator.post("/v1/users", user("ana")).await.expect(201);
    let bruno = administrator.post("/v1/users", user("bruno")).await.expect(201);
    let bruno_path = format!("/v1/users/{}", bruno.text_of("id"));
    for taken in ["ana@example.com", "ANA@Example.com"] {
        let body = with(user("carla"), json!({ "email": taken }));
        administrator.post("/v1/users", body).await.refused(409, "IDE-1008");
        administrator.patch(&bruno_path, json!({ "email": taken })).await.refused(409, "IDE-1008");
    }
    assert_eq!(administrator.get(&bruno_path).await.expect(200).body, bruno.body);
    // One's own address in another letter case is nobody else's.
    let own = administrator.patch(&bruno_path, json!({ "email": "Bruno@example.com" })).await.expect(200);
    assert_eq!(own.body["email"], "Bruno@example.com");

    administrator.delete(&format!("/v1/users/{}", ana.text_of("id"))).await.expect(204);
    administrator.patch(&bruno_path, json!({ "email": "ana@example.com" })).await.expect(200);
    administrator.post("/v1/users", with(user("carla"), json!({ "email": "bruno@example.com" }))).await.expect(201);
}

async fn a_user_is_put_into_known_groups_only(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/users", user("ana")).await.expect(201);
    let path = format!("/v1/users/{}", made.text_of("id"));
    for unknown in ["nobodys-group", "Midaz Viewer", "", "../admin-group"] {
        let groups = json!({ "groups": ["midaz-viewer-group", unknown] });
        let refused = administrator.post("/v1/users", with(user("bruno"), groups.clone())).await;
        assert_eq!(refused.refused(404, "IDE-1006").body["fields"], json!({ "groups": "holds an id of no group" }));
        administrator.patch(&path, with(groups, json!({ "firstName": "Eva" }))).await.refused(404, "IDE-1006");
    }
    assert_eq!(administrator.get(&path).await.expect(200).body, made.body);
    // Nothing of the refused user was kept.
    administrator.post("/v1/users", user("bruno")).await.expect(201);
}

async fn a_change_names_all_groups_from_now_on(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let body = with(user("ana"), json!({ "groups": ["midaz-viewer-group", "midaz-viewer-group"] }));
    let made = administrator.post("/v1/users", body).await.expect(201);
    assert_eq!(made.body["groups"], json!(["midaz-viewer-group"]));
    let path = format!("/v1/users/{}", made.text_of("id"));
    for groups in [
        json!(["midaz-contributor-group", "plugin-fees-viewer-group"]),
        json!(["plugin-fees-viewer-group", "routing-editor-group"]),
        json!([]),
    ] {
        let changed = administrator.patch(&path, json!({ "groups": groups })).await.expect(200);
        assert_eq!(changed.body["groups"], groups);
    }
}

async fn a_phone_number_is_given_and_taken_away(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let number = json!({ "phoneNumber": "+5511987654321" });
    let made = administrator.post("/v1/users", with(user("ana"), number.clone())).await.expect(201);
    let without = shown(&made.text_of("id"), "ana");
    assert_eq!(made.body, with(without.clone(), number));
    let path = format!("/v1/users/{}", made.text_of("id"));
    let other = json!({ "phoneNumber": "+442071838750" });
    assert_eq!(administrator.patch(&path, other.clone()).await.expect(200).body, with(without.clone(), other));
    for wrong in ["", "5511987654321", "+0511987654321", "+5511987654321000", "+55 11 987654321", "+123456"] {
        let refused = administrator.patch(&path, json!({ "phoneNumber": wrong })).await.refused(400, "IDE-0002");
        assert_eq!(refused.body["fields"], json!({ "phoneNumber": "must be a number such as +5511987654321" }));
    }
    assert_eq!(administrator.patch(&path, json!({ "phoneNumber": null })).await.expect(200).body, without);
}

async fn a_locked_user_is_refused_until_unlocked(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    let path = format!("/v1/users/{}", person.id);
    let locked = administrator.patch(&path, json!({ "active": false })).await.expect(200);
    assert_eq!(locked.body["active"], false);
    let own = json!({ "oldPassword": person.password, "newPassword": PASSWORD });
    Caller::of(pair, &person).patch(&format!("{path}/update-password"), own).await.refused(401, "IDE-0009");
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");

    administrator.patch(&path, json!({ "active": true })).await.expect(200);
    pair.log_in("ana", &person.password).await.expect(200);
    // What the lock ended stays ended.
    Caller::of(pair, &person).get("/v1/groups").await.refused(401, "IDE-0009");
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
}

async fn two_who_take_one_username_at_once_get_one_user(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let other = with(user("ANA"), json!({ "email": "other@example.com" }));
    let (one, two) = tokio::join!(administrator.post("/v1/users", user("ana")), administrator.post("/v1/users", other));
    let (made, refused) = if one.status == 201 { (one, two) } else { (two, one) };
    made.expect(201);
    refused.refused(409, "IDE-1007");
    let total = administrator.get("/v1/users?limit=1").await.expect(200);
    assert_eq!(total.body["total"], 2);
}
