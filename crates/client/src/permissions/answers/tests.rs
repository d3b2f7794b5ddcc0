use std::time::Duration;

use crypto::jws::JwkSet;
use domain::change::Change;
use domain::id::{SessionId, TenantId, UserId};
use domain::{Epoch, Issuers, Slug, SystemClock};
use serde_json::json;

use super::*;
use crate::permissions::Denial;

const USER: &str = "0198c0de-0000-7000-8000-000000000001";
const SESSION: &str = "0198c0de-0000-7000-8000-000000000004";
const TENANT: &str = "0198c0de-0000-7000-8000-000000000005";

/// Answers over a state that was just heard of, and the token of a person.
struct Desk {
    answers: Answers,
    state: Arc<TokenState>,
    leases: Arc<Leases>,
    token: AccessToken,
}

impl Desk {
    fn fresh() -> Self {
        let desk = Self::unheard();
        desk.hear(Duration::ZERO);
        desk
    }

    fn unheard() -> Self {
        let state = Arc::new(TokenState::new(JwkSet::from_public(&[]).unwrap()));
        let leases = Arc::new(Leases::default());
        let answers = Answers::new(Arc::clone(&state), Arc::clone(&leases), Arc::new(SystemClock));
        Self { answers, state, leases, token: token() }
    }

    fn hear(&self, age: Duration) {
        self.leases.sessions.renew(age);
        self.leases.epochs.renew(age);
        self.leases.answers.renew(age);
    }

    fn learn(&self, change: &Change) {
        self.state.learn(change, SystemClock.now());
    }

    fn answer(&self, decision: Decision) -> Answer {
        Answer { decision, version: self.answers.version(), valid_until: None }
    }

    fn recall(&self) -> Option<Decision> {
        self.answers.recall(&key(), &self.token)
    }
}

fn key() -> Sha256Digest {
    Sha256Digest::of(b"a question")
}

fn token() -> AccessToken {
    let now = SystemClock.now().seconds();
    let claims = json!({
        "iss": "https://id.example.com", "sub": USER, "aud": ["console"], "azp": "console", "client_id": "console",
        "app": "0198c0de-0000-7000-8000-000000000002", "iat": now, "nbf": now, "exp": now + 3600,
        "jti": "0198c0de-0000-7000-8000-000000000003", "sid": SESSION, "ver": [1, 1, 1], "token_use": "access",
        "scope": "openid", "owner": "lerian", "type": "normal-user", "name": "ana", "displayName": "Ana Souza",
        "tenantId": TENANT, "amr": ["pwd"], "auth_time": now,
    });
    let issuers = Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap();
    AccessToken::parse(claims.as_object().unwrap(), &issuers, SystemClock.now()).unwrap()
}

#[test]
fn an_answer_counts_while_the_stream_is_young() {
    for decision in [Decision::Allowed, Decision::Denied(Denial::Permission)] {
        let desk = Desk::fresh();
        desk.answers.remember(key(), desk.answer(decision));
        assert_eq!(desk.recall(), Some(decision));
        assert_eq!(desk.answers.recall(&Sha256Digest::of(b"another question"), &desk.token), None);
    }
}

#[test]
fn nothing_is_answered_under_a_lease_that_never_began_or_has_ended() {
    let desk = Desk::unheard();
    desk.answers.remember(key(), desk.answer(Decision::Allowed));
    assert_eq!(desk.recall(), None, "nothing was heard");
    desk.hear(Duration::from_millis(4_501));
    assert_eq!(desk.recall(), None, "what was heard is too old");
    // None of them is enough alone: what subjects may do comes from identity.
    desk.leases.sessions.renew(Duration::ZERO);
    desk.leases.answers.renew(Duration::ZERO);
    assert_eq!(desk.recall(), None, "auth does not hear identity");
    desk.leases.epochs.renew(Duration::ZERO);
    assert_eq!(desk.recall(), Some(Decision::Allowed));
    // What another process said of its knowledge says nothing of this one's.
    desk.leases.answers.end();
    assert_eq!(desk.recall(), None, "another process is listened to");
}

#[test]
fn every_change_of_what_subjects_may_do_ends_every_answer() {
    let (user, tenant) = (UserId::parse(USER).unwrap(), TenantId::parse(TENANT).unwrap());
    let stranger = UserId::parse("0198c0de-0000-7000-8000-00000000000f").unwrap();
    for change in [
        Change::UserRevised(user),
        Change::UserRevised(stranger),
        Change::PolicyRevised(tenant),
        Change::TenantRevised(tenant),
        Change::UserEpoch(stranger, Epoch(2)),
    ] {
        let desk = Desk::fresh();
        desk.answers.remember(key(), desk.answer(Decision::Allowed));
        desk.learn(&change);
        assert_eq!(desk.recall(), None, "{change:?}");
    }
}

#[test]
fn an_answer_that_was_under_way_while_a_change_was_heard_is_not_remembered() {
    let desk = Desk::fresh();
    let under_way = desk.answer(Decision::Allowed);
    desk.learn(&Change::UserRevised(UserId::parse(USER).unwrap()));
    desk.answers.remember(key(), under_way);
    assert_eq!(desk.recall(), None);
    desk.answers.remember(key(), desk.answer(Decision::Denied(Denial::Permission)));
    assert_eq!(desk.recall(), Some(Decision::Denied(Denial::Permission)));
}

#[test]
fn an_answer_ends_with_its_token() {
    let user = UserId::parse(USER).unwrap();
    for change in
        [Change::SessionEnded(SessionId::parse(SESSION).unwrap(), SystemClock.now()), Change::UserEpoch(user, Epoch(2))]
    {
        let desk = Desk::fresh();
        desk.learn(&change);
        desk.answers.remember(key(), desk.answer(Decision::Allowed));
        assert_eq!(desk.recall(), None, "{change:?}");
    }
    let mut desk = Desk::fresh();
    desk.answers.remember(key(), desk.answer(Decision::Allowed));
    desk.token.expires_at = SystemClock.now();
    assert_eq!(desk.recall(), None, "expired");
}

#[test]
fn an_answer_ends_when_a_grant_begins_or_ends() {
    let desk = Desk::fresh();
    let now = SystemClock.now();
    let until = |valid_until| Answer { valid_until: Some(valid_until), ..desk.answer(Decision::Allowed) };
    desk.answers.remember(key(), until(now.plus(Duration::from_secs(60))));
    assert_eq!(desk.recall(), Some(Decision::Allowed));
    desk.answers.remember(key(), until(now));
    assert_eq!(desk.recall(), None);
}
