//! No table and no column can be forgotten, whoever adds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use store::Migrations;
use store::copy::{Snapshot, Table};
use testkit::{Engine, TestDatabase};

async fn schema(engine: Engine, service: &Migrations) -> Vec<Table> {
    let database = TestDatabase::fresh(engine).await;
    store::migrate(database.url(), service).unwrap();
    Snapshot::take(database.url(), service).unwrap().tables()
}

fn services() -> [(&'static str, Migrations); 2] {
    [("auth-store", auth_store::migrations()), ("identity-store", identity_store::migrations())]
}

/// The order of columns may differ, nothing else.
fn comparable(tables: Vec<Table>) -> BTreeMap<String, (BTreeSet<String>, Vec<String>)> {
    tables.into_iter().map(|table| (table.name, (table.columns.into_iter().collect(), table.key))).collect()
}

#[tokio::test]
async fn a_copy_has_the_same_tables_and_columns_on_both_engines() {
    for (name, service) in services() {
        let [sqlite, postgres] =
            [schema(Engine::Sqlite, &service).await, schema(Engine::Postgres, &service).await].map(comparable);
        assert_eq!(sqlite, postgres, "{name}");
    }
}

#[tokio::test]
async fn every_table_and_column_that_a_migration_makes_is_copied() {
    for (name, service) in services() {
        let tables = comparable(schema(Engine::Sqlite, &service).await);
        for store in ["store", name] {
            let files = migrations_of(store).into_iter().map(|file| {
                let sql = std::fs::read_to_string(&file).unwrap();
                (file, sql)
            });
            let files: Vec<_> = files.collect();
            // A later migration may drop what an earlier one made.
            let lines = files.iter().flat_map(|(_, sql)| sql.lines());
            let dropped: Vec<_> =
                lines.filter_map(|line| line.strip_prefix("DROP TABLE ")?.strip_suffix(';')).collect();
            for (file, sql) in &files {
                let mut table = "";
                for line in sql.lines() {
                    let mut words = line.split([' ', '(', ',', ';']).filter(|word| !word.is_empty());
                    let words: Vec<&str> = words.by_ref().take(6).collect();
                    if let ["CREATE" | "ALTER", "TABLE", name, ..] = words.as_slice() {
                        table = name;
                    }
                    if let ["CREATE", "TABLE", name, ..] = words.as_slice() {
                        assert!(tables.contains_key(*name) || dropped.contains(name), "{name} of {file:?}");
                    }
                    if let Some(at) = words.windows(2).position(|pair| pair == ["ADD", "COLUMN"]) {
                        let column = words[at + 2];
                        assert!(tables[table].0.contains(column), "{table}.{column} of {file:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn every_epoch_is_raised_by_a_restore() {
    let tables = schema(Engine::Sqlite, &identity_store::migrations()).await;
    let with_epoch: Vec<String> = tables
        .into_iter()
        .filter(|table| table.columns.iter().any(|column| column == "epoch"))
        .map(|table| table.name)
        .collect();
    assert_eq!(
        with_epoch,
        ["applications", "tenants", "users"],
        "identity_store::epochs::raise_all must raise them all"
    );
}

/// The `up.sql` of every migration of a store.
fn migrations_of(store: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{store}/migrations"));
    let mut files = Vec::new();
    for engine in ["sqlite", "postgres"] {
        for migration in std::fs::read_dir(folder.join(engine)).unwrap() {
            files.push(migration.unwrap().path().join("up.sql"));
        }
    }
    assert!(files.len() >= 2);
    files
}
