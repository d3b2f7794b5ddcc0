//! Whole copies: what was there is there, of every kind, on either engine, or nothing is.

use std::collections::BTreeMap;

use store::copy::{Replacement, Snapshot, Table, Value};
use store::{DatabaseUrl, migrate};
use testkit::{Engine, TestDatabase};

use crate::migrations;

testkit::on_both_engines! {
    every_kind_of_value_comes_back_on_either_engine,
    a_snapshot_does_not_see_what_came_after,
    an_older_schema_is_brought_forward,
    a_replacement_that_is_dropped_leaves_everything_as_it_was,
    a_relation_that_leads_nowhere_is_refused,
    what_is_there_is_replaced_only_where_that_is_said,
    a_database_that_somebody_serves_from_is_not_replaced,
    what_was_never_migrated_is_not_copied,
    a_column_that_the_database_fills_is_refused,
}

type Rows = BTreeMap<String, (Table, Vec<Vec<Value>>)>;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Rows of the table `kinds` with what is hardest to bring over.
fn rows() -> Vec<Vec<Value>> {
    // What both engines can hold: PostgreSQL has no NUL in text, and its time begins in 4714 BC.
    let numbers = [0, 1, -1, i64::MIN, i64::MAX, 9_007_199_254_740_993];
    let times = [0, 1, -1, -210_866_803_200_000_000, 253_402_300_799_999_999, i64::MAX, 946_684_800_000_000];
    let texts = [
        "",
        " ",
        "null",
        "\u{1}\"\\\n\t",
        "ÄÖß 漢字 \u{1f984}\u{200d}",
        "'; DROP TABLE kinds; --",
        "{\"base64\":\"AA==\"}",
    ];
    let digests: [&[u8]; 4] = [&[], &[0], &[255; 300], b"[\"text\"]"];
    let mut rows: Vec<Vec<Value>> = (0..1_100_usize)
        .map(|at| {
            let every_third = |value: Value| if at % 3 == 2 { Value::Null } else { value };
            vec![
                text(texts[at % texts.len()]),
                Value::Integer(numbers[at % numbers.len()].wrapping_add(i64::try_from(at).unwrap())),
                every_third(Value::Bytes([u8::try_from(at % 256).unwrap(); 16].to_vec())),
                every_third(Value::Integer((at % 2).try_into().unwrap())),
                every_third(Value::Integer(times[at % times.len()])),
                every_third(Value::Bytes(digests[at % digests.len()].to_vec())),
                every_third(text(texts[at % texts.len()])),
                every_third(Value::Integer(i32::MIN.into())),
                Value::Null,
                Value::Null,
            ]
        })
        .collect();
    // The first refers to the last, and the last to the first.
    let (first, last) = (rows[0][..2].to_vec(), rows[rows.len() - 1][..2].to_vec());
    rows[0].splice(8.., last);
    rows.last_mut().unwrap().splice(8.., first);
    rows
}

/// Everything in a database.
fn all(url: &DatabaseUrl) -> Rows {
    let mut snapshot = Snapshot::take(url, &migrations()).unwrap();
    let mut found = Rows::new();
    for table in snapshot.tables() {
        let mut rows = Vec::new();
        snapshot
            .each_row(&table, &mut |row| {
                rows.push(row);
                Ok(())
            })
            .unwrap();
        found.insert(table.name.clone(), (table, rows));
    }
    found
}

/// Migrates a database and fills it.
fn filled(database: &TestDatabase) -> Rows {
    migrate(database.url(), &migrations()).unwrap();
    let mut wanted = all(database.url());
    wanted.get_mut("kinds").unwrap().1 = rows();
    put(database.url(), &wanted, true).unwrap().commit().unwrap();
    all(database.url())
}

fn put<'a>(
    url: &DatabaseUrl,
    wanted: &Rows,
    replace: bool,
) -> Result<Replacement<'a>, Box<dyn std::error::Error + Send + Sync>> {
    let service = Box::leak(Box::new(migrations()));
    let known = ["0001", "9998", "9999"].map(str::to_owned);
    let known: Vec<String> =
        known.into_iter().filter(|version| version != "9999" || wanted.contains_key("things")).collect();
    let mut versions =
        Snapshot::take(url, &migrations()).map_or(known.clone(), |snapshot| snapshot.migrations().to_vec());
    versions.retain(|version| version != "9999" || wanted.contains_key("things"));
    let mut replacement = Replacement::begin(url, service, &versions, replace)?;
    for (table, rows) in wanted.values() {
        replacement.insert(table, rows)?;
    }
    let tables: Vec<Table> = wanted.values().map(|(table, _)| table.clone()).collect();
    replacement.finish(&tables)?;
    Ok(replacement)
}

/// The sentence of a refusal.
fn refusal<T>(outcome: Result<T, Box<dyn std::error::Error + Send + Sync>>) -> String {
    outcome.err().unwrap().to_string()
}

async fn every_kind_of_value_comes_back_on_either_engine(database: TestDatabase) {
    let written = filled(&database);
    let mut expected = rows();
    let mut found = written["kinds"].1.clone();
    assert_eq!(found.len(), expected.len());
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let other = TestDatabase::fresh(engine).await;
        // The versions of an empty database are not known, so it is migrated first.
        migrate(other.url(), &migrations()).unwrap();
        put(other.url(), &written, true).unwrap().commit().unwrap();
        assert!(all(other.url()) == written, "{engine:?} holds something else, or in another order");
    }
    let key = |row: &Vec<Value>| format!("{:?}", &row[..2]);
    expected.sort_by_key(key);
    found.sort_by_key(key);
    assert!(found == expected);
}

async fn a_snapshot_does_not_see_what_came_after(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let mut snapshot = Snapshot::take(database.url(), &migrations()).unwrap();
    // The writer is not held up.
    database.execute("INSERT INTO deployment (name, value) VALUES ('later', 'x')");
    let table = snapshot.tables().into_iter().find(|table| table.name == "deployment").unwrap();
    let mut seen = Vec::new();
    snapshot
        .each_row(&table, &mut |row| {
            seen.push(row);
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, [[text("service"), text("test")]]);
    assert_eq!(all(database.url())["deployment"].1.len(), 2);
}

async fn an_older_schema_is_brought_forward(database: TestDatabase) {
    let mut older = filled(&database);
    older.remove("things");
    put(database.url(), &older, true).unwrap().commit().unwrap();
    let newer = all(database.url());
    assert!(newer["kinds"] == older["kinds"] && newer["things"].1.is_empty());
    store::check(database.url(), &migrations()).unwrap();
}

async fn a_replacement_that_is_dropped_leaves_everything_as_it_was(database: TestDatabase) {
    let before = filled(&database);
    let mut other = before.clone();
    other.get_mut("kinds").unwrap().1.truncate(0);
    drop(put(database.url(), &other, true).unwrap());
    assert!(all(database.url()) == before);
}

async fn a_relation_that_leads_nowhere_is_refused(database: TestDatabase) {
    let before = filled(&database);
    let mut broken = before.clone();
    broken.get_mut("kinds").unwrap().1.retain(|row| row[8] == Value::Null);
    assert!(put(database.url(), &broken, true).is_ok());
    broken
        .get_mut("kinds")
        .unwrap()
        .1
        .push(before["kinds"].1.iter().find(|row| row[8] != Value::Null).unwrap().clone());
    let sentence = refusal(put(database.url(), &broken, true));
    assert!(sentence.contains("kinds"), "{sentence}");
    assert!(all(database.url()) == before);
    // Relations are again checked at every statement.
    let store = crate::open(&database, &crate::Heard::default());
    let dangling = store.write(|unit| {
        unit.query(|connection| {
            use diesel::connection::SimpleConnection;
            connection.batch_execute(
                "INSERT INTO kinds (name, place, other_name, other_place) VALUES ('a', 1, 'nobody', 1); \
                 DELETE FROM kinds WHERE name = 'a'",
            )
        })
    });
    assert!(dangling.await.is_err());
}

async fn what_is_there_is_replaced_only_where_that_is_said(database: TestDatabase) {
    let before = filled(&database);
    let sentence = refusal(put(database.url(), &before, false));
    assert!(sentence.contains("not empty") && sentence.contains("--replace"), "{sentence}");
    assert!(all(database.url()) == before);

    let stranger = TestDatabase::fresh(database.engine()).await;
    stranger.execute("CREATE TABLE theirs (id INTEGER PRIMARY KEY)");
    let sentence = refusal(put(stranger.url(), &before, true));
    assert!(sentence.contains("not Gatehouse's"), "{sentence}");
    assert_eq!(stranger.count("theirs"), 0);
}

async fn a_database_that_somebody_serves_from_is_not_replaced(database: TestDatabase) {
    let before = filled(&database);
    let store = crate::open(&database, &crate::Heard::default());
    let sentence = refusal(put(database.url(), &before, true));
    assert!(sentence.contains("stop the service"), "{sentence}");
    drop(store);
    put(database.url(), &before, true).unwrap();
}

async fn what_was_never_migrated_is_not_copied(database: TestDatabase) {
    let sentence = refusal(Snapshot::take(database.url(), &migrations()));
    assert!(sentence.contains("'database.url'"), "{sentence}");
    migrate(database.url(), &migrations()).unwrap();
    database.execute("UPDATE deployment SET value = 'another' WHERE name = 'service'");
    let sentence = refusal(Snapshot::take(database.url(), &migrations()));
    assert!(sentence.contains("belongs to another"), "{sentence}");
    database.execute("UPDATE deployment SET value = 'test' WHERE name = 'service'");
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101')");
    let sentence = refusal(Snapshot::take(database.url(), &migrations()));
    assert!(sentence.contains("99990101") && sentence.ends_with("use a newer one"), "{sentence}");
}

async fn a_column_that_the_database_fills_is_refused(database: TestDatabase) {
    migrate(database.url(), &migrations()).unwrap();
    let sentence_after = |sql: &str| {
        database.execute(sql);
        let sentence = refusal(Snapshot::take(database.url(), &migrations()));
        database.execute("DROP TABLE wrong");
        sentence
    };
    let numbered = match database.engine() {
        Engine::Sqlite => "CREATE TABLE wrong (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT",
        Engine::Postgres => "CREATE TABLE wrong (id BIGSERIAL PRIMARY KEY)",
    };
    assert!(sentence_after(numbered).contains("wrong.id is filled by the database"));
    assert!(
        sentence_after("CREATE TABLE wrong (id INTEGER PRIMARY KEY, share REAL)").contains("wrong.share has the type")
    );
    assert!(sentence_after("CREATE TABLE wrong (id INTEGER)").contains("wrong has no primary key"));
}
