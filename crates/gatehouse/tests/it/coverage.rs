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
            for file in migrations_of(store) {
                let sql = std::fs::read_to_string(&file).unwrap();
                let mut table = "";
                let mut dropped = Vec::new();
                for line in sql.lines() {
                    let mut words = line.split([' ', '(', ',', ';']).filter(|word| !word.is_empty());
                    let words: Vec<&str> = words.by_ref().take(6).collect();
                    match words.as_slice() {
                        ["CREATE" | "ALTER", "TABLE", name, ..] => table = name,
                        ["DROP", "TABLE", name, ..] => dropped.push((*name).to_owned()),
                        _ => {}
                    }
                    if let ["CREATE", "TABLE", name, ..] = words.as_slice() {
                        assert!(
                            tables.contains_key(*name) || dropped.contains(&(*name).to_owned()),
                            "{name} of {file:?}"
                        );
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
