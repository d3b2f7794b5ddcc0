//! `POST /v1/logout`.

use pair::Pair;

pair::on_both_engines! {
    a_logout_ends_one_session_alone,
    a_logout_takes_an_expired_token,
    a_logout_takes_nothing_but_tokens_of_ours,
    a_logout_form_is_read_strictly,
}

async fn a_logout_ends_one_session_alone(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let other = pair.log_in("ana", &person.password).await.expect(200);
    pair.log_out(person.tokens["idToken"].as_str().unwrap()).await.expect(204);
    pair.log_out(person.token()).await.expect(204);
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.refused(401, "AUT-0007");
    // Identity's own routes learn of it from auth.
    let path = format!("/v1/users/{}", person.id);
    let asking = async {
        while pair.identity.get(&path).bearer(person.token()).send().await.status != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), asking).await.unwrap();
    pair.auth.get("/v1/userinfo").bearer(&other.text_of("accessToken")).send().await.expect(200);
}

async fn a_logout_takes_an_expired_token(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    pair.pass(std::time::Duration::from_secs(3601));
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.refused(401, "AUT-0007");
    pair.log_out(person.token()).await.expect(204);
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
}

async fn a_logout_takes_nothing_but_tokens_of_ours(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let sid = "0198c0de-0000-7000-8000-000000000001";
    for wrong in [sid, "x", "a.b.c", person.refresh_token()] {
        pair.log_out(wrong).await.refused(401, "AUT-0007");
    }
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
}

async fn a_logout_form_is_read_strictly(pair: &Pair) {
    let send = |text: &'static str| {
        pair.auth.post("/v1/logout").bytes("application/x-www-form-urlencoded", text.as_bytes()).send()
    };
    send("").await.refused(400, "AUT-0001");
    send("id_token_hint=").await.refused(400, "AUT-0001");
    let unknown = send("id_token_hint=x&extra=1").await.refused(400, "AUT-0003");
    assert_eq!(unknown.body["fields"]["extra"], "1");
    for broken in ["id_token_hint=%zz", "id_token_hint=%ff", "id_token_hint=a%00", "id_token_hint=a&id_token_hint=b"] {
        send(broken).await.refused(400, "AUT-0009");
    }
    let json = pair.auth.post("/v1/logout").bytes("application/json", *b"{}").send().await;
    json.refused(400, "AUT-0009");
}
