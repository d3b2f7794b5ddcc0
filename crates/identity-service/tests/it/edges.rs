//! The HTTP edge: what every operation does without a token, with a stranger's, and with nonsense; and what is answered
//! when a part is missing.

use std::time::Duration;

use pair::Pair;
use serde_json::json;

use crate::caller::{Caller, with};
use crate::users::{PASSWORD, user};

pair::on_both_engines! {
    no_operation_answers_without_a_token_or_to_nonsense,
    no_operation_falls_to_an_absurd_request,
    a_token_comes_with_or_without_its_scheme,
    there_is_an_answer_where_there_is_no_route,
    an_id_that_is_none_is_named,
    bodies_that_cannot_be_read_are_bad_requests,
    a_body_that_is_too_large_is_not_read,
    a_fault_of_ours_tells_nothing_of_it,
    without_auth_there_is_no_yes_and_it_recovers,
}

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_IDENTITY__PASSWORDS__HASHING_THREADS", "1"),
        ("GATEHOUSE_IDENTITY__PASSWORDS__BCRYPT_COST", "10"),
    ];
    a_flood_of_passwords_is_turned_away_at_the_door,
}

async fn no_operation_answers_without_a_token_or_to_nonsense(pair: &Pair) {
    let walked = pair::walk(pair, &pair.identity, &identity_service::http::document(), "IDE").await;
    assert_eq!(walked, 52);
}

async fn no_operation_falls_to_an_absurd_request(pair: &Pair) {
    assert!(pair::batter(pair, &pair.identity, &identity_service::http::document()).await > 22);
}

async fn a_token_comes_with_or_without_its_scheme(pair: &Pair) {
    let administrator = pair.administrator().await;
    let token = administrator.token();
    let get = |authorization: String| pair.identity.get("/v1/groups").header("authorization", &authorization).send();
    for right in [token.to_owned(), format!("Bearer {token}"), format!("bearer  {token}")] {
        get(right).await.expect(200);
    }
    for wrong in [format!("Basic {token}"), format!("Bearer {token} {token}"), format!("DPoP {token}")] {
        let refused = get(wrong).await.refused(401, "IDE-0009");
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
    }
    get("Bearer".to_owned()).await.refused(401, "IDE-0008");
    let query = format!("/v1/groups?access_token={token}");
    let missing = pair.identity.get(&query).send().await.refused(401, "IDE-0008");
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    let twice = pair.identity.get("/v1/groups").bearer(token).bearer(token).send().await;
    twice.refused(401, "IDE-0009");
}

async fn there_is_an_answer_where_there_is_no_route(pair: &Pair) {
    for path in ["/v1/nothing", "/nothing", "/v1/users/1/2/3", "/v1//users", "/t/lerian/v1/nothing", "/v2/users"] {
        pair.identity.get(path).send().await.refused(404, "IDE-0024");
    }
    let id = "0198c0de-0000-7000-8000-000000000001";
    for (method, path, allowed) in [
        ("DELETE", "/v1/users".to_owned(), "GET, POST"),
        ("POST", format!("/v1/users/{id}"), "DELETE, GET, PATCH"),
        ("POST", format!("/v1/users/{id}/reset-password"), "PATCH"),
        ("PATCH", format!("/v1/applications/{id}"), "DELETE, GET"),
        ("GET", format!("/v1/applications/{id}/secrets"), "POST"),
        ("GET", format!("/v1/groups/desk/users/{id}"), "DELETE, PUT"),
        ("OPTIONS", "/v1/groups/desk/permissions".to_owned(), "GET, PUT"),
        ("POST", "/v1/roles/clerk".to_owned(), "DELETE, GET, PATCH"),
        ("GET", format!("/v1/users/{id}/roles/clerk"), "DELETE, PUT"),
        ("POST", "/v1/permissions/holders".to_owned(), "GET"),
        ("DELETE", "/t/lerian/v1/users".to_owned(), "GET, POST"),
        ("POST", "/health".to_owned(), "GET"),
    ] {
        let wrong = pair.identity.call(method, &path).send().await.refused(405, "IDE-0025");
        assert_eq!(wrong.headers["allow"], allowed, "{method} {path}");
    }
}

async fn an_id_that_is_none_is_named(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let id = "0198c0de-0000-7000-8000-000000000001";
    for malformed in ["x", "1", "..%2f..", "%00", "0198c0de000070008000000000000001", &format!("{id}0"), "%ff"] {
        for (method, path, body, name) in [
            ("GET", format!("/v1/users/{malformed}"), None, "id"),
            ("PATCH", format!("/v1/users/{malformed}"), Some(json!({})), "id"),
            ("DELETE", format!("/v1/users/{malformed}"), None, "id"),
            ("PATCH", format!("/v1/users/{malformed}/reset-password"), Some(json!({ "newPassword": PASSWORD })), "id"),
            ("GET", format!("/v1/applications/{malformed}"), None, "id"),
            ("DELETE", format!("/v1/applications/{malformed}"), None, "id"),
            ("POST", format!("/v1/applications/{malformed}/secrets"), None, "id"),
            ("DELETE", format!("/v1/applications/{id}/secrets/{malformed}"), None, "secretId"),
            ("PUT", format!("/v1/groups/admin-group/users/{malformed}"), None, "userId"),
            ("GET", format!("/v1/users/{malformed}/permissions"), None, "id"),
            ("PUT", format!("/v1/users/{malformed}/permissions"), Some(json!({ "permissions": [] })), "id"),
            ("PUT", format!("/v1/users/{malformed}/roles/clerk"), None, "id"),
            ("DELETE", format!("/v1/applications/{malformed}/roles/clerk"), None, "id"),
            ("GET", format!("/v1/users/{malformed}/effective-permissions"), None, "id"),
            ("GET", format!("/v1/applications/{malformed}/effective-permissions"), None, "id"),
        ] {
            let refused = administrator.call(method, &path, body.as_ref()).await.refused(400, "IDE-0003");
            let named: Vec<_> = refused.body["fields"].as_object().unwrap().keys().collect();
            assert_eq!(named, [name], "{method} {path}");
        }
    }
}

async fn bodies_that_cannot_be_read_are_bad_requests(pair: &Pair) {
    let administrator = pair.administrator().await;
    let send = |body: &[u8]| {
        let call = pair.identity.post("/v1/groups").bearer(administrator.token());
        call.bytes("application/json", body).send()
    };
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for (body, reason) in [
        (&b""[..], "must be JSON in UTF-8"),
        (b"{", "must be JSON in UTF-8"),
        (b"{\"name\":\"Desk\"} x", "must be JSON in UTF-8"),
        (b"name=Desk", "must be JSON in UTF-8"),
        (b"{\"name\":\"\xff\"}", "must be JSON in UTF-8"),
        (b"{\"name\":\"\\ud800\"}", "must be JSON in UTF-8"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{\"name\":\"Desk\",\"name\":\"Desk\"}", "must not hold one name twice"),
        (b"{\"name\":\"Desk\",\"n\\u0061me\":\"Desk\"}", "must not hold one name twice"),
        (deep.as_bytes(), "must not be nested so deeply"),
    ] {
        let refused = send(body).await.refused(400, "IDE-0007");
        assert_eq!(refused.body["fields"], json!({ "body": reason }));
    }
    let nul = send(b"{\"name\":\"De\\u0000sk\"}").await.refused(400, "IDE-0002");
    assert_eq!(nul.body["fields"], json!({ "name": "must not hold NUL" }));
    let listed = Caller::of(pair, &administrator).get("/v1/groups?limit=1").await.expect(200);
    assert_eq!(listed.body["total"], 16);
}

async fn a_body_that_is_too_large_is_not_read(pair: &Pair) {
    let administrator = pair.administrator().await;
    let body = vec![b' '; 70_000];
    for (method, path) in [
        ("POST", "/v1/users"),
        ("PATCH", "/v1/groups/desk"),
        ("PUT", "/v1/groups/desk/permissions"),
        ("PUT", "/v1/groups/desk/roles/clerk"),
    ] {
        let call = pair.identity.call(method, path).bearer(administrator.token());
        call.bytes("application/json", body.clone()).send().await.refused(413, "IDE-0026");
    }
}

async fn a_fault_of_ours_tells_nothing_of_it(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let made = administrator.post("/v1/users", user("ana")).await.expect(201);
    tokio::task::block_in_place(|| pair.identity_database().execute("ALTER TABLE users RENAME TO lost"));
    let path = format!("/v1/users/{}", made.text_of("id"));
    let answers = [
        administrator.get("/v1/users").await,
        administrator.get(&path).await,
        administrator.post("/v1/users", user("bruno")).await,
        administrator.delete(&path).await,
    ];
    for answer in answers {
        let answer = answer.refused(500, "IDE-0006");
        let plain = json!({
            "code": "IDE-0006", "title": "Internal Server Error", "message": answer.body["message"],
        });
        assert_eq!(answer.body, plain);
        assert!(!answer.text.contains("users") && !answer.text.contains("lost"), "{}", answer.text);
        assert!(answer.headers.contains_key("x-request-id"));
    }
    // Nothing of the service was lost with it.
    tokio::task::block_in_place(|| pair.identity_database().execute("ALTER TABLE lost RENAME TO users"));
    assert_eq!(administrator.get(&path).await.expect(200).body, made.body);
}

async fn without_auth_there_is_no_yes_and_it_recovers(pair: &mut Pair) {
    let administrator = Caller::administrator(pair).await;
    let locked = pair.person("ana", &[]).await;
    let path = format!("/v1/users/{}", locked.id);
    administrator.patch(&path, json!({ "active": false })).await.expect(200);
    pair.stop_auth().await;

    // Once what is known of revocations is too old, nobody is let in; what is known to be dead stays dead.
    let stale = eventually(|| administrator.get("/v1/groups"), 503).await.refused(503, "IDE-0022");
    assert_eq!(stale.headers["retry-after"], "1");
    administrator.post("/v1/users", user("bruno")).await.refused(503, "IDE-0022");
    Caller::of(pair, &locked).get("/v1/groups").await.refused(401, "IDE-0009");
    assert_eq!(pair.identity.get("/health").send().await.expect(200).text, "healthy");
    assert_eq!(pair.identity.get("/readyz").send().await.expect(503).body, json!({ "status": "not ready" }));

    pair.restart_auth().await;
    eventually(|| administrator.get("/v1/groups"), 200).await;
    administrator.post("/v1/users", user("bruno")).await.expect(201);
}

async fn eventually<F: Future<Output = testkit::Answer>>(ask: impl Fn() -> F, status: u16) -> testkit::Answer {
    let asking = async {
        loop {
            let answer = ask().await;
            if answer.status == status {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking).await.unwrap()
}

async fn a_flood_of_passwords_is_turned_away_at_the_door(pair: &Pair) {
    let administrator = Caller::administrator(pair).await;
    let flood: Vec<_> = (0..40)
        .map(|number| {
            let (administrator, body) = (administrator.clone(), user(&format!("person-{number}")));
            tokio::spawn(async move { administrator.post("/v1/users", body).await })
        })
        .collect();
    let mut made = 0;
    for answer in flood {
        let answer = answer.await.unwrap();
        if answer.status == 201 {
            made += 1;
        } else {
            assert_eq!(answer.refused(503, "IDE-0022").headers["retry-after"], "1");
        }
    }
    assert!((9..40).contains(&made), "{made}");
    // Who was turned away left nothing, and reading goes on without a password.
    let listed = administrator.get("/v1/users?limit=100").await.expect(200);
    assert_eq!(listed.body["total"], made + 1);
    administrator.post("/v1/users", with(user("late"), json!({ "lastName": "Lima" }))).await.expect(201);
}
