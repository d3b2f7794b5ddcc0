//! Refresh tokens of people: each is redeemed once, and a copy ends the session.

use std::time::Duration;

use pair::Pair;
use serde_json::json;

pair::on_both_engines! {
    fifty_parallel_uses_get_one_successor_and_a_later_replay_ends_the_session,
    an_honest_retry_gets_the_same_successor_within_the_grace,
    a_session_idles_out_and_grows_too_old,
    an_ended_session_stays_ended_over_a_restart,
    what_is_no_refresh_token_is_refused,
    the_token_endpoint_takes_the_grant_too,
}

async fn fifty_parallel_uses_get_one_successor_and_a_later_replay_ends_the_session(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let uses = (0..50).map(|_| pair.refresh(person.refresh_token()));
    let answers = futures_util::future::join_all(uses).await;
    let mut successors: Vec<String> =
        answers.into_iter().map(|answer| answer.expect(200).text_of("refreshToken")).collect();
    successors.sort();
    successors.dedup();
    let [successor] = successors.as_slice() else { panic!("{} successors", successors.len()) };

    let next = pair.refresh(successor).await.expect(200);
    // The first token is two generations behind now: somebody has a copy.
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
    for dead in [successor, &next.text_of("refreshToken")] {
        pair.refresh(dead).await.refused(400, "AUT-1005");
    }
    for dead in [person.token(), &next.text_of("accessToken")] {
        pair.auth.get("/v1/userinfo").bearer(dead).send().await.refused(401, "AUT-0007");
    }
}

async fn an_honest_retry_gets_the_same_successor_within_the_grace(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let first = pair.refresh(person.refresh_token()).await.expect(200);
    pair.pass(Duration::from_millis(4_900));
    let again = pair.refresh(person.refresh_token()).await.expect(200);
    assert_eq!(again.text_of("refreshToken"), first.text_of("refreshToken"));
    // The grace is counted from the first rotation, not from the retry.
    pair.pass(Duration::from_millis(200));
    pair.refresh(person.refresh_token()).await.refused(400, "AUT-1005");
    pair.refresh(&first.text_of("refreshToken")).await.refused(400, "AUT-1005");
}

async fn a_session_idles_out_and_grows_too_old(pair: &Pair) {
    let idle = pair.person("ana", &[]).await;
    let busy = pair.log_in("ana", &idle.password).await.expect(200);
    let day = Duration::from_secs(24 * 3600);
    pair.pass(day - Duration::from_secs(1));
    let mut token = pair.refresh(&busy.text_of("refreshToken")).await.expect(200).text_of("refreshToken");
    pair.pass(Duration::from_secs(1));
    pair.refresh(idle.refresh_token()).await.refused(400, "AUT-1005");
    for _ in 0..29 {
        pair.pass(day - Duration::from_secs(2));
        token = pair.refresh(&token).await.expect(200).text_of("refreshToken");
    }
    pair.pass(Duration::from_secs(60));
    pair.refresh(&token).await.refused(400, "AUT-1005");
}

async fn an_ended_session_stays_ended_over_a_restart(pair: &Pair) {
    // Another pair, since this one is started anew.
    let mut pair = Pair::start(pair.auth_database().engine()).await;
    let ended = pair.person("ana", &[]).await;
    let lives = pair.log_in("ana", &ended.password).await.expect(200);
    pair.log_out(ended.token()).await.expect(204);
    let spent = lives.text_of("refreshToken");
    let lives = pair.refresh(&spent).await.expect(200);
    pair.restart_auth().await;
    pair.auth.get("/v1/userinfo").bearer(ended.token()).send().await.refused(401, "AUT-0007");
    pair.refresh(ended.refresh_token()).await.refused(400, "AUT-1005");
    pair.auth.get("/v1/userinfo").bearer(&lives.text_of("accessToken")).send().await.expect(200);
    pair.pass(Duration::from_secs(6));
    let next = pair.refresh(&lives.text_of("refreshToken")).await.expect(200);
    pair.refresh(&spent).await.refused(400, "AUT-1005");
    pair.refresh(&next.text_of("refreshToken")).await.refused(400, "AUT-1005");
    pair.stop().await;
}

async fn what_is_no_refresh_token_is_refused(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let real = person.refresh_token();
    let flipped = format!("{}{}", &real[..real.len() - 2], if real.ends_with("AA") { "BB" } else { "AA" });
    let long = "A".repeat(4_000);
    for wrong in ["x", "a.b.c", person.token(), &flipped, &long, "%00", "ä"] {
        pair.refresh(wrong).await.refused(400, "AUT-1005");
    }
    pair.refresh("").await.refused(400, "AUT-0001");
    pair.refresh(real).await.expect(200);
}

async fn the_token_endpoint_takes_the_grant_too(pair: &Pair) {
    let person = pair.person("ana", &[]).await;
    let body = json!({ "grantType": "refresh_token", "refreshToken": person.refresh_token() });
    let answer = pair.auth.post("/v1/login/oauth/access_token").json(&body).send().await.expect(200);
    assert_ne!(answer.text_of("refreshToken"), person.refresh_token());
    // Credentials that are sent are checked.
    let application = pair.application("midaz").await;
    let foreign = json!({
        "grantType": "refresh_token", "refreshToken": answer.text_of("refreshToken"),
        "clientId": application.client_id, "clientSecret": application.client_secret,
    });
    pair.auth.post("/v1/login/oauth/access_token").json(&foreign).send().await.refused(400, "AUT-1005");
}
