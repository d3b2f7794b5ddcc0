//! Walks every operation of an API document: without a token, with a stranger's, and with nonsense.

use serde_json::Value;
use testkit::{Answer, Api};
use utoipa::openapi::OpenApi;

use crate::Pair;

/// Tries every operation that asks for a token; returns how many there were.
///
/// Without a token: 401 and the code for that. With nonsense for one: 401. With the token of another tenant's
/// administrator and the id of a row of this one: never a 2xx that shows or changes it. With nonsense in the body: a clear
/// 4xx, never a 5xx.
pub async fn walk(pair: &Pair, api: &Api, document: &OpenApi, prefix: &str) -> usize {
    let (missing, invalid) = match prefix {
        "AUT" => ("AUT-0006", "AUT-0007"),
        _ => ("IDE-0008", "IDE-0009"),
    };
    let administrator = pair.administrator().await;
    let stranger = pair.stranger().await;
    let application = pair.application("midaz").await;
    let mut walked = 0;
    for (method, template, needs_token) in operations(&serde_json::to_value(document).unwrap()) {
        let path = fill(&template, &administrator.id, &application.id);
        let call = || api.call(&method, &path);
        if needs_token {
            walked += 1;
            call().send().await.refused(401, missing);
            for nonsense in ["x", "a.b.c", &"A".repeat(3_000)] {
                call().bearer(nonsense).send().await.refused(401, invalid);
            }
            if template.contains('{') {
                let answer = call().bearer(stranger.token()).json(&serde_json::json!({})).send().await;
                assert!((400..500).contains(&answer.status), "{method} {path} for a stranger: {}", answer.text);
            }
        }
        if matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
            for body in nonsense_bodies() {
                let answer = call().bearer(administrator.token()).bytes("application/json", body).send().await;
                has_a_code(&answer, prefix, &method, &path);
            }
        }
        if template.contains('{') {
            let odd = fill(&template, "%00", "..%2f..");
            let answer = api.call(&method, &odd).bearer(administrator.token()).send().await;
            has_a_code(&answer, prefix, &method, &odd);
        }
    }
    walked
}

/// A clear 4xx in the form every client relies on.
#[track_caller]
fn has_a_code(answer: &Answer, prefix: &str, method: &str, path: &str) {
    assert!((400..500).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
    assert!(
        answer.body["code"].as_str().is_some_and(|code| code.starts_with(prefix)),
        "{method} {path}: {}",
        answer.text
    );
}

/// Every operation of a document: method, path, and whether it asks for a token.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, bool)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let bearer = operation["security"]
                .as_array()
                .is_some_and(|security| security.iter().any(|requirement| requirement.get("bearer").is_some()));
            operations.push((method.to_uppercase(), path.clone(), bearer));
        }
    }
    operations
}

fn fill(template: &str, user: &str, other: &str) -> String {
    let id = if template.contains("/applications/") { other } else { user };
    template.replace("{id}", id).replace("{userId}", user).replace("{secretId}", other).replace("{session}", other)
}

fn nonsense_bodies() -> Vec<Vec<u8>> {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    vec![
        b"{".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"surely\":\"unknown\",\"surely\":\"unknown\"}".to_vec(),
        b"{\"a\":\"\xff\"}".to_vec(),
        b"{\"name\":\"a\\u0000b\",\"resource\":\"a\\u0000b\",\"unheard-of\":1}".to_vec(),
        deep.into_bytes(),
        vec![b'{'; 100_000],
    ]
}
