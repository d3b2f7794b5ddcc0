//! `/v1/users/{id}/reset-password` and `/v1/users/{id}/update-password`.

use pair::Pair;
use serde_json::json;

use crate::caller::{Caller, with};
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    a_reset_gives_another_password_and_ends_every_token,
    an_owner_changes_the_password_and_ends_every_token,
    nobody_changes_the_password_of_somebody_else,
    a_wrong_old_password_changes_nothing,
    a_password_under_twelve_characters_is_too_short,
    a_password_that_anybody_would_try_is_not_accepted,
    a_long_password_is_never_cut,
    what_is_missing_or_wrong_is_named,
}

const OTHER: &str = "Another-horse-9-battery";

async fn a_reset_gives_another_password_and_ends_every_token(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    let path = format!("/v1/users/{}/reset-password", person.id);
    let reset = administrator.patch(&path, json!({ "newPassword": OTHER })).await.expect(204);
    assert_eq!(reset.text, "");
    Caller::of(pair, &person).get("/v1/groups").await.refused(401, "IDE-0009");
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    pair.log_in("ana", OTHER).await.expect(200);

    let unknown = "/v1/users/0198c0de-0000-7000-8000-000000000001/reset-password";
    administrator.patch(unknown, json!({ "newPassword": OTHER })).await.refused(404, "IDE-1003");
}

async fn an_owner_changes_the_password_and_ends_every_token(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let elsewhere = pair.log_in("ana", &person.password).await.expect(200);
    let path = format!("/v1/users/{}/update-password", person.id);
    let change = json!({ "oldPassword": person.password, "newPassword": OTHER });
    let changed = Caller::of(pair, &person).patch(&path, change).await.expect(204);
    assert_eq!(changed.text, "");
    for token in [person.token(), &elsewhere.text_of("accessToken")] {
        Caller::new(pair, token).get("/v1/groups").await.refused(401, "IDE-0009");
    }
    for token in [person.refresh_token(), &elsewhere.text_of("refreshToken")] {
        pair.refresh(token).await.refused(400, "AUT-1005");
    }
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    pair.log_in("ana", OTHER).await.expect(200);
}

async fn nobody_changes_the_password_of_somebody_else(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = pair.person("ana", &[]).await;
    let change = |old: &str| json!({ "oldPassword": old, "newPassword": OTHER });
    let path = |id: &str| format!("/v1/users/{id}/update-password");
    // Not even an administrator who knows it, and nobody learns whether the id exists.
    let known = Caller::of(pair, &administrator).patch(&path(&person.id), change(&person.password)).await;
    let unknown = path("0198c0de-0000-7000-8000-000000000001");
    let unknown = Caller::of(pair, &administrator).patch(&unknown, change(&person.password)).await;
    assert_eq!(known.refused(400, "IDE-0013").text, unknown.refused(400, "IDE-0013").text);
    let above = Caller::of(pair, &person).patch(&path(&administrator.id), change(&administrator.password)).await;
    above.refused(400, "IDE-0013");
    pair.log_in("ana", &person.password).await.expect(200);
    pair.log_in("admin", &administrator.password).await.expect(200);
}

async fn a_wrong_old_password_changes_nothing(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let path = format!("/v1/users/{}/update-password", person.id);
    let change = json!({ "oldPassword": "Correct-horse-8-staple", "newPassword": OTHER });
    let refused = Caller::of(pair, &person).patch(&path, change).await.refused(400, "IDE-1017");
    assert_eq!(refused.body["fields"], json!({ "oldPassword": "is not the current password" }));
    let tried = "audit_events WHERE action = 'user.change_password' AND outcome = 'refused' AND code = 'IDE-1017'";
    assert_eq!(tokio::task::block_in_place(|| pair.identity_database().count(tried)), 1);
    // The tokens live on, and so does the password.
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn a_password_under_twelve_characters_is_too_short(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = pair.person("ana", &[]).await;
    let reason = "must have at least 12 characters";
    // Characters count, not bytes: eleven of these have 44.
    for short in ["Short-1-pwd", "\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f40e}\u{1f50b}\u{1f4ce}ab"]
    {
        let made = administrator.post("/v1/users", with(user("bruno"), json!({ "password": short }))).await;
        assert_eq!(made.refused(400, "IDE-0020").body["fields"], json!({ "password": reason }));
        let reset = format!("/v1/users/{}/reset-password", person.id);
        let reset = administrator.patch(&reset, json!({ "newPassword": short })).await;
        assert_eq!(reset.refused(400, "IDE-0020").body["fields"], json!({ "newPassword": reason }));
        let update = format!("/v1/users/{}/update-password", person.id);
        let change = json!({ "oldPassword": person.password, "newPassword": short });
        let update = Caller::of(pair, &person).patch(&update, change).await;
        assert_eq!(update.refused(400, "IDE-0020").body["fields"], json!({ "newPassword": reason }));
    }
    pair.log_in("ana", &person.password).await.expect(200);
    let twelve = with(user("bruno"), json!({ "password": "cavalo-Pilha" }));
    administrator.post("/v1/users", twelve).await.expect(201);
}

async fn a_password_that_anybody_would_try_is_not_accepted(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let common = "is one of the first that anybody would try";
    let named = "must not be a name of its owner";
    let too_long = "a-B7".repeat(64);
    for (password, reason) in [
        ("Password1234", common),
        ("123456789012", common),
        ("aaaaaaaaaaaa", common),
        ("abcdefghijkl", common),
        ("AnaBeatrizSouza", named),
        ("anabeatrizsouza1!", named),
        ("a.b.souza@example.com", named),
        (too_long.as_str(), "must have at most 255 characters"),
    ] {
        let changes = json!({ "email": "a.b.souza@example.com", "password": password });
        let refused = administrator.post("/v1/users", with(user("anabeatrizsouza"), changes)).await;
        assert_eq!(refused.refused(400, "IDE-0027").body["fields"], json!({ "password": reason }), "{password}");
    }
    let person = pair.person("anabeatrizsouza", &[]).await;
    let path = format!("/v1/users/{}", person.id);
    let reset = json!({ "newPassword": "AnaBeatrizSouza7" });
    administrator.patch(&format!("{path}/reset-password"), reset).await.refused(400, "IDE-0027");
    let change = json!({ "oldPassword": person.password, "newPassword": "Password1234" });
    Caller::of(pair, &person).patch(&format!("{path}/update-password"), change).await.refused(400, "IDE-0027");
    pair.log_in("anabeatrizsouza", &person.password).await.expect(200);
}

async fn a_long_password_is_never_cut(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let long = format!("{}-the-end", "Correct-horse-7!".repeat(15));
    assert!(long.len() > 240);
    administrator.post("/v1/users", with(user("ana"), json!({ "password": long }))).await.expect(201);
    pair.log_in("ana", &long).await.expect(200);
    pair.log_in("ana", &long[..72]).await.refused(401, "AUT-1002");
    pair.log_in("ana", &long[..long.len() - 1]).await.refused(401, "AUT-1002");
}

async fn what_is_missing_or_wrong_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let person = pair.person("ana", &[]).await;
    let reset = format!("/v1/users/{}/reset-password", person.id);
    let missing = administrator.patch(&reset, json!({})).await.refused(400, "IDE-0001");
    assert_eq!(missing.body["fields"], json!({ "newPassword": "is required" }));
    let unknown = administrator.patch(&reset, json!({ "newPassword": OTHER, "oldPassword": PASSWORD })).await;
    assert!(unknown.refused(400, "IDE-0004").body["fields"]["oldPassword"].is_string());
    let wrong = administrator.patch(&reset, json!({ "newPassword": 123_456_789_012_u64 })).await;
    assert_eq!(wrong.refused(400, "IDE-0002").body["fields"], json!({ "newPassword": "must be a string" }));

    let update = format!("/v1/users/{}/update-password", person.id);
    let missing = Caller::of(pair, &person).patch(&update, json!({})).await.refused(400, "IDE-0001");
    assert_eq!(missing.body["fields"], json!({ "oldPassword": "is required", "newPassword": "is required" }));
    pair.log_in("ana", &person.password).await.expect(200);
}
