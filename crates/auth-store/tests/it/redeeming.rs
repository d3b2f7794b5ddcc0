//! Refresh tokens of people are redeemed once, whoever else tries at the same time.

use auth::refresh::Refusal;
use auth::session::{EndReason, Live, State};
use auth_store::sessions::Redeemed;
use domain::change::Change;
use domain::{Epoch, Epochs};
use testkit::TestDatabase;

use crate::{Fixture, ana, at_once, redeem, seconds, tenant};

testkit::on_both_engines! {
    a_session_comes_back_as_it_was_inserted,
    fifty_parallel_uses_of_a_refresh_token_have_one_successor,
    a_later_replay_ends_the_session_for_everybody,
    parallel_replays_end_a_session_once,
    a_session_that_idled_out_is_not_revived,
    a_raised_epoch_refuses_and_ends_nothing,
    a_session_that_nobody_knows_is_refused,
}

fn generation(redeemed: &Redeemed) -> Option<u32> {
    match redeemed {
        Redeemed::Granted { successor, .. } => Some(successor.generation),
        Redeemed::Refused(_) => None,
    }
}

async fn a_session_comes_back_as_it_was_inserted(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    assert_eq!(fixture.find(&session).await, Some(session));
    assert_eq!(fixture.audited("session.begin").await, 1);
}

async fn fifty_parallel_uses_of_a_refresh_token_have_one_successor(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    fixture.clock.advance(seconds(60));

    let (presented, epochs) = (session.refresh_token(1), session.login.epochs);
    let answers = at_once(50, || redeem(fixture.store.clone(), presented, epochs)).await;

    let live = Live {
        generation: 2,
        rotated_at: Some(fixture.now()),
        used_at: fixture.now(),
        idle_expires_at: fixture.now().plus(seconds(24 * 3_600)),
    };
    let after = auth::session::Session { state: State::Live(live), ..session.clone() };
    let expected = Redeemed::Granted { session: Box::new(after.clone()), successor: session.refresh_token(2) };
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
    assert_eq!(fixture.find(&session).await, Some(after));
    assert_eq!(fixture.audited("session.retry").await, 49);
    assert_eq!(fixture.heard(), []);
}

async fn a_later_replay_ends_the_session_for_everybody(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    assert_eq!(generation(&fixture.redeem(&session, 1).await), Some(2));
    assert_eq!(generation(&fixture.redeem(&session, 2).await), Some(3));
    let tokens_gone = fixture.now().plus(seconds(24 * 3_600));
    fixture.clock.advance(seconds(6));

    assert_eq!(fixture.redeem(&session, 2).await, Redeemed::Refused(Refusal::Replayed));

    let ended = State::Ended { at: fixture.now(), reason: EndReason::Replay };
    assert_eq!(fixture.find(&session).await.map(|session| session.state), Some(ended));
    assert_eq!(fixture.redeem(&session, 3).await, Redeemed::Refused(Refusal::Ended));
    assert_eq!(fixture.heard(), [Change::SessionEnded(session.login.session, tokens_gone)]);
    assert_eq!((fixture.audited("session.end").await, fixture.audited("session.refresh").await), (1, 2));
}

async fn parallel_replays_end_a_session_once(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    fixture.redeem(&session, 1).await;
    fixture.clock.advance(seconds(6));

    let (presented, epochs) = (session.refresh_token(1), session.login.epochs);
    let answers = at_once(20, || redeem(fixture.store.clone(), presented, epochs)).await;

    let replayed = answers.iter().filter(|answer| **answer == Redeemed::Refused(Refusal::Replayed)).count();
    let ended = answers.iter().filter(|answer| **answer == Redeemed::Refused(Refusal::Ended)).count();
    assert_eq!((replayed, ended), (1, 19));
    assert_eq!(fixture.heard().len(), 1);
    assert_eq!(fixture.audited("session.end").await, 1);
}

async fn a_session_that_idled_out_is_not_revived(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    fixture.clock.advance(seconds(24 * 3_600));
    for generation in [0, 1, 2] {
        assert_eq!(fixture.redeem(&session, generation).await, Redeemed::Refused(Refusal::Expired));
    }
    assert_eq!(fixture.find(&session).await, Some(session));
}

async fn a_raised_epoch_refuses_and_ends_nothing(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    let raised = Epochs { subject: Epoch(4), ..session.login.epochs };
    let answer = redeem(fixture.store.clone(), session.refresh_token(1), raised).await;
    assert_eq!(answer, Redeemed::Refused(Refusal::Outdated));
    assert_eq!(fixture.find(&session).await, Some(session));
}

async fn a_session_that_nobody_knows_is_refused(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    let mut unknown = session.refresh_token(1);
    unknown.session = uuid::Uuid::from_u128(99).into();
    let answer = redeem(fixture.store.clone(), unknown, session.login.epochs).await;
    assert_eq!(answer, Redeemed::Refused(Refusal::Ended));
}
