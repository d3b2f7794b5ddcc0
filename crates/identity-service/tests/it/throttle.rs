//! Who guesses passwords must wait; who does not, must not.

use std::time::Duration;

use pair::Pair;
use serde_json::json;
use testkit::Answer;

use crate::caller::Caller;

pair::on_both_engines! {
    with &[("GATEHOUSE_IDENTITY__LIMITS__LOGIN_THROTTLE", "true")];
    a_locked_account_answers_like_a_wrong_password,
    each_failure_doubles_the_delay,
    a_success_forgets_the_failures,
    failures_survive_a_restart,
    guesses_of_an_old_password_are_tries_of_the_account,
    a_network_that_fails_too_often_is_told_when_to_return,
    a_forwarded_address_of_a_stranger_is_not_believed,
}

pair::on_both_engines! {
    with &[
        ("GATEHOUSE_IDENTITY__LIMITS__LOGIN_THROTTLE", "true"),
        ("GATEHOUSE_AUTH__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    the_network_of_a_guesser_alone_must_wait,
}

/// A password that nobody has.
const WRONG: &str = "Correct-horse-8-wrong";

/// Five failures are free; the sixth is the first that makes the account wait.
async fn fail_until_locked(pair: &Pair, username: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(pair.log_in(username, WRONG).await.refused(401, "AUT-1002"));
    }
    answers
}

async fn log_in_from(pair: &Pair, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({ "grantType": "password", "username": username, "password": password });
    let call = pair.auth.post("/v1/login/oauth/access_token").header("x-forwarded-for", address);
    call.json(&body).send().await
}

async fn a_locked_account_answers_like_a_wrong_password(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let mut answers = fail_until_locked(pair, "ana").await;
    answers.push(pair.log_in("ana", &person.password).await.refused(401, "AUT-1002"));
    answers.push(pair.log_in("ANA", &person.password).await.refused(401, "AUT-1002"));
    // A name that nobody has is locked in the same way, so that nobody learns who exists.
    answers.extend(fail_until_locked(pair, "nobody").await);
    answers.push(pair.log_in("nobody", WRONG).await.refused(401, "AUT-1002"));
    for answer in &answers {
        assert_eq!(answer.text, answers[0].text);
        assert!(!answer.headers.contains_key("retry-after"));
    }
    // Somebody else is not locked, and neither is who has a token.
    pair.administrator().await;
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);

    pair.pass(Duration::from_secs(30));
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn each_failure_doubles_the_delay(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    fail_until_locked(pair, "ana").await;
    for delay in [30, 60, 120] {
        pair.pass(Duration::from_secs(delay - 1));
        pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
        pair.pass(Duration::from_secs(1));
        pair.log_in("ana", WRONG).await.refused(401, "AUT-1002");
    }
    pair.pass(Duration::from_secs(239));
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    pair.pass(Duration::from_secs(1));
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn a_success_forgets_the_failures(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    for _ in 0..2 {
        for _ in 0..5 {
            pair.log_in("ana", WRONG).await.refused(401, "AUT-1002");
        }
        pair.log_in("ana", &person.password).await.expect(200);
    }
    // So does a quiet quarter of an hour.
    for _ in 0..5 {
        pair.log_in("ana", WRONG).await.refused(401, "AUT-1002");
    }
    pair.pass(Duration::from_secs(15 * 60));
    pair.log_in("ana", WRONG).await.refused(401, "AUT-1002");
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn failures_survive_a_restart(pair: &mut Pair) {
    let person = pair.person("ana", &[]).await;
    fail_until_locked(pair, "ana").await;
    pair.stop_identity().await;
    pair.restart_identity().await;
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");
    pair.pass(Duration::from_secs(30));
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn guesses_of_an_old_password_are_tries_of_the_account(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let path = format!("/v1/users/{}/update-password", person.id);
    let change = |old: &str| json!({ "oldPassword": old, "newPassword": "Another-horse-9-battery" });
    let ana = Caller::of(pair, &person);
    for _ in 0..3 {
        pair.log_in("ana", WRONG).await.refused(401, "AUT-1002");
        ana.patch(&path, change(WRONG)).await.refused(400, "IDE-1017");
    }
    for guess in [WRONG, person.password.as_str()] {
        let throttled = ana.patch(&path, change(guess)).await.refused(429, "IDE-0021");
        assert_eq!(throttled.headers["retry-after"], "30");
    }
    pair.log_in("ana", &person.password).await.refused(401, "AUT-1002");

    pair.pass(Duration::from_secs(30));
    ana.patch(&path, change(&person.password)).await.expect(204);
    pair.log_in("ana", "Another-horse-9-battery").await.expect(200);
}

async fn a_network_that_fails_too_often_is_told_when_to_return(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    // Thirty are free for a network, and no name is tried twice.
    for number in 0..31 {
        pair.log_in(&format!("nobody-{number}"), WRONG).await.refused(401, "AUT-1002");
    }
    // A part of a second counts as one, so that nobody comes back too early.
    pair.pass(Duration::from_millis(500));
    for (username, password) in [("nobody-31", WRONG), ("ana", WRONG), ("ana", person.password.as_str())] {
        let throttled = pair.log_in(username, password).await.refused(429, "AUT-0015");
        assert_eq!(throttled.headers["retry-after"], "30");
    }
    let path = format!("/v1/users/{}/update-password", person.id);
    let change = json!({ "oldPassword": person.password, "newPassword": "Another-horse-9-battery" });
    Caller::of(pair, &person).patch(&path, change).await.refused(429, "IDE-0021");
    // A refused try is not counted: the wait does not grow.
    pair.pass(Duration::from_secs(30));
    pair.log_in("ana", &person.password).await.expect(200);
}

async fn a_forwarded_address_of_a_stranger_is_not_believed(pair: &Pair) {
    for number in 0..31 {
        let address = format!("192.0.2.{number}");
        log_in_from(pair, &address, &format!("nobody-{number}"), WRONG).await.refused(401, "AUT-1002");
    }
    log_in_from(pair, "198.51.100.7", "nobody-31", WRONG).await.refused(429, "AUT-0015");
}

async fn the_network_of_a_guesser_alone_must_wait(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    for number in 0..31 {
        // What a client forwards by itself stands before what the proxy adds.
        let forwarded = format!("203.0.113.{number}, 192.0.2.7");
        log_in_from(pair, &forwarded, &format!("nobody-{number}"), WRONG).await.refused(401, "AUT-1002");
    }
    log_in_from(pair, "192.0.2.7", "ana", &person.password).await.refused(429, "AUT-0015");
    log_in_from(pair, "192.0.2.8", "ana", &person.password).await.expect(200);

    // A subscriber of IPv6 has many addresses and is one network.
    for number in 0..31 {
        let address = format!("2001:db8:1:2::{number:x}");
        log_in_from(pair, &address, &format!("nemo-{number}"), WRONG).await.refused(401, "AUT-1002");
    }
    log_in_from(pair, "2001:db8:1:2:ffff::1", "ana", &person.password).await.refused(429, "AUT-0015");
    log_in_from(pair, "2001:db8:1:3::1", "ana", &person.password).await.expect(200);
}
