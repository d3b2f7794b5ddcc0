//! What the store promises, on both engines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken test should stop loudly")]

mod copy;
mod feed;
mod trail;
mod unit;

use std::sync::{Arc, Mutex};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use domain::SystemClock;
use domain::change::Change;
use error_codes::IDENTITY;
use store::{Migrations, OnChange, OpenedFor, Store, StoreSettings, migrate};
use testkit::TestDatabase;

const SQLITE: EmbeddedMigrations = embed_migrations!("tests/migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("tests/migrations/postgres");

fn migrations() -> Migrations {
    Migrations { service: "test", sqlite: SQLITE, postgres: POSTGRES }
}

/// The changes one process was told of.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Change>>>);

impl Heard {
    fn listener(&self) -> OnChange {
        let heard = Arc::clone(&self.0);
        Arc::new(move |change: &Change| heard.lock().unwrap().push(change.clone()))
    }

    fn all(&self) -> Vec<Change> {
        self.0.lock().unwrap().clone()
    }
}

fn open(database: &TestDatabase, heard: &Heard) -> Store {
    open_for(OpenedFor::Serving, database, heard).unwrap()
}

fn open_for(purpose: OpenedFor, database: &TestDatabase, heard: &Heard) -> error_codes::Result<Store> {
    let settings = StoreSettings { url: database.url().clone(), pool_size: 8, patience_seconds: 5 };
    Store::open(&settings, purpose, &IDENTITY, Arc::new(SystemClock), heard.listener())
}

fn fresh(database: &TestDatabase) -> Store {
    migrate(database.url(), &migrations()).unwrap();
    open(database, &Heard::default())
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use store::sql::{TimeSql, UuidSql};

    things (id) {
        id -> UuidSql,
        name -> Text,
        number -> BigInt,
        at -> TimeSql,
    }
}
