//! The machine way of the Access Manager guide: create an application, get a token with its credentials, call an API.

use pair::Pair;
use serde_json::json;

use crate::people::eventually_refused;

pair::on_both_engines! {
    a_machine_walks_the_whole_way,
    wrong_clients_answer_alike,
    a_machine_token_writes_no_row,
    a_withdrawn_secret_ends_its_own_tokens_alone,
    a_deleted_application_is_refused_at_once,
    a_machine_refresh_token_is_redeemed_until_its_end_and_not_extended,
    an_ended_exchange_is_refused_for_good,
    the_use_of_a_secret_is_shown,
}

async fn a_machine_walks_the_whole_way(pair: &Pair) {
    let application = pair.application("midaz").await;
    let answer = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    assert_eq!(answer.body["tokenType"], "Bearer");
    assert_eq!(answer.body["expiresIn"], 3600);
    assert!(answer.body["refreshToken"].is_string());
    assert_eq!(answer.body.get("idToken"), None);
    let token = answer.text_of("accessToken");
    let ask = |resource: &str| json!({ "sub": "admin/midaz-editor-role", "resource": resource, "action": "post" });
    let authorize = |body| pair.auth.post("/v1/authorize").header("authorization", &token).json(&body).send();
    assert_eq!(authorize(ask("ledgers")).await.expect(200).body["authorized"], true);
    assert_eq!(authorize(ask("users")).await.expect(200).body["authorized"], false);
    let info = pair.auth.get("/v1/userinfo").bearer(&token).send().await.expect(200);
    assert_eq!(info.body["name"], "midaz");
    assert!(info.text_of("sub").starts_with("lerian/midaz-"));
}

async fn wrong_clients_answer_alike(pair: &Pair) {
    let application = pair.application("midaz").await;
    let wrong = pair.client_credentials(&application.client_id, "wrong").await.refused(401, "AUT-1004");
    let unknown = pair.client_credentials("nobody", "wrong").await.refused(401, "AUT-1004");
    assert_eq!(wrong.text, unknown.text);
    // What a list shows instead of the secret is not one.
    let administrator = pair.administrator().await;
    let path = format!("/v1/applications/{}", application.id);
    let shown = pair.identity.get(&path).bearer(administrator.token()).send().await.expect(200);
    let masked = shown.text_of("clientSecret");
    assert!(masked.starts_with("********"), "{masked}");
    pair.client_credentials(&application.client_id, &masked).await.refused(401, "AUT-1004");
    let under_path = json!({
        "grantType": "client_credentials", "clientId": application.client_id,
        "clientSecret": application.client_secret,
    });
    let ask = |path| pair.auth.post(path).json(&under_path).send();
    ask("/t/lerian/v1/login/oauth/access_token").await.expect(200);
    ask("/t/elsewhere/v1/login/oauth/access_token").await.refused(401, "AUT-1004");
}

async fn a_machine_token_writes_no_row(pair: &Pair) {
    let application = pair.application("midaz").await;
    let tables = ["sessions", "revocations", "feed", "audit_events"];
    let rows = || tokio::task::block_in_place(|| tables.map(|table| pair.auth_database().count(table)));
    let before = rows();
    for _ in 0..5 {
        let token = pair.application_token(&application).await;
        pair.auth.get("/v1/permissions").bearer(&token).send().await.expect(200);
    }
    assert_eq!(rows(), before);
}

async fn a_withdrawn_secret_ends_its_own_tokens_alone(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    let path = format!("/v1/applications/{}/secrets", application.id);
    let second = pair.identity.post(&path).bearer(administrator.token()).json(&json!({})).send().await.expect(201);
    let second_secret = second.text_of("clientSecret");
    let first = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let other = pair.client_credentials(&application.client_id, &second_secret).await.expect(200);

    let shown = format!("/v1/applications/{}", application.id);
    let shown = pair.identity.get(&shown).bearer(administrator.token()).send().await.expect(200);
    let secrets = shown.body["secrets"].as_array().unwrap().clone();
    assert_eq!(secrets.len(), 2);
    let second_id = second.text_of("id");
    let first_id = secrets.iter().filter_map(|secret| secret["id"].as_str()).find(|id| *id != second_id).unwrap();
    let withdraw = format!("{path}/{first_id}");
    pair.identity.delete(&withdraw).bearer(administrator.token()).send().await.expect(204);
    pair.identity.delete(&withdraw).bearer(administrator.token()).send().await.refused(404, "IDE-1013");

    eventually_refused(pair, &first.text_of("accessToken")).await;
    pair.refresh(&first.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.client_credentials(&application.client_id, &application.client_secret).await.refused(401, "AUT-1004");
    pair.auth.get("/v1/permissions").bearer(&other.text_of("accessToken")).send().await.expect(200);
    pair.refresh(&other.text_of("refreshToken")).await.expect(200);
    pair.client_credentials(&application.client_id, &second_secret).await.expect(200);
}

async fn a_deleted_application_is_refused_at_once(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("plugin-fees").await;
    let answer = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let path = format!("/v1/applications/{}", application.id);
    pair.identity.delete(&path).bearer(administrator.token()).send().await.expect(204);
    eventually_refused(pair, &answer.text_of("accessToken")).await;
    pair.refresh(&answer.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.client_credentials(&application.client_id, &application.client_secret).await.refused(401, "AUT-1004");
}

async fn a_machine_refresh_token_is_redeemed_until_its_end_and_not_extended(pair: &Pair) {
    let application = pair.application("midaz").await;
    let first = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let refresh = first.text_of("refreshToken");
    let hour = std::time::Duration::from_secs(3600);
    for _ in 0..23 {
        pair.pass(hour);
        let again = pair.refresh(&refresh).await.expect(200);
        assert_eq!(again.text_of("refreshToken"), refresh, "it is repeated, not rotated");
        pair.auth.get("/v1/permissions").bearer(&again.text_of("accessToken")).send().await.expect(200);
    }
    pair.auth.get("/v1/permissions").bearer(&first.text_of("accessToken")).send().await.refused(401, "AUT-0007");
    pair.pass(hour);
    pair.refresh(&refresh).await.refused(400, "AUT-1005");
}

async fn an_ended_exchange_is_refused_for_good(pair: &Pair) {
    let application = pair.application("midaz").await;
    let ended = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    let other = pair.client_credentials(&application.client_id, &application.client_secret).await.expect(200);
    pair.log_out(&ended.text_of("accessToken")).await.expect(204);
    pair.log_out(&ended.text_of("accessToken")).await.expect(204);
    pair.auth.get("/v1/permissions").bearer(&ended.text_of("accessToken")).send().await.refused(401, "AUT-0007");
    pair.pass(std::time::Duration::from_secs(20 * 3600));
    pair.refresh(&ended.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.refresh(&other.text_of("refreshToken")).await.expect(200);
}

async fn the_use_of_a_secret_is_shown(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    pair.application_token(&application).await;
    pair.report_use().await;
    let path = format!("/v1/applications/{}", application.id);
    let shown = pair.identity.get(&path).bearer(administrator.token()).send().await.expect(200);
    assert!(shown.body["secrets"][0]["lastUsedAt"].is_string(), "{}", shown.text);
}
