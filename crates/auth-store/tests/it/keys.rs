//! The ring of signing keys: one first key however many processes start, and one of each step however many take it.

use std::time::Duration;

use auth::signing::{Stage, Step};
use auth_store::keys::{self, NewKey, Origin, StoredKey};
use domain::change::Change;
use store::Actor;
use testkit::TestDatabase;

use crate::{Fixture, at_once};

testkit::on_both_engines! {
    a_race_for_the_first_key_has_one_winner,
    each_algorithm_has_a_key_of_its_own,
    of_many_who_take_a_step_one_does,
    a_key_goes_through_its_stages_and_each_is_told,
    a_key_that_is_known_is_not_published_again,
    a_ring_that_is_held_does_not_change,
    a_need_is_never_moved_back,
    a_seal_is_replaced_only_where_it_is_the_one_that_was_seen,
}

fn key(kid: &str, algorithm: &str) -> NewKey {
    NewKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: "{}".to_owned(),
        private_sealed: vec![0, 1, 255],
    }
}

fn auth_service() -> Actor {
    Actor { kind: "service", id: "auth-service".to_owned(), address: String::new(), request_id: String::new() }
}

async fn a_race_for_the_first_key_has_one_winner(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let numbers = std::sync::atomic::AtomicU32::new(0);
    let seen = at_once(20, || {
        let store = fixture.store.clone();
        let kid = format!("key-{}", numbers.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        async move {
            store
                .write(move |unit| {
                    let won = keys::insert_first(unit, &key(&kid, "RS256"), &auth_service())?;
                    Ok((won, keys::list(unit)?))
                })
                .await
                .unwrap()
        }
    })
    .await;

    assert_eq!(seen.iter().filter(|(won, _)| *won).count(), 1);
    let (_, winner) = &seen[0];
    assert_eq!(winner.len(), 1);
    assert!(seen.iter().all(|(_, listed)| listed == winner), "losers see the winner's key at once");
    assert_eq!(fixture.heard(), [Change::KeysChanged]);
    assert_eq!(fixture.audited("signing_key.create").await, 1);
}

async fn each_algorithm_has_a_key_of_its_own(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let now = fixture.now();
    let listed = fixture
        .store
        .write(|unit| {
            for (kid, algorithm) in [("a", "RS256"), ("b", "ES256")] {
                assert!(keys::insert_first(unit, &key(kid, algorithm), &auth_service())?);
            }
            keys::list(unit)
        })
        .await
        .unwrap();
    let stored = |kid: &str, algorithm: &str| StoredKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        public_jwk: "{}".to_owned(),
        private_sealed: Some(vec![0, 1, 255]),
        created_at: now,
        activated_at: Some(now),
        stage: Stage::Active { since: now },
        last_needed_at: None,
    };
    assert_eq!(listed, [stored("a", "RS256"), stored("b", "ES256")]);
}

/// A ring with a key that signs and one that waits.
async fn ring(fixture: &Fixture) {
    let signs_at = fixture.now();
    fixture
        .store
        .write(move |unit| {
            keys::insert_first(unit, &key("old", "ES256"), &auth_service())?;
            keys::insert_next(unit, &key("new", "ES256"), signs_at, Origin::Made, &auth_service())
        })
        .await
        .unwrap();
}

async fn take(fixture: &Fixture, step: Step) -> bool {
    fixture.store.write(move |unit| keys::take(unit, &step, &auth_service())).await.unwrap()
}

async fn stages(fixture: &Fixture) -> Vec<(String, Stage, bool)> {
    let listed = fixture.store.read(keys::list).await.unwrap();
    listed.into_iter().map(|key| (key.kid, key.stage, key.private_sealed.is_some())).collect()
}

async fn of_many_who_take_a_step_one_does(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    ring(&fixture).await;
    let until = fixture.now().plus(Duration::from_secs(60));
    let step = Step::Activate { kid: "new".to_owned(), replaced_until: until };
    let taken = at_once(20, || {
        let (store, step) = (fixture.store.clone(), step.clone());
        async move { store.write(move |unit| keys::take(unit, &step, &auth_service())).await.unwrap() }
    })
    .await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert_eq!(fixture.audited("signing_key.activate").await, 1);
}

async fn a_key_goes_through_its_stages_and_each_is_told(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let now = fixture.now();
    let later = now.plus(Duration::from_secs(60));
    let row = |kid: &str, stage, has_private| (kid.to_owned(), stage, has_private);
    let new = || "new".to_owned();
    fixture
        .store
        .write(move |unit| {
            keys::insert_first(unit, &key("old", "ES256"), &auth_service())?;
            keys::insert_next(unit, &key("new", "ES256"), later, Origin::Imported, &auth_service())
        })
        .await
        .unwrap();
    let active = Stage::Active { since: now };
    let mut expected = vec![row("new", Stage::Next { signs_at: later }, true), row("old", active, true)];
    assert_eq!(stages(&fixture).await, expected);

    let sooner = now.plus(Duration::from_secs(2));
    assert!(take(&fixture, Step::Hasten { kid: new(), signs_at: sooner }).await);
    assert!(!take(&fixture, Step::Hasten { kid: new(), signs_at: later }).await, "a key is never put off");
    expected[0].1 = Stage::Next { signs_at: sooner };
    assert_eq!(stages(&fixture).await, expected);

    assert!(take(&fixture, Step::Activate { kid: new(), replaced_until: later }).await);
    expected = vec![row("new", active, true), row("old", Stage::Retiring { until: later }, false)];
    assert_eq!(stages(&fixture).await, expected);

    assert!(take(&fixture, Step::Remove { kid: "old".to_owned() }).await);
    assert!(!take(&fixture, Step::Remove { kid: "old".to_owned() }).await);
    assert!(take(&fixture, Step::Retire { kid: new(), until: later }).await);
    assert!(!take(&fixture, Step::Retire { kid: new(), until: later }).await);
    assert_eq!(stages(&fixture).await, [row("new", Stage::Retiring { until: later }, false)]);

    assert_eq!(fixture.heard().len(), 5, "each unit of work that changed the ring told of it once");
    for action in [
        "signing_key.create",
        "signing_key.import",
        "signing_key.hasten",
        "signing_key.activate",
        "signing_key.remove",
        "signing_key.retire",
    ] {
        assert_eq!(fixture.audited(action).await, 1, "{action}");
    }
}

async fn a_key_that_is_known_is_not_published_again(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    ring(&fixture).await;
    let signs_at = fixture.now();
    for kid in ["old", "new"] {
        let known = key(kid, "ES256");
        let publish = move |unit: &mut store::Unit<'_>| {
            keys::insert_next(unit, &known, signs_at, Origin::Imported, &auth_service())
        };
        assert!(!fixture.store.write(publish).await.unwrap());
    }
}

async fn a_ring_that_is_held_does_not_change(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    // Each publishes only where nobody has: whoever holds the ring sees what the one before did.
    let published = at_once(10, || {
        let store = fixture.store.clone();
        async move {
            store
                .write(|unit| {
                    keys::hold(unit)?;
                    if !keys::list(unit)?.is_empty() {
                        return Ok(false);
                    }
                    let now = unit.now();
                    let kid = uuid::Uuid::now_v7().to_string();
                    keys::insert_next(unit, &key(&kid, "ES256"), now, Origin::Made, &auth_service())
                })
                .await
                .unwrap()
        }
    })
    .await;
    assert_eq!(published.iter().filter(|published| **published).count(), 1);
    assert_eq!(stages(&fixture).await.len(), 1);
}

async fn a_need_is_never_moved_back(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    ring(&fixture).await;
    let now = fixture.now();
    let earlier = now.minus(Duration::from_secs(60));
    for at in [now, earlier] {
        fixture
            .store
            .write(move |unit| {
                keys::mark_needed(unit, "gone", at)?;
                keys::mark_needed(unit, "old", at)
            })
            .await
            .unwrap();
    }
    let listed = fixture.store.read(keys::list).await.unwrap();
    let needed: Vec<_> = listed.into_iter().map(|key| (key.kid, key.last_needed_at)).collect();
    assert_eq!(needed, [("new".to_owned(), None), ("old".to_owned(), Some(now))]);
}

async fn a_seal_is_replaced_only_where_it_is_the_one_that_was_seen(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    ring(&fixture).await;
    let heard = fixture.heard().len();
    let sealed = fixture.store.read(keys::list_sealed).await.unwrap();
    assert_eq!(sealed.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["new", "old"]);
    let until = fixture.now();
    assert!(take(&fixture, Step::Retire { kid: "old".to_owned(), until }).await);
    let replaced = fixture
        .store
        .write(move |unit| sealed.iter().map(|was| keys::reseal(unit, was, &[7])).collect::<Result<Vec<_>, _>>())
        .await
        .unwrap();
    assert_eq!(replaced, [true, false], "a key that retired meanwhile gets no private half back");
    let sealed = fixture.store.read(keys::list_sealed).await.unwrap();
    assert_eq!(sealed.iter().map(|key| key.private_sealed.clone()).collect::<Vec<_>>(), [vec![7]]);
    assert_eq!(fixture.heard().len(), heard + 1, "a seal is nobody's news");
}
