//! The change feed: what one process commits, every other learns in order, exactly once after the past.

use std::time::Duration;

use domain::change::Change;
use domain::id::{SecretId, TenantId, UserId};
use domain::{Clock, Epoch, OsEntropy, SystemClock};
use error_codes::{Failure, ide};
use store::{OpenedFor, migrate};
use testkit::{Engine, TestDatabase};
use tokio::sync::oneshot;

use crate::{Heard, migrations, open, open_for};

testkit::on_both_engines! {
    a_change_reaches_its_own_process_before_the_answer,
    a_change_that_was_rolled_back_is_never_told,
    the_past_that_ended_tokens_is_repeated,
    other_processes_learn_in_order,
}

fn tenant() -> TenantId {
    TenantId::new(SystemClock.now(), &OsEntropy)
}

fn raised(epoch: u32) -> Change {
    Change::UserEpoch(UserId::from(uuid::Uuid::from_u128(7)), Epoch(epoch))
}

async fn a_change_reaches_its_own_process_before_the_answer(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let heard = Heard::default();
    let store = open(&database, &heard);
    let tenant = tenant();
    store
        .write(move |unit| {
            unit.announce(tenant, raised(1));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(heard.all(), [raised(1)]);
}

async fn a_change_that_was_rolled_back_is_never_told(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let heard = Heard::default();
    let store = open(&database, &heard);
    let tenant = tenant();
    let refused = store
        .write(move |unit| {
            unit.announce(tenant, raised(1));
            Err::<(), _>(Failure::new(ide::FORBIDDEN))
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(heard.all(), []);
}

async fn the_past_that_ended_tokens_is_repeated(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let tenant = tenant();
    let secret = Change::SecretWithdrawn(SecretId::from(uuid::Uuid::from_u128(9)));
    let told = [raised(1), Change::PolicyRevised(tenant), secret.clone()];
    {
        let store = open(&database, &Heard::default());
        store
            .write(move |unit| {
                for change in &told {
                    unit.announce(tenant, change.clone());
                }
                Ok(())
            })
            .await
            .unwrap();
    }
    let heard = Heard::default();
    let store = open(&database, &heard);
    assert_eq!(store.age(), None, "nothing is known before the past was repeated");
    let (stop, stopped) = oneshot::channel::<()>();
    let following = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .follow(Duration::from_secs(3600), async {
                    stopped.await.ok();
                })
                .await;
        }
    });
    store.caught_up().await;
    assert_eq!(heard.all(), [raised(1), secret]);
    assert!(store.age().is_some());
    stop.send(()).unwrap();
    following.await.unwrap();
}

/// A SQLite file is served by one process; a command may work beside it, and is heard.
async fn other_processes_learn_in_order(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let heard = Heard::default();
    let reader = open(&database, &heard);
    if database.engine() == Engine::Sqlite {
        let refused = open_for(OpenedFor::Serving, &database, &Heard::default()).err().unwrap();
        assert_eq!(refused.code(), ide::UNAVAILABLE);
        assert!(refused.to_string().contains("in use by another process"));
    }
    let writer = open_for(OpenedFor::Command, &database, &Heard::default()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let following = tokio::spawn({
        let reader = reader.clone();
        async move {
            reader
                .follow(Duration::ZERO, async {
                    stopped.await.ok();
                })
                .await;
        }
    });
    reader.caught_up().await;
    let tenant = tenant();
    let writes = (1..=30).map(|_| {
        let writer = writer.clone();
        tokio::spawn(async move {
            writer
                .write(move |unit| {
                    unit.announce(tenant, Change::PolicyRevised(tenant));
                    Ok(())
                })
                .await
                .unwrap();
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    writer
        .write(move |unit| {
            unit.announce(tenant, raised(2));
            Ok(())
        })
        .await
        .unwrap();
    let complete = async {
        while heard.all().last() != Some(&raised(2)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), complete).await.unwrap();
    assert_eq!(heard.all().len(), 31);
    stop.send(()).unwrap();
    following.await.unwrap();
}
