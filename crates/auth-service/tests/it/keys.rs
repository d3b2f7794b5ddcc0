//! Signing keys while both services run: rotated by schedule and by hand, retired, needed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth::signing::{HURRY, Refusal, Stage, Step};
use auth_service::app::App;
use auth_service::app::keys::{Changed, Removal};
use auth_store::keys::StoredKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::jws::Algorithm;
use domain::Clock;
use pair::Pair;
use serde_json::Value;
use store::Actor;
use testkit::Api;

pair::on_both_engines! {
    the_schedule_publishes_a_key_lets_it_sign_and_removes_the_old_one,
    of_many_who_take_a_step_one_does,
    a_compromised_key_takes_its_tokens_with_it_everywhere,
    a_compromised_key_is_followed_by_one_that_is_known_already,
    a_key_shows_when_it_was_last_needed,
    a_process_that_has_not_read_a_change_signs_nothing,
    a_restart_knows_every_key,
}

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__TOKENS__ACCESS_SECONDS", "5")];
    twenty_rotations_a_second_apart_refuse_no_valid_token,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn operator() -> Actor {
    Actor { kind: "operator", id: String::new(), address: String::new(), request_id: String::new() }
}

fn kid_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn published(pair: &Pair) -> BTreeSet<String> {
    let answer = pair.auth.get("/.well-known/jwks.json").send().await.expect(200);
    answer.body["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn stored(app: &App) -> Vec<StoredKey> {
    app.store.read(auth_store::keys::list).await.unwrap()
}

async fn rotate(app: &App, in_a_hurry: bool) -> Changed {
    app.keys.rotate(&app.store, &*app.entropy, &operator(), Algorithm::Es256, in_a_hurry).await.unwrap()
}

async fn retire(app: &App, kid: &str, is_compromised: bool) -> Removal {
    app.keys.retire(&app.store, &*app.entropy, &operator(), kid, is_compromised).await.unwrap()
}

async fn is_accepted_everywhere(pair: &Pair, token: &str) {
    pair.auth.get("/v1/userinfo").bearer(token).send().await.expect(200);
    pair.identity.get("/v1/groups").bearer(token).send().await.expect(200);
}

async fn is_refused_everywhere(pair: &Pair, token: &str) {
    pair.auth.get("/v1/userinfo").bearer(token).send().await.refused(401, "AUT-0007");
    pair.identity.get("/v1/groups").bearer(token).send().await.refused(401, "IDE-0009");
}

async fn the_schedule_publishes_a_key_lets_it_sign_and_removes_the_old_one(pair: &Pair) {
    let first = published(pair).await;
    assert_eq!(first.len(), 1);
    pair.pass(90 * DAY - HOUR);
    pair.keep_time().await;
    let both = published(pair).await;
    assert_eq!((both.len(), both.is_superset(&first)), (2, true));
    let old = pair.administrator().await.token().to_owned();
    assert!(first.contains(&kid_of(&old)), "the published key does not sign yet");

    pair.pass(HOUR - Duration::from_secs(1));
    pair.keep_time().await;
    let last = pair.administrator().await.token().to_owned();
    assert!(first.contains(&kid_of(&last)));
    pair.pass(Duration::from_secs(1));
    pair.keep_time().await;
    let new = pair.administrator().await.token().to_owned();
    assert!(!first.contains(&kid_of(&new)));
    is_accepted_everywhere(pair, &last).await;
    is_accepted_everywhere(pair, &new).await;
    assert!(
        stored(pair.auth_app()).await.iter().all(|key| { key.private_sealed.is_some() == (key.kid == kid_of(&new)) }),
        "the private half of the old key is gone"
    );

    pair.pass(HOUR + Duration::from_secs(4));
    pair.keep_time().await;
    assert_eq!(published(pair).await.len(), 2);
    pair.pass(Duration::from_secs(1));
    pair.keep_time().await;
    assert_eq!(published(pair).await, BTreeSet::from([kid_of(&new)]));
}

async fn of_many_who_take_a_step_one_does(pair: &Pair) {
    pair.pass(90 * DAY - HOUR);
    let app = pair.auth_app();
    let operator = operator();
    let racing = (0..10).map(|_| app.keys.take_due(&app.store, &*app.entropy, &operator));
    let done = futures_util::future::join_all(racing).await;
    let taken: Vec<_> = done.into_iter().flat_map(Result::unwrap).collect();
    assert!(matches!(taken.as_slice(), [Changed::Taken(Step::Publish { .. }, _)]), "{taken:?}");
    pair.pass(HOUR);
    let racing = (0..10).map(|_| app.keys.take_due(&app.store, &*app.entropy, &operator));
    let done = futures_util::future::join_all(racing).await;
    let taken: Vec<_> = done.into_iter().flat_map(Result::unwrap).collect();
    assert!(matches!(taken.as_slice(), [Changed::Taken(Step::Activate { .. }, _)]), "{taken:?}");
}

async fn twenty_rotations_a_second_apart_refuse_no_valid_token(pair: &Pair) {
    let person = pair.administrator().await;
    let app = pair.auth_app();
    // Asked without a pause from beside, with every token that is still valid.
    let valid: Arc<std::sync::Mutex<Vec<(String, i64)>>> = Arc::default();
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::atomic::AtomicU32::new(0)));
    let load: Vec<_> = [(pair.auth.clone(), "/v1/userinfo"), (pair.identity.clone(), "/v1/groups")]
        .into_iter()
        .map(|(api, path)| {
            let (clock, valid) = (Arc::clone(&pair.clock), Arc::clone(&valid));
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
            tokio::spawn(async move { ask(api, path, &clock, &valid, &stop, &asked).await })
        })
        .collect();
    let mut refresh = person.refresh_token().to_owned();
    let mut kids = BTreeSet::new();
    for _ in 0..20 {
        assert!(matches!(rotate(app, true).await, Changed::Taken(Step::Publish { .. }, _)));
        let body = serde_json::json!({ "refreshToken": refresh });
        let tokens = pair.auth.post("/v1/login/oauth/refresh_token").json(&body).send().await.expect(200);
        let token = tokens.text_of("accessToken");
        refresh = tokens.text_of("refreshToken");
        kids.insert(kid_of(&token));
        is_accepted_everywhere(pair, &token).await;
        valid.lock().unwrap().push((token, pair.clock.now().seconds() + 5));
        pair.pass(Duration::from_secs(1));
        pair.keep_time().await;
        assert!(published(pair).await.len() <= 16);
        let now = pair.clock.now().seconds();
        let held: Vec<_> = valid.lock().unwrap().iter().filter(|(_, end)| *end > now).cloned().collect();
        for (token, _) in &held {
            is_accepted_everywhere(pair, token).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for task in load {
        task.await.unwrap();
    }
    assert!(kids.len() >= 18, "{} keys signed", kids.len());
    assert!(asked.load(Ordering::SeqCst) > 40);
}

async fn ask(
    api: Api,
    path: &str,
    clock: &testkit::ManualClock,
    valid: &std::sync::Mutex<Vec<(String, i64)>>,
    stop: &AtomicBool,
    asked: &std::sync::atomic::AtomicU32,
) {
    while !stop.load(Ordering::SeqCst) {
        let youngest = valid.lock().unwrap().last().cloned();
        let Some((token, end)) = youngest else {
            tokio::task::yield_now().await;
            continue;
        };
        let answer = api.get(path).bearer(&token).send().await;
        // The clock may have passed the end of the token while it was asked about.
        assert!(answer.status == 200 || clock.now().seconds() >= end, "{path}: {} {}", answer.status, answer.text);
        asked.fetch_add(1, Ordering::SeqCst);
    }
}

async fn a_compromised_key_takes_its_tokens_with_it_everywhere(pair: &Pair) {
    let person = pair.administrator().await;
    is_accepted_everywhere(pair, person.token()).await;
    let app = pair.auth_app();
    let kid = kid_of(person.token());
    assert_eq!(retire(app, &kid, false).await, Removal::Refused(Refusal::Signs));
    let Removal::Gone(Some(successor)) = retire(app, &kid, true).await else { panic!("it was not retired") };
    pair.keep_time().await;
    is_refused_everywhere(pair, person.token()).await;
    // The session lives on: what was signed is lost, not who logged in.
    let body = serde_json::json!({ "refreshToken": person.refresh_token() });
    let tokens = pair.auth.post("/v1/login/oauth/refresh_token").json(&body).send().await.expect(200);
    assert_eq!(kid_of(&tokens.text_of("accessToken")), successor);
    is_accepted_everywhere(pair, &tokens.text_of("accessToken")).await;
    assert_eq!(published(pair).await, BTreeSet::from([successor]));
    assert_eq!(retire(app, &kid, true).await, Removal::Refused(Refusal::Unknown));
}

async fn a_compromised_key_is_followed_by_one_that_is_known_already(pair: &Pair) {
    let app = pair.auth_app();
    let Changed::Taken(Step::Publish { .. }, next) = rotate(app, false).await else { panic!("no key was published") };
    pair.pass(HURRY);
    let active = stored(app).await.into_iter().find(|key| key.kid != next).unwrap();
    assert_eq!(retire(app, &active.kid, true).await, Removal::Gone(Some(next.clone())));
    pair.keep_time().await;
    assert_eq!(kid_of(pair.administrator().await.token()), next);
    assert_eq!(published(pair).await, BTreeSet::from([next]));
}

async fn a_key_shows_when_it_was_last_needed(pair: &Pair) {
    let app = pair.auth_app();
    let person = pair.administrator().await;
    let old = kid_of(person.token());
    rotate(app, true).await;
    pair.pass(HURRY);
    pair.keep_time().await;
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
    pair.pass(Duration::from_secs(60));
    pair.keep_time().await;
    // The second time it is remembered that the signature was right; that counts as well.
    pair.auth.get("/v1/userinfo").bearer(person.token()).send().await.expect(200);
    let needed_at = pair.clock.now();
    pair.pass(Duration::from_secs(600));
    pair.keep_time().await;
    app.report_keys().await;
    let keys = stored(app).await;
    let retiring = keys.iter().find(|key| key.kid == old).unwrap();
    assert!(matches!(retiring.stage, Stage::Retiring { .. }));
    assert_eq!(retiring.last_needed_at, Some(needed_at));
    assert!(keys.iter().filter(|key| key.kid != old).all(|key| key.last_needed_at.is_none()));
}

async fn a_process_that_has_not_read_a_change_signs_nothing(pair: &Pair) {
    let app = pair.auth_app();
    let database = pair.auth_database();
    // A key that cannot be read makes every reading fail until it is mended.
    let spoil = "UPDATE signing_keys SET public_jwk = 'x' || public_jwk";
    tokio::task::block_in_place(|| database.execute(spoil));
    app.keys.tell();
    pair.log_in("admin", "Gatehouse-test-1").await.refused(503, "AUT-0016");
    assert!(app.keys.lag() > Duration::ZERO);
    let mend = "UPDATE signing_keys SET public_jwk = substr(public_jwk, 2)";
    tokio::task::block_in_place(|| database.execute(mend));
    app.keys.caught_up().await;
    assert_eq!(app.keys.lag(), Duration::ZERO);
    pair.log_in("admin", "Gatehouse-test-1").await.expect(200);
}

async fn a_restart_knows_every_key(pair: &mut Pair) {
    let person = pair.administrator().await;
    rotate(pair.auth_app(), true).await;
    pair.pass(HURRY);
    pair.restart_auth().await;
    pair.keep_time().await;
    let again = pair.administrator().await;
    assert_ne!(kid_of(again.token()), kid_of(person.token()));
    is_accepted_everywhere(pair, person.token()).await;
    is_accepted_everywhere(pair, again.token()).await;
}
