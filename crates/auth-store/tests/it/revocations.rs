//! The credentials exchanges of machines end without a row of their own to change.

use auth_store::revocations::{self, Exchange};
use domain::Timestamp;
use domain::change::Change;
use domain::id::SessionId;
use store::Store;
use testkit::TestDatabase;
use uuid::Uuid;

use crate::{Fixture, at_once, seconds, somebody, tenant};

testkit::on_both_engines! {
    an_exchange_ends_once_however_often_it_is_asked,
    a_later_token_keeps_the_end_in_mind_for_longer,
}

fn session() -> SessionId {
    Uuid::from_u128(42).into()
}

async fn end(store: Store, tokens_gone: Timestamp) -> bool {
    let exchange =
        Exchange { tenant: tenant(), application: Uuid::from_u128(7).into(), session: session(), tokens_gone };
    store.write(move |unit| revocations::mark_exchange_ended(unit, &exchange, &somebody())).await.unwrap()
}

async fn an_exchange_ends_once_however_often_it_is_asked(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let tokens_gone = fixture.now().plus(seconds(90_000));
    let ended = at_once(10, || end(fixture.store.clone(), tokens_gone)).await;
    assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
    assert!(fixture.store.read(|unit| revocations::is_revoked(unit, session())).await.unwrap());
    assert_eq!(fixture.heard(), [Change::SessionEnded(session(), tokens_gone)]);
    assert_eq!(fixture.audited("exchange.end").await, 1);
}

async fn a_later_token_keeps_the_end_in_mind_for_longer(database: TestDatabase) {
    let fixture = Fixture::new(&database).await;
    let [early, late] = [80_000, 90_000].map(|span| fixture.now().plus(seconds(span)));
    let mut said = Vec::new();
    for tokens_gone in [early, late, early] {
        said.push(end(fixture.store.clone(), tokens_gone).await);
    }
    assert_eq!(said, [true, true, false]);
    let heard = [early, late].map(|until| Change::SessionEnded(session(), until));
    assert_eq!(fixture.heard(), heard);

    fixture.clock.advance(seconds(85_000));
    let sweep = || {
        fixture.store.write(|unit| {
            let now = unit.now();
            revocations::sweep(unit, now)
        })
    };
    assert_eq!(sweep().await.unwrap(), 0);
    fixture.clock.advance(seconds(5_001));
    assert_eq!(sweep().await.unwrap(), 1);
    assert!(!fixture.store.read(|unit| revocations::is_revoked(unit, session())).await.unwrap());
}
