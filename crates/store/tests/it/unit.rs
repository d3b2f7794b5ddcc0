//! Units of work: whole or not at all, repeated where another stood in the way.

use diesel::prelude::*;
use domain::id::UserId;
use domain::{Clock, OsEntropy, SystemClock, Timestamp};
use error_codes::{Failure, ide};
use store::sql::{At, Id, id};
use store::{Store, Unit};
use testkit::{Engine, TestDatabase};

use crate::{Heard, fresh, migrations, open, things};

testkit::on_both_engines! {
    ids_and_times_come_back_as_they_went,
    a_failure_rolls_everything_back,
    a_collision_has_its_code_and_ends_the_unit,
    fifty_parallel_conditional_updates_win_once,
    counted_increments_are_not_lost,
    a_schema_that_is_not_ours_is_refused,
    a_closed_store_leaves_its_database_free,
    reads_see_committed_rows_only,
    a_database_belongs_to_one_service,
    a_panic_takes_one_unit_of_work_with_it,
}

fn insert(unit: &mut Unit<'_>, name: &str) -> Result<UserId, Failure> {
    let thing = UserId::new(unit.now(), &OsEntropy);
    let now = unit.now();
    unit.query_unique(&[("things_name", ide::NAME_TAKEN)], |connection| {
        diesel::insert_into(things::table)
            .values((things::id.eq(id(thing)), things::name.eq(name), things::number.eq(0), things::at.eq(At(now))))
            .execute(connection)
    })?;
    Ok(thing)
}

async fn count(store: &Store) -> i64 {
    store.read(|unit| unit.query(|connection| things::table.count().get_result(connection))).await.unwrap()
}

async fn ids_and_times_come_back_as_they_went(database: TestDatabase) {
    let store = fresh(&database);
    for micros in [0, 1, SystemClock.now().micros(), 946_684_800_000_000, -1, 253_402_300_799_999_999] {
        let at = Timestamp::from_micros(micros);
        let thing = UserId::new(SystemClock.now(), &OsEntropy);
        let row = store
            .write(move |unit| {
                unit.query(|connection| {
                    diesel::insert_into(things::table)
                        .values((
                            things::id.eq(id(thing)),
                            things::name.eq(thing.to_string()),
                            things::number.eq(micros),
                            things::at.eq(At(at)),
                        ))
                        .execute(connection)?;
                    things::table
                        .filter(things::id.eq(id(thing)))
                        .filter(things::at.ge(At(at)))
                        .first::<(Id, String, i64, At)>(connection)
                })
            })
            .await
            .unwrap();
        assert_eq!(row, (id(thing), thing.to_string(), micros, At(at)));
    }
}

async fn a_failure_rolls_everything_back(database: TestDatabase) {
    let store = fresh(&database);
    let refused = store
        .write(|unit| {
            insert(unit, "a")?;
            Err::<(), _>(Failure::new(ide::FORBIDDEN))
        })
        .await;
    assert_eq!(refused.unwrap_err().code(), ide::FORBIDDEN);
    assert_eq!(count(&store).await, 0);
}

async fn a_collision_has_its_code_and_ends_the_unit(database: TestDatabase) {
    let store = fresh(&database);
    store.write(|unit| insert(unit, "a")).await.unwrap();
    assert_eq!(store.write(|unit| insert(unit, "a")).await.unwrap_err().code(), ide::NAME_TAKEN);
    // Swallowing the collision does not save what was written before it.
    let swallowed = store
        .write(|unit| {
            insert(unit, "b")?;
            insert(unit, "a").ok();
            Ok(())
        })
        .await;
    assert_eq!(swallowed.unwrap_err().code(), ide::INTERNAL);
    assert_eq!(count(&store).await, 1);
}

async fn fifty_parallel_conditional_updates_win_once(database: TestDatabase) {
    let store = fresh(&database);
    let thing = store.write(|unit| insert(unit, "a")).await.unwrap();
    let tries = (0..50).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |unit| {
                    unit.query(|connection| {
                        diesel::update(things::table.filter(things::id.eq(id(thing))).filter(things::number.eq(0)))
                            .set(things::number.eq(1))
                            .execute(connection)
                    })
                })
                .await
                .unwrap()
        })
    });
    let mut won = 0;
    for attempt in tries.collect::<Vec<_>>() {
        won += attempt.await.unwrap();
    }
    assert_eq!(won, 1);
}

async fn counted_increments_are_not_lost(database: TestDatabase) {
    let store = fresh(&database);
    store.write(|unit| insert(unit, "a")).await.unwrap();
    let adds = (0..40).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(|unit| {
                    unit.query(|connection| {
                        diesel::update(things::table).set(things::number.eq(things::number + 1)).execute(connection)
                    })
                })
                .await
                .unwrap();
        })
    });
    for add in adds.collect::<Vec<_>>() {
        add.await.unwrap();
    }
    let total: i64 = store
        .read(|unit| unit.query(|connection| things::table.select(things::number).first(connection)))
        .await
        .unwrap();
    assert_eq!(total, 40);
}

async fn a_schema_that_is_not_ours_is_refused(database: TestDatabase) {
    let url = database.url().clone();
    assert!(store::check(&url, &migrations()).unwrap_err().to_string().contains("migrate"));
    assert!(!store::migrate(&url, &migrations()).unwrap().is_empty());
    assert!(store::migrate(&url, &migrations()).unwrap().is_empty(), "a second run has nothing to do");
    store::check(&url, &migrations()).unwrap();
    let store = open(&database, &Heard::default());
    store
        .write(|unit| {
            unit.query(|connection| {
                diesel::connection::SimpleConnection::batch_execute(
                    connection,
                    "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999')",
                )
            })
        })
        .await
        .unwrap();
    drop(store);
    for refused in [store::check(&url, &migrations()).err(), store::migrate(&url, &migrations()).err()] {
        assert!(refused.unwrap().to_string().contains("does not know"));
    }
}

async fn reads_see_committed_rows_only(database: TestDatabase) {
    let store = fresh(&database);
    let reader = store.clone();
    let runtime = tokio::runtime::Handle::current();
    store
        .write(move |unit| {
            insert(unit, "a")?;
            assert_eq!(runtime.block_on(count(&reader)), 0);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(count(&store).await, 1);
}

async fn a_database_belongs_to_one_service(database: TestDatabase) {
    store::migrate(database.url(), &migrations()).unwrap();
    let other = store::Migrations { service: "other", ..migrations() };
    for refused in [store::check(database.url(), &other).err(), store::migrate(database.url(), &other).err()] {
        assert!(refused.unwrap().to_string().contains("belongs to test, not to other"));
    }
}

async fn a_panic_takes_one_unit_of_work_with_it(database: TestDatabase) {
    let store = fresh(&database);
    let broken = store.write(|unit| -> Result<(), Failure> {
        insert(unit, "a")?;
        panic!("a test breaks a unit of work")
    });
    assert_eq!(broken.await.unwrap_err().code(), ide::INTERNAL);
    store.write(|unit| insert(unit, "b")).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

/// Who gives up a SQLite file waits for those who still have it, and then the next process may serve from it.
async fn a_closed_store_leaves_its_database_free(database: TestDatabase) {
    let store = fresh(&database);
    let held = store.clone();
    let mut closing = Box::pin(store.close());
    let is_pending = futures_util::poll!(closing.as_mut()).is_pending();
    assert_eq!(is_pending, database.engine() == Engine::Sqlite);
    drop(held);
    if is_pending {
        closing.await;
    }
    drop(open(&database, &Heard::default()));
}
