//! The first start makes one key of each algorithm, however many processes start.

use auth_store::keys::{self, NewKey, Stage, StoredKey};
use domain::change::Change;
use store::Actor;
use testkit::TestDatabase;

use crate::{Fixture, at_once};

testkit::on_both_engines! {
    a_race_for_the_first_key_has_one_winner,
    each_algorithm_has_a_key_of_its_own,
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
        created_at: now,
        stage: Stage::Active { private: vec![0, 1, 255], since: now },
    };
    assert_eq!(listed, [stored("a", "RS256"), stored("b", "ES256")]);
}
