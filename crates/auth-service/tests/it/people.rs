//! The human way of the Access Manager guide: look at the groups, create a user in one, log in, refresh, end the session.

use pair::Pair;
use serde_json::json;

pair::on_both_engines! {
    a_person_walks_the_whole_way,
    consoles_send_their_client_with_the_password,
    a_login_reads_the_name_as_people_type_it,
    unknown_wrong_and_disabled_answer_alike,
    a_changed_password_ends_every_token,
    a_disabled_or_deleted_user_is_refused_at_once,
    scopes_can_be_narrowed_and_not_widened,
}

async fn a_person_walks_the_whole_way(pair: &Pair) {
    let administrator = pair.administrator().await;
    let groups = pair.identity.get("/v1/groups").bearer(administrator.token()).send().await.expect(200);
    let ids: Vec<_> = groups.body.as_array().unwrap().iter().map(|group| group["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"midaz-editor-group"), "{ids:?}");

    let created = pair.create_user(&administrator, "ana", &["midaz-editor-group"]).await.expect(201);
    assert_eq!(created.body["groups"], json!(["midaz-editor-group"]));

    let login = pair.log_in("ana", &pair::password_of("ana")).await.expect(200);
    assert_eq!(login.body["tokenType"], "Bearer");
    assert_eq!(login.body["expiresIn"], 3600);
    assert_eq!(login.headers["cache-control"], "no-store");
    let token = login.text_of("accessToken");
    assert_eq!(token.split('.').count(), 3);
    assert!(login.body["idToken"].is_string());
    assert!(login.text_of("scope").split(' ').any(|scope| scope == "openid"));

    let ask = json!({ "resource": "ledgers", "action": "post" });
    let answer = pair.auth.post("/v1/authorize").bearer(&token).json(&ask).send().await.expect(200);
    assert_eq!(answer.body["authorized"], true);

    let refreshed = pair.refresh(&login.text_of("refreshToken")).await.expect(200);
    assert_ne!(refreshed.text_of("refreshToken"), login.text_of("refreshToken"));
    let fresh = refreshed.text_of("accessToken");

    pair.log_out(&refreshed.text_of("idToken")).await.expect(204);
    for dead in [&token, &fresh] {
        pair.auth.get("/v1/userinfo").bearer(dead).send().await.refused(401, "AUT-0007");
    }
    pair.refresh(&refreshed.text_of("refreshToken")).await.refused(400, "AUT-1005");
}

async fn consoles_send_their_client_with_the_password(pair: &Pair) {
    pair.person("ana", &[]).await;
    let password = pair::password_of("ana");
    let body = |id: &str, secret: &str| {
        json!({
            "grantType": "password", "username": "ana", "password": password, "clientId": id, "clientSecret": secret,
        })
    };
    let ask = |body| async move { pair.auth.post("/v1/login/oauth/access_token").json(&body).send().await };
    ask(body("", "")).await.expect(200);
    ask(body("nobody", "nothing")).await.refused(401, "AUT-1004");
    // An application of a product acts for itself; people do not log in through it.
    let application = pair.application("midaz").await;
    ask(body(&application.client_id, &application.client_secret)).await.refused(400, "AUT-1001");
    ask(body(&application.client_id, "wrong")).await.refused(401, "AUT-1004");
}

async fn a_login_reads_the_name_as_people_type_it(pair: &Pair) {
    pair.person("Ana.Souza", &[]).await;
    let password = pair::password_of("Ana.Souza");
    for typed in ["ana.souza", "ANA.SOUZA", "lerian/Ana.Souza"] {
        pair.log_in(typed, &password).await.expect(200);
    }
    pair.log_in("elsewhere/ana.souza", &password).await.refused(401, "AUT-1002");
    let under_path = json!({ "grantType": "password", "username": "ana.souza", "password": password });
    let ask = |path| pair.auth.post(path).json(&under_path).send();
    ask("/t/lerian/v1/login/oauth/access_token").await.expect(200);
    ask("/t/elsewhere/v1/login/oauth/access_token").await.refused(401, "AUT-1002");
}

async fn unknown_wrong_and_disabled_answer_alike(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = pair.person("ana", &[]).await;
    let disable = json!({ "active": false });
    let path = format!("/v1/users/{}", person.id);
    let wrong = pair.log_in("ana", "Correct-horse-8-xyz").await.refused(401, "AUT-1002");
    pair.identity.patch(&path).bearer(administrator.token()).json(&disable).send().await.expect(200);
    let disabled = pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    let unknown = pair.log_in("nobody", "Correct-horse-8-xyz").await.refused(401, "AUT-1002");
    let odd = pair.log_in("no body\u{7f}", "Correct-horse-8-xyz").await.refused(401, "AUT-1002");
    for other in [&disabled, &unknown, &odd] {
        assert_eq!(wrong.text, other.text);
    }
}

async fn a_changed_password_ends_every_token(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let change = json!({ "oldPassword": person.password, "newPassword": "Another-horse-9-battery" });
    let path = format!("/v1/users/{}/update-password", person.id);
    pair.identity.patch(&path).bearer(person.token()).json(&change).send().await.expect(204);
    pair.identity.patch(&path).bearer(person.token()).json(&change).send().await.refused(401, "IDE-0009");
    eventually_refused(pair, person.token()).await;
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    let fresh = pair.log_in("ana", "Another-horse-9-battery").await.expect(200);
    // What the change ended is not shown as if it went on.
    let listed = pair.auth.get("/v1/sessions").bearer(&fresh.text_of("accessToken")).send().await.expect(200);
    assert_eq!(listed.body.as_array().unwrap().len(), 1, "{}", listed.text);
}

async fn a_disabled_or_deleted_user_is_refused_at_once(pair: &Pair) {
    let administrator = pair.administrator().await;
    let disabled = pair.person("ana", &["midaz-viewer-group"]).await;
    let path = format!("/v1/users/{}", disabled.id);
    let disable = json!({ "active": false });
    pair.identity.patch(&path).bearer(administrator.token()).json(&disable).send().await.expect(200);
    eventually_refused(pair, disabled.token()).await;
    pair.refresh(disabled.refresh_token()).await.refused(400, "AUT-1005");

    let deleted = pair.person("bruno", &["midaz-viewer-group"]).await;
    let path = format!("/v1/users/{}", deleted.id);
    pair.identity.delete(&path).bearer(administrator.token()).send().await.expect(204);
    eventually_refused(pair, deleted.token()).await;
    pair.refresh(deleted.refresh_token()).await.refused(400, "AUT-1005");
    pair.log_in("bruno", &deleted.password).await.refused(401, "AUT-1002");
}

async fn scopes_can_be_narrowed_and_not_widened(pair: &Pair) {
    let administrator = pair.administrator().await;
    let ask = |scope: &'static str| {
        let body = json!({
            "grantType": "password", "username": "admin", "password": administrator.password, "scope": scope,
        });
        async move { pair.auth.post("/v1/login/oauth/access_token").json(&body).send().await }
    };
    let narrow = ask("profile").await.expect(200);
    assert_eq!(narrow.body["scope"], "profile");
    assert_eq!(narrow.body.get("idToken"), None);
    pair.identity.get("/v1/users").bearer(&narrow.text_of("accessToken")).send().await.refused(403, "IDE-0023");
    ask("internal_user_mgt_list").await.refused(400, "AUT-0009");
    let wide = json!({ "refreshToken": narrow.text_of("refreshToken"), "scope": "profile access_manager" });
    pair.auth.post("/v1/login/oauth/refresh_token").json(&wide).send().await.refused(400, "AUT-0009");
}

/// Another process has acknowledged the change; this one learns of it within 100 ms while its stream beats.
pub(crate) async fn eventually_refused(pair: &Pair, token: &str) {
    let asking = async {
        while pair.auth.get("/v1/permissions").bearer(token).send().await.status != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), asking).await.expect("the token is still accepted");
    pair.auth.get("/v1/userinfo").bearer(token).send().await.refused(401, "AUT-0007");
}
