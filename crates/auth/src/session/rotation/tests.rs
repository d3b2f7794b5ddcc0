use std::collections::HashMap;
use std::time::Duration;

use domain::id::ApplicationId;
use domain::scope::Scopes;
use domain::token::Authentication;
use domain::{Epoch, Epochs};
use proptest::prelude::*;
use uuid::Uuid;

use super::super::{EndReason, Login, Origin};
use super::*;
use crate::Door;

const START: Timestamp = Timestamp::from_seconds(1_795_406_402);

fn application() -> ApplicationId {
    Uuid::from_u128(3).into()
}

fn begin(lifetimes: &Lifetimes) -> Session {
    let login = Login {
        session: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        user: Uuid::from_u128(4).into(),
        application: application(),
        door: Door::AccessManager,
        scopes: Scopes::of(&["openid"]),
        epochs: Epochs { tenant: Epoch(1), application: Epoch(1), subject: Epoch(1) },
        authentication: Authentication { at: START, methods: vec!["pwd".to_owned()] },
        origin: Origin::default(),
    };
    Session::begin(login, lifetimes, START)
}

fn alone(session: &Session, now: Timestamp) -> Redemption {
    Redemption { door: Door::AccessManager, client: None, current: session.login.epochs, now }
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// Redeems and does to the session what the decision asks for.
fn apply(session: &mut Session, generation: u32, redemption: &Redemption, lifetimes: &Lifetimes) -> Rotation {
    let rotation = session.redeem(&session.refresh_token(generation), redemption, lifetimes);
    match rotation {
        Rotation::Advance(live) | Rotation::SameSuccessor(live) => session.state = State::Live(live),
        Rotation::Theft => session.state = State::Ended { at: redemption.now, reason: EndReason::Replay },
        Rotation::Refused(_) => {}
    }
    rotation
}

#[test]
fn a_refresh_moves_the_idle_limit_and_never_the_absolute_one() {
    let lifetimes =
        Lifetimes { idle: Duration::from_secs(5_000), absolute: Duration::from_secs(8_000), ..Lifetimes::default() };
    let mut session = begin(&lifetimes);
    let redemption = alone(&session, after(4_000));
    let rotation = apply(&mut session, 1, &redemption, &lifetimes);
    let live =
        Live { generation: 2, rotated_at: Some(after(4_000)), used_at: after(4_000), idle_expires_at: after(8_000) };
    assert_eq!(rotation, Rotation::Advance(live));
    let redemption = alone(&session, after(8_000));
    assert_eq!(apply(&mut session, 2, &redemption, &lifetimes), Rotation::Refused(Refusal::Expired));
}

#[test]
fn a_session_that_was_not_used_for_long_is_over() {
    let lifetimes = Lifetimes::default();
    let mut session = begin(&lifetimes);
    let redemption = alone(&session, START.plus(lifetimes.idle));
    assert_eq!(apply(&mut session, 1, &redemption, &lifetimes), Rotation::Refused(Refusal::Expired));
}

#[test]
fn an_honest_retry_gets_the_same_successor_within_the_grace_of_its_door() {
    let lifetimes = Lifetimes::default();
    for (client, grace) in [(None, 5), (Some(application()), 10)] {
        let mut session = begin(&lifetimes);
        let redemption = |now| Redemption { client, ..alone(&begin(&lifetimes), now) };
        apply(&mut session, 1, &redemption(after(100)), &lifetimes);
        for now in [100, 100 + grace - 1, 100 + grace - 1] {
            let rotation = apply(&mut session, 1, &redemption(after(now)), &lifetimes);
            assert!(matches!(rotation, Rotation::SameSuccessor(Live { generation: 2, .. })), "{now} {rotation:?}");
        }
        assert_eq!(apply(&mut session, 1, &redemption(after(100 + grace)), &lifetimes), Rotation::Theft);
        assert_eq!(apply(&mut session, 2, &redemption(after(111)), &lifetimes), Rotation::Refused(Refusal::Ended));
    }
}

#[test]
fn without_grace_every_retry_is_theft() {
    let lifetimes = Lifetimes { grace_alone: Duration::ZERO, ..Lifetimes::default() };
    let mut session = begin(&lifetimes);
    let redemption = alone(&session, after(1));
    apply(&mut session, 1, &redemption, &lifetimes);
    assert_eq!(apply(&mut session, 1, &redemption, &lifetimes), Rotation::Theft);
}

#[test]
fn a_retry_after_the_successor_was_used_is_theft_even_within_the_grace() {
    let lifetimes = Lifetimes::default();
    let mut session = begin(&lifetimes);
    let redemption = alone(&session, after(1));
    apply(&mut session, 1, &redemption, &lifetimes);
    apply(&mut session, 2, &redemption, &lifetimes);
    assert_eq!(apply(&mut session, 1, &redemption, &lifetimes), Rotation::Theft);
}

#[test]
fn a_generation_that_was_never_issued_ends_the_session() {
    let lifetimes = Lifetimes::default();
    for generation in [0, 2, u32::MAX] {
        let mut session = begin(&lifetimes);
        let redemption = alone(&session, after(1));
        assert_eq!(apply(&mut session, generation, &redemption, &lifetimes), Rotation::Theft, "{generation}");
    }
}

#[test]
fn a_raised_epoch_a_weak_door_and_a_foreign_client_are_refused_and_end_nothing() {
    let lifetimes = Lifetimes::default();
    let mut session = begin(&lifetimes);
    let redemption = alone(&session, after(1));
    let raised = Epochs { subject: Epoch(2), ..redemption.current };
    let stranger = Some(Uuid::from_u128(9).into());
    for (wrong, refusal) in [
        (Redemption { current: raised, ..redemption }, Refusal::Outdated),
        (Redemption { door: Door::OAuth, ..redemption }, Refusal::WeakDoor),
        (Redemption { client: stranger, ..redemption }, Refusal::OtherClient),
    ] {
        assert_eq!(apply(&mut session, 1, &wrong, &lifetimes), Rotation::Refused(refusal));
    }
    assert!(matches!(apply(&mut session, 1, &redemption, &lifetimes), Rotation::Advance(_)));
}

proptest! {
    /// Any use of any generations at any times: a generation has one successor, one holder advances at a time, and what
    /// ended stays ended.
    #[test]
    fn no_sequence_of_uses_forks_or_revives_a_session(
        uses in prop::collection::vec((0_u32..4, 0_u64..9, any::<bool>()), 1..60),
        grace_seconds in 0_u64..12,
    ) {
        let grace = Duration::from_secs(grace_seconds);
        let lifetimes = Lifetimes { grace_authenticated: grace, grace_alone: grace / 2, ..Lifetimes::default() };
        let mut session = begin(&lifetimes);
        let mut now = START;
        let mut newest = 1;
        let mut first_redeemed = HashMap::new();
        let mut over = false;
        for (behind, wait, authenticated) in uses {
            now = now.plus(Duration::from_secs(wait));
            let presented = newest.max(behind) - behind;
            let client = authenticated.then(application);
            let redemption = Redemption { client, ..alone(&session, now) };
            let rotation = apply(&mut session, presented, &redemption, &lifetimes);
            match rotation {
                Rotation::Advance(live) => {
                    prop_assert!(!over);
                    prop_assert_eq!((presented, live.generation), (newest, newest + 1));
                    prop_assert_eq!(first_redeemed.insert(presented, now), None, "redeemed twice");
                    newest = live.generation;
                }
                Rotation::SameSuccessor(live) => {
                    prop_assert!(!over);
                    prop_assert_eq!((presented + 1, live.generation), (newest, newest));
                    let allowed = if authenticated { grace } else { grace / 2 };
                    prop_assert!(now.since(first_redeemed[&presented]) < allowed);
                }
                Rotation::Theft => {
                    prop_assert!(!over);
                    prop_assert_ne!(presented, newest);
                    over = true;
                }
                Rotation::Refused(refusal) => {
                    prop_assert!(over);
                    prop_assert_eq!(refusal, Refusal::Ended);
                }
            }
        }
    }
}
