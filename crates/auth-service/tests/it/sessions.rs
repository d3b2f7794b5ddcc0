//! `/v1/sessions` and `/v1/users/{id}/sessions`.

use pair::Pair;
use serde_json::Value;

pair::on_both_engines! {
    a_person_sees_and_ends_their_own_sessions,
    an_administrator_ends_those_of_others,
    nobody_ends_those_of_somebody_above,
    machines_have_no_sessions,
    a_narrow_token_ends_no_session,
}

async fn list(pair: &Pair, path: &str, token: &str) -> Vec<Value> {
    pair.auth.get(path).bearer(token).send().await.expect(200).body.as_array().unwrap().clone()
}

async fn a_person_sees_and_ends_their_own_sessions(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let other = pair.log_in("ana", &person.password).await.expect(200);
    let listed = list(pair, "/v1/sessions", person.token()).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.iter().filter(|session| session["current"] == true).count(), 1);
    let second = listed.iter().find(|session| session["current"] == false).unwrap();
    assert_eq!((&second["userId"], &second["amr"][0]), (&person.id.as_str().into(), &"pwd".into()));

    let path = format!("/v1/sessions/{}", second["id"].as_str().unwrap());
    pair.auth.delete(&path).bearer(person.token()).send().await.expect(204);
    pair.auth.delete(&path).bearer(person.token()).send().await.refused(404, "AUT-1020");
    pair.auth.get("/v1/userinfo").bearer(&other.text_of("accessToken")).send().await.refused(401, "AUT-0007");
    pair.auth.delete("/v1/sessions/x").bearer(person.token()).send().await.refused(400, "AUT-0002");

    let page = pair.auth.get("/v1/sessions?limit=1").bearer(person.token()).send().await.expect(200);
    assert_eq!((&page.body["total"], &page.body["page"]), (&1.into(), &1.into()));
    pair.auth.get("/v1/sessions?limit=0").bearer(person.token()).send().await.refused(400, "AUT-0004");

    pair.auth.delete("/v1/sessions").bearer(person.token()).send().await.expect(204);
    pair.auth.get("/v1/sessions").bearer(person.token()).send().await.refused(401, "AUT-0007");
}

async fn an_administrator_ends_those_of_others(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = pair.person("ana", &["midaz-viewer-group"]).await;
    let other = pair.log_in("ana", &person.password).await.expect(200);
    let path = format!("/v1/users/{}/sessions", person.id);
    let listed = list(pair, &path, administrator.token()).await;
    assert_eq!(listed.len(), 2);
    let one = format!("{path}/{}", listed[0]["id"].as_str().unwrap());
    pair.auth.delete(&one).bearer(administrator.token()).send().await.expect(204);
    assert_eq!(list(pair, &path, administrator.token()).await.len(), 1);
    pair.auth.delete(&path).bearer(administrator.token()).send().await.expect(204);
    for dead in [person.token(), &other.text_of("accessToken")] {
        pair.auth.get("/v1/userinfo").bearer(dead).send().await.refused(401, "AUT-0007");
    }
    let unknown = "/v1/users/0198c0de-0000-7000-8000-000000000001/sessions";
    pair.auth.get(unknown).bearer(administrator.token()).send().await.refused(404, "AUT-1015");
    let stranger = pair.stranger().await;
    pair.auth.get(&path).bearer(stranger.token()).send().await.refused(404, "AUT-1015");
}

async fn nobody_ends_those_of_somebody_above(pair: &Pair) {
    let administrator = pair.administrator().await;
    let person = pair.person("ana", &["midaz-editor-group"]).await;
    let path = format!("/v1/users/{}/sessions", administrator.id);
    for (method, path) in [("GET", path.as_str()), ("DELETE", path.as_str())] {
        pair.auth.call(method, path).bearer(person.token()).send().await.refused(403, "AUT-0017");
    }
    pair.auth.get("/v1/userinfo").bearer(administrator.token()).send().await.expect(200);
}

async fn machines_have_no_sessions(pair: &Pair) {
    let application = pair.application("midaz").await;
    let token = pair.application_token(&application).await;
    pair.auth.get("/v1/sessions").bearer(&token).send().await.refused(403, "AUT-0017");
}

async fn a_narrow_token_ends_no_session(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let body = serde_json::json!({
        "grantType": "password", "username": "ana", "password": person.password, "scope": "openid",
    });
    let narrow = pair.auth.post("/v1/login/oauth/access_token").json(&body).send().await.expect(200);
    let narrow = narrow.text_of("accessToken");
    for (method, path) in [("GET", "/v1/sessions"), ("DELETE", "/v1/sessions")] {
        pair.auth.call(method, path).bearer(&narrow).send().await.refused(403, "AUT-0017");
    }
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
}
