//! `/v1/audit` and `audit export`: logins, sessions and keys, for administrators of the tenant alone.

use std::process::{Command, Stdio};
use std::time::Duration;

use pair::Pair;
use serde_json::{Value, json};
use testkit::Answer;

pair::on_both_engines! {
    every_act_on_sessions_is_told,
    events_are_found_and_paged,
    administrators_of_the_tenant_read_it_and_nobody_else,
    a_missing_permission_is_told,
    the_trail_of_the_deployment_is_for_the_system_tenant,
    a_command_exports_beside_the_service,
}

async fn get(pair: &Pair, token: &str, path: &str) -> Answer {
    pair.pass(Duration::from_millis(1));
    pair.auth.get(path).bearer(token).send().await
}

fn items(answer: &Answer) -> Vec<Value> {
    answer.body["items"].as_array().unwrap().clone()
}

/// The newest event of an action, without what is another at each run.
async fn newest(pair: &Pair, token: &str, action: &str) -> Value {
    let found = get(pair, token, &format!("/v1/audit?action={action}&limit=1")).await.expect(200);
    let [mut event] = items(&found).try_into().unwrap();
    for member in ["id", "at", "tenantId", "requestId"] {
        assert!(event.as_object_mut().unwrap().remove(member).is_some(), "{member}");
    }
    event
}

async fn sessions(pair: &Pair, token: &str) -> Vec<String> {
    let listed = pair.auth.get("/v1/sessions").bearer(token).send().await.expect(200);
    listed.body.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn every_act_on_sessions_is_told(pair: &Pair) {
    let administrator = pair.administrator().await;
    let token = administrator.token();
    let ana = pair.person("ana", &[]).await;
    let [session] = sessions(pair, ana.token()).await.try_into().unwrap();
    let told = |actor: &str, action: &str, kind: &str, id: &str, details: Value| {
        json!({
            "actor": { "kind": "user", "id": actor }, "action": action, "target": { "kind": kind, "id": id },
            "outcome": "done", "address": "127.0.0.1", "details": details,
        })
    };
    let begun = newest(pair, token, "session.begin").await;
    let after = &begun["details"]["after"];
    let expected = json!({ "after": {
        "user": ana.id, "application": after["application"], "door": "access_manager",
        "scope": "access_manager email openid profile", "methods": ["pwd"], "userAgent": "", "expiresAt": after["expiresAt"],
    } });
    assert_eq!(begun, told(&ana.id, "session.begin", "session", &session, expected));

    // A retry, then a replay, which ends the session.
    pair.refresh(ana.refresh_token()).await.expect(200);
    pair.refresh(ana.refresh_token()).await.expect(200);
    let retried = told(&ana.id, "session.retry", "session", &session, json!({ "generation": 1 }));
    assert_eq!(newest(pair, token, "session.retry").await, retried);
    pair.pass(Duration::from_secs(60));
    pair.refresh(ana.refresh_token()).await.refused(400, "AUT-1005");
    let ended = told(&ana.id, "session.end", "session", &session, json!({ "reason": "replay", "user": ana.id }));
    assert_eq!(newest(pair, token, "session.end").await, ended);
    let refused = newest(pair, token, "session.refresh").await;
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("refused"), &json!("AUT-1005")));

    // A logout, the end by an administrator, and of all.
    let again = pair.log_in("ana", &ana.password).await.expect(200).body;
    let [session] = sessions(pair, again["accessToken"].as_str().unwrap()).await.try_into().unwrap();
    pair.log_out(again["idToken"].as_str().unwrap()).await;
    let ended = told(&ana.id, "session.end", "session", &session, json!({ "reason": "logout", "user": ana.id }));
    assert_eq!(newest(pair, token, "session.end").await, ended);
    let again = pair.log_in("ana", &ana.password).await.expect(200);
    let [session] = sessions(pair, &again.text_of("accessToken")).await.try_into().unwrap();
    let path = format!("/v1/users/{}/sessions", ana.id);
    pair.auth.delete(&format!("{path}/{session}")).bearer(token).send().await.expect(204);
    let by = json!({ "reason": "by_administrator", "user": ana.id });
    let ended = newest(pair, token, "session.end").await;
    assert_eq!(ended, told(&administrator.id, "session.end", "session", &session, by));
    let again = pair.log_in("ana", &ana.password).await.expect(200);
    let [session] = sessions(pair, &again.text_of("accessToken")).await.try_into().unwrap();
    pair.auth.delete(&path).bearer(token).send().await.expect(204);
    let all = json!({ "reason": "by_administrator", "sessions": [session] });
    let ended = newest(pair, token, "session.end_all").await;
    assert_eq!(ended, told(&administrator.id, "session.end_all", "user", &ana.id, all));

    // Software has exchanges, of which only the end is told.
    let application = pair.application("midaz").await;
    let machine = pair.application_token(&application).await;
    pair.log_out(&machine).await;
    let ended = newest(pair, token, "exchange.end").await;
    assert_eq!(ended["actor"], json!({ "kind": "application", "id": application.id }));
    assert_eq!(ended["target"], json!({ "kind": "application", "id": application.id }));
    assert!(ended["details"]["session"].is_string());
}

async fn events_are_found_and_paged(pair: &Pair) {
    let administrator = pair.administrator().await;
    let token = administrator.token();
    let ana = pair.person("ana", &[]).await;
    for _ in 0..4 {
        pair.pass(Duration::from_millis(1));
        pair.log_in("ana", &ana.password).await.expect(200);
    }
    let path = format!("/v1/audit?actorId={}&action=session.*", ana.id);
    let whole = items(&get(pair, token, &path).await.expect(200));
    assert_eq!(whole.len(), 5);
    assert!(whole.is_sorted_by(|one, next| one["at"].as_str() >= next["at"].as_str()));
    let (mut seen, mut next) = (Vec::new(), format!("{path}&limit=2"));
    loop {
        let page = get(pair, token, &next).await.expect(200);
        seen.extend(items(&page));
        pair.log_in("ana", &ana.password).await.expect(200);
        match page.body.get("nextCursor") {
            Some(cursor) => next = format!("{path}&limit=2&cursor={}", cursor.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, whole);
    let to = format!("/v1/audit/export?actorId={}&to={}", ana.id, whole[0]["at"].as_str().unwrap());
    let export = get(pair, token, &to).await.expect(200);
    let exported: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exported.iter().rev().collect::<Vec<_>>(), whole[1..].iter().collect::<Vec<_>>());
    let refused = get(pair, token, "/v1/audit?from=now").await.refused(400, "AUT-0004");
    let reason = "must be a time such as 2025-04-08T08:01:30Z (RFC 3339)";
    assert_eq!(refused.body["fields"], json!({ "from": reason }));
}

async fn administrators_of_the_tenant_read_it_and_nobody_else(pair: &Pair) {
    let administrator = pair.administrator().await;
    let ana = pair.person("ana", &["midaz-editor-group"]).await;
    let stranger = pair.stranger().await;
    let machine = pair.application_token(&pair.application("midaz").await).await;
    let narrow = json!({
        "grantType": "password", "username": "admin", "password": administrator.password, "scope": "openid",
    });
    let narrow = pair.auth.post("/v1/login/oauth/access_token").json(&narrow).send().await.expect(200);
    for path in ["/v1/audit", "/v1/audit/export"] {
        for token in [ana.token(), &machine, &narrow.text_of("accessToken")] {
            get(pair, token, path).await.refused(403, "AUT-0017");
        }
        let own = get(pair, administrator.token(), path).await.expect(200).text;
        assert!(own.contains(&ana.id));
        let theirs = get(pair, stranger.token(), path).await.expect(200).text;
        assert!(theirs.contains(&stranger.id) && !theirs.contains(&ana.id), "{theirs}");
        get(pair, stranger.token(), &format!("/t/lerian{path}")).await.refused(401, "AUT-0007");
    }
}

async fn a_missing_permission_is_told(pair: &Pair) {
    let administrator = pair.administrator().await;
    let ana = pair.person("ana", &[]).await;
    for _ in 0..2 {
        get(pair, ana.token(), &format!("/v1/users/{}/sessions", administrator.id)).await.refused(403, "AUT-0017");
        get(pair, ana.token(), "/v1/audit").await.refused(403, "AUT-0017");
    }
    let denied = items(&get(pair, administrator.token(), "/v1/audit?action=access.deny").await.expect(200));
    let targets: Vec<_> = denied.iter().map(|event| event["target"]["id"].as_str().unwrap()).collect();
    assert_eq!(targets, ["audit:get", "sessions:get"]);
}

async fn the_trail_of_the_deployment_is_for_the_system_tenant(pair: &Pair) {
    let administrator = pair.administrator().await;
    let path = "/v1/audit?trail=deployment";
    let [key] = items(&get(pair, administrator.token(), path).await.expect(200)).try_into().unwrap();
    assert_eq!(key["tenantId"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(key["actor"], json!({ "kind": "service", "id": "auth-service" }));
    assert_eq!(key["action"], "signing_key.create");
    assert_eq!(key["details"], json!({ "after": { "algorithm": "ES256", "stage": "active" } }));
    let own = items(&get(pair, administrator.token(), "/v1/audit").await.expect(200));
    assert!(!own.contains(&key));
    let stranger = pair.stranger().await;
    get(pair, stranger.token(), path).await.refused(403, "AUT-0017");
    let denied = newest(pair, stranger.token(), "access.deny").await;
    assert_eq!(denied["actor"]["id"], stranger.id.as_str());
}

async fn a_command_exports_beside_the_service(pair: &Pair) {
    let administrator = pair.administrator().await;
    let stranger = pair.stranger().await;
    let export = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
        command.env_clear().envs(pair.auth_environment()).args(["audit", "export"]).args(arguments);
        tokio::task::block_in_place(|| command.stdin(Stdio::null()).output().unwrap())
    };
    let events = |arguments: &[&str]| {
        let output = export(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let all = events(&[]);
    for person in [&administrator, &stranger] {
        assert!(all.iter().any(|event| event["actor"]["id"] == person.id));
    }
    assert!(all.iter().any(|event| event["action"] == "signing_key.create"));

    let listed = items(&pair.auth.get("/v1/audit").bearer(administrator.token()).send().await.expect(200));
    let mut one = events(&["--tenant", listed[0]["tenantId"].as_str().unwrap()]);
    one.reverse();
    assert_eq!(one, listed);
    assert_eq!(events(&["--to", "2025-01-01T00:00:00Z"]), Vec::<Value>::new());
    let refused = export(&["--from", "yesterday"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("must be a time such as"));

    // The service, which did not stop, shows that it was done.
    let path = "/v1/audit?action=audit.export";
    pair.pass(Duration::from_secs(600));
    let token = pair.administrator().await;
    let told = items(&pair.auth.get(path).bearer(token.token()).send().await.expect(200));
    assert_eq!((told.len(), &told[0]["actor"]), (1, &json!({ "kind": "operator" })));
    let deployment = items(&get(pair, token.token(), &format!("{path}&trail=deployment")).await.expect(200));
    assert_eq!(deployment.len(), 2);
}
