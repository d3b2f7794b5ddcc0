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

/// Sends absurd requests to every operation, with the token of an administrator: an answer below 500 each time, and never
/// the end of the connection. Returns how many operations there were.
pub async fn batter(pair: &Pair, api: &Api, document: &OpenApi) -> usize {
    let administrator = pair.administrator().await;
    let nobody = "0198c0de-0000-7000-8000-000000000001";
    let operations = operations(&serde_json::to_value(document).unwrap());
    for (method, template, _) in &operations {
        let send = async |path: String, headers: &[(&str, &str)], body: Option<Vec<u8>>| {
            let call = api.call(method, &path).bearer(administrator.token());
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            let call = match body {
                Some(body) => call.bytes("application/json", body),
                None => call,
            };
            let answer = call.send().await;
            assert!(answer.status < 500, "{method} {path:.200}: {} {}", answer.status, answer.text);
        };
        let path = fill(template, nobody, nobody);
        for query in absurd_queries() {
            send(format!("{path}?{query}"), &[], None).await;
        }
        for odd in ["%ff%fe", "%2e%2e%2f%2e%2e", "%00", "-1", "18446744073709551616", &"a".repeat(8_000), "%"] {
            if template.contains('{') {
                send(fill(template, odd, odd), &[], None).await;
            }
            send(format!("/t/{odd}{path}"), &[], None).await;
        }
        let long = "a".repeat(16_000);
        for headers in [
            &[("x-request-id", long.as_str()), ("user-agent", &long), ("x-forwarded-for", &long)][..],
            &[("content-type", "a/b"), ("content-type", "c/d"), ("x-request-id", "a"), ("x-request-id", "b")],
            &[("authorization", "Bearer x"), ("accept", "\u{ff}"), ("accept-encoding", "gzip;q=9e999")],
        ] {
            send(path.clone(), headers, None).await;
        }
        if matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
            for body in absurd_bodies() {
                send(path.clone(), &[], Some(body)).await;
            }
        }
    }
    operations.len()
}

fn absurd_queries() -> Vec<String> {
    let mut queries: Vec<String> = [
        "page=99999999999999999999",
        "page=4294967296",
        "page=-1",
        "page=1e9",
        "page=0x10",
        "limit=4294967295",
        "limit=18446744073709551616",
        "limit=",
        "cursor=",
        "cursor=%00",
        "cursor=AAAA",
        "cursor=____",
        "%ff=%ff",
        "&&&",
        "page=1&page=1",
        "=",
        "a%5B%5D=1",
        "page=%D9%A1",
    ]
    .map(ToOwned::to_owned)
    .into();
    queries.extend([
        format!("cursor={}", "A".repeat(20_000)),
        "a=1&".repeat(5_000),
        format!("{}=1", "a".repeat(20_000)),
    ]);
    queries
}

fn absurd_bodies() -> Vec<Vec<u8>> {
    let long = "a".repeat(60_000);
    let many: String = (0..5_000).map(|number| format!("\"m{number}\":0,")).collect();
    let wide = format!("[{}0]", "0,".repeat(20_000));
    let mut bodies = vec![format!("{{{many}\"last\":0}}").into_bytes()];
    // Under the names that requests have, values that none of them takes.
    for value in [
        format!("\"{long}\""),
        "1e999".to_owned(),
        "-1e-999".to_owned(),
        "9".repeat(5_000),
        "18446744073709551616".to_owned(),
        wide,
        "{\"a\":{\"a\":{\"a\":{\"a\":[]}}}}".to_owned(),
        "\"\\ud83d\"".to_owned(),
        "\"\u{202e}\u{fdd0}\u{10ffff}\"".to_owned(),
    ] {
        for name in
            ["name", "username", "grantType", "refreshToken", "groups", "permissions", "limits", "resource", "sub"]
        {
            bodies.push(format!("{{\"{name}\":{value}}}").into_bytes());
        }
    }
    bodies
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
    template
        .replace("{id}", id)
        .replace("{userId}", user)
        .replace("{secretId}", other)
        .replace("{session}", other)
        .replace("{roleId}", other)
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
