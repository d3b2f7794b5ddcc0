//! Sessions end once, for good, and everybody hears of it.

use auth::refresh::Refusal;
use auth::session::{EndReason, Session, State};
use auth_store::{revocations, sessions};
use domain::change::Change;
use domain::id::SessionId;
use store::Store;
use testkit::TestDatabase;

use crate::{Fixture, ana, at_once, bob, seconds, somebody, tenant};

testkit::on_both_engines! {
    ending_a_session_twice_ends_it_once,
    an_ended_session_cannot_be_redeemed,
    a_use_and_an_end_at_once_leave_the_session_ended,
    a_session_that_is_over_anyway_is_not_ended,
    all_sessions_of_a_person_end_but_the_spared_one,
    what_cannot_be_alive_is_swept_and_nothing_else,
}

async fn end(store: Store, session: Session) -> bool {
    store.write(move |unit| sessions::mark_ended(unit, &session, EndReason::Logout, &somebody())).await.unwrap()
}

async fn is_revoked(fixture: &Fixture, session: SessionId) -> bool {
    fixture.store.read(move |unit| revocations::is_revoked(unit, session)).await.unwrap()
}

async fn ending_a_session_twice_ends_it_once(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    let ended_at = fixture.now();
    let id = session.login.session;
    assert!(!is_revoked(&fixture, id).await);

    let first = at_once(10, || end(fixture.store.clone(), session.clone())).await;
    fixture.clock.advance(seconds(1));
    let again = end(fixture.store.clone(), session.clone()).await;

    assert_eq!(first.into_iter().filter(|ended| *ended).count(), 1);
    assert!(!again);
    let state = State::Ended { at: ended_at, reason: EndReason::Logout };
    assert_eq!(fixture.find(&session).await.map(|session| session.state), Some(state));
    assert!(is_revoked(&fixture, id).await);
    assert_eq!(fixture.heard(), [Change::SessionEnded(id, ended_at.plus(seconds(24 * 3_600)))]);
    assert_eq!(fixture.audited("session.end").await, 1);
}

async fn an_ended_session_cannot_be_redeemed(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    end(fixture.store.clone(), session.clone()).await;
    for generation in [0, 1, 2] {
        let answer = fixture.redeem(&session, generation).await;
        assert_eq!(answer, sessions::Redeemed::Refused(Refusal::Ended));
    }
}

async fn a_use_and_an_end_at_once_leave_the_session_ended(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    for _ in 0..10 {
        let session = fixture.begin(tenant(), ana()).await;
        let ending = end(fixture.store.clone(), session.clone());
        let (_, ended) = tokio::join!(fixture.redeem(&session, 1), ending);
        assert!(ended);
        let found = fixture.find(&session).await.unwrap();
        assert!(matches!(found.state, State::Ended { reason: EndReason::Logout, .. }), "{found:?}");
        assert!(is_revoked(&fixture, session.login.session).await);
    }
}

async fn a_session_that_is_over_anyway_is_not_ended(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let session = fixture.begin(tenant(), ana()).await;
    fixture.clock.advance(seconds(24 * 3_600));
    assert!(!end(fixture.store.clone(), session).await);
    assert_eq!(fixture.heard(), []);
}

async fn all_sessions_of_a_person_end_but_the_spared_one(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let mut of_ana = Vec::new();
    for _ in 0..4 {
        of_ana.push(fixture.begin(tenant(), ana()).await);
    }
    let of_bob = fixture.begin(tenant(), bob()).await;
    let of_third = of_ana[2].login.session;

    let end_all = || {
        fixture.store.write(move |unit| {
            let spared = Some(of_third);
            sessions::mark_all_ended(unit, tenant(), ana(), spared, EndReason::ByUser, &somebody())
        })
    };
    assert_eq!((end_all().await.unwrap(), end_all().await.unwrap()), (3, 0));

    for session in of_ana.iter().chain([&of_bob]) {
        let lives = session.login.session == of_third || session.login.user == bob();
        let found = fixture.find(session).await.unwrap();
        assert_eq!(found.live(fixture.now()).is_some(), lives);
        assert_eq!(is_revoked(&fixture, session.login.session).await, !lives);
    }
    assert_eq!(fixture.heard().len(), 3);
    assert_eq!(fixture.audited("session.end_all").await, 1);
}

async fn what_cannot_be_alive_is_swept_and_nothing_else(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let idle = fixture.begin(tenant(), ana()).await;
    let ended = fixture.begin(tenant(), ana()).await;
    end(fixture.store.clone(), ended.clone()).await;
    fixture.clock.advance(seconds(3_600));
    let fresh = fixture.begin(tenant(), ana()).await;
    let sweep = || {
        fixture.store.write(|unit| {
            let now = unit.now();
            Ok((sessions::sweep(unit, now)?, revocations::sweep(unit, now)?))
        })
    };
    assert_eq!(sweep().await.unwrap(), (0, 0));

    fixture.clock.advance(seconds(23 * 3_600 + 1));
    assert_eq!(sweep().await.unwrap(), (2, 1));
    assert_eq!((fixture.find(&idle).await, fixture.find(&ended).await), (None, None));
    assert_eq!(fixture.find(&fresh).await, Some(fresh));
}
