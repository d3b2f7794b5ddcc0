//! Tokens that somebody made, mended or carried to another place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pair::Pair;
use serde_json::{Value, json};

use crate::contract::claims_of;

pair::on_both_engines! {
    no_forged_token_is_accepted_anywhere,
    an_id_token_is_no_access_token,
    another_tenants_path_refuses_the_token,
    an_expired_token_is_refused,
    the_public_keys_are_public_only,
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn no_forged_token_is_accepted_anywhere(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let real = person.token();
    let [header, payload, signature] = real.split('.').collect::<Vec<_>>().try_into().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let claims = claims_of(real);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        format!("{header}.{}.{signature}", encode(&claims))
    };
    let headed = |name: &str, value: Value, signature: &str| {
        let mut head = head.clone();
        head[name] = value;
        format!("{}.{payload}.{signature}", encode(&head))
    };
    let administrator = pair.administrator().await;
    let forged = [
        with("sub", json!(administrator.id)),
        with("exp", json!(9_999_999_999_i64)),
        with("scope", json!("access_manager")),
        headed("alg", json!("none"), ""),
        headed("alg", json!("None"), signature),
        headed("alg", json!("HS256"), signature),
        headed("alg", json!("RS256"), signature),
        headed("kid", json!("another"), signature),
        headed("crit", json!(["exp"]), signature),
        headed("jwk", json!({ "kty": "oct", "k": "AAAA" }), signature),
        headed("typ", json!("JWE"), signature),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!(" {header} .{payload}.{signature}"),
        person.refresh_token().to_owned(),
        "a".repeat(20_000),
    ];
    for token in &forged {
        let shown = &token[..token.len().min(80)];
        let authorization = format!("Bearer {token}");
        for path in ["/v1/userinfo", "/v1/permissions", "/v1/sessions"] {
            let answer = pair.auth.get(path).header("authorization", &authorization).send().await;
            assert!(matches!(answer.status, 401 | 431 | 400), "{} for {shown}", answer.status);
        }
        let answer = pair.identity.get("/v1/groups").header("authorization", &authorization).send().await;
        assert!(matches!(answer.status, 401 | 431 | 400), "{} for {shown}", answer.status);
    }
    pair.auth.get("/v1/userinfo").bearer(real).send().await.expect(200);
}

async fn an_id_token_is_no_access_token(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let id_token = person.tokens["idToken"].as_str().unwrap();
    pair.auth.get("/v1/userinfo").bearer(id_token).send().await.refused(401, "AUT-0007");
    pair.identity.get("/v1/groups").bearer(id_token).send().await.refused(401, "IDE-0009");
    let claims = claims_of(id_token);
    assert_eq!((&claims["preferred_username"], &claims["email"]), (&json!("ana"), &json!("ana@example.com")));
    assert!(claims["at_hash"].is_string());
}

async fn another_tenants_path_refuses_the_token(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let stranger = pair.stranger().await;
    pair.auth.get("/t/lerian/v1/userinfo").bearer(person.token()).send().await.expect(200);
    pair.auth.get("/t/elsewhere/v1/userinfo").bearer(person.token()).send().await.refused(401, "AUT-0007");
    pair.auth.get("/t/elsewhere/v1/userinfo").bearer(stranger.token()).send().await.expect(200);
    pair.auth.get("/t/lerian/v1/userinfo").bearer(stranger.token()).send().await.refused(401, "AUT-0007");
    let issuers = [person.token(), stranger.token()].map(|token| claims_of(token)["iss"].clone());
    assert_eq!(issuers, [json!("http://127.0.0.1:4000"), json!("http://127.0.0.1:4000/t/elsewhere")]);
}

async fn an_expired_token_is_refused(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    pair.pass(std::time::Duration::from_secs(3_598));
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
    pair.pass(std::time::Duration::from_secs(2));
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.refused(401, "AUT-0007");
    pair.identity.get("/v1/groups").bearer(person.token()).send().await.refused(401, "IDE-0009");
}

async fn the_public_keys_are_public_only(pair: &Pair) {
    for path in ["/.well-known/jwks.json", "/.well-known/jwks", "/t/elsewhere/.well-known/jwks.json"] {
        let answer = pair.auth.get(path).send().await.expect(200);
        let keys = answer.body["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 1);
        for key in keys {
            let key = key.as_object().unwrap();
            for name in ["kty", "kid", "alg"] {
                assert!(key[name].is_string(), "{name}");
            }
            assert_eq!(key["use"], "sig");
            assert!(["d", "p", "q", "k"].iter().all(|private| !key.contains_key(*private)));
        }
    }
}
