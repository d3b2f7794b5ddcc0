//! Writing: a whole database anew, in one transaction.

use std::fs::File;
use std::time::{Duration, Instant};

use diesel::connection::{Connection, SimpleConnection, TransactionManager};
use diesel_migrations::MigrationHarness;
use domain::Timestamp;
use error_codes::{Failure, Generic};

use super::catalogue::{self, Described};
use super::read::{each_row, rows, texts};
use super::write::insert;
use super::{Table, Value, list, quoted};
use crate::connection::{AnyConnection, Role, open};
use crate::migrate::{Error, Migrations, ONE_AT_A_TIME, create_database, refuse_unknown};
use crate::unit::Unit;
use crate::{DatabaseUrl, gate};

/// How long sessions of processes that have just stopped may take to go.
const GOING: Duration = Duration::from_secs(5);

type Manager = <AnyConnection as Connection>::TransactionManager;

/// A database that is being made anew; dropped before [`commit`](Self::commit), it is as it was.
///
/// Nobody else may use the database meanwhile. SQLite: its lock file is held. PostgreSQL: every table is locked, and
/// there is no other session; one that begins later waits for the tables until the end.
pub struct Replacement<'a> {
    connection: AnyConnection,
    url: DatabaseUrl,
    service: &'a Migrations,
    tables: Vec<Described>,
    _lock: Option<File>,
}

impl<'a> Replacement<'a> {
    /// Begins: what there is goes, where that was asked for, and these migrations make the schema.
    ///
    /// # Errors
    /// When somebody uses the database, when it is not empty and `replace` was not said, when it is another service's,
    /// or when this build does not know its migrations.
    pub fn begin(
        url: &DatabaseUrl,
        service: &'a Migrations,
        migrations: &[String],
        replace: bool,
    ) -> Result<Self, Error> {
        let lock = match url {
            DatabaseUrl::Sqlite(path) => Some(
                gate::lock_file(path)
                    .map_err(|error| format!("{error}; stop the service that uses it, then try again"))?,
            ),
            DatabaseUrl::Postgres(_) => None,
        };
        let mut connection = open_or_create(url)?;
        connection.batch_execute(match connection {
            AnyConnection::Pg(_) => {
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning"
            }
            // All relations are checked at the end, in one go.
            AnyConnection::Sqlite(_) => "PRAGMA foreign_keys = OFF",
        })?;
        if let AnyConnection::Pg(_) = connection {
            connection.batch_execute(ONE_AT_A_TIME)?;
        }
        Manager::begin_transaction(&mut connection)?;
        let mut begun = Self { connection, url: url.clone(), service, tables: Vec::new(), _lock: lock };
        begun.lock()?;
        begun.clear(replace)?;
        begun.make(migrations)?;
        Ok(begun)
    }

    /// Adds rows of a table.
    pub fn insert(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), Error> {
        let described = self.described(table)?;
        insert(&mut self.connection, &described, rows)
            .map_err(|error| format!("a row of {} does not fit: {error}", table.name).into())
    }

    /// Calls back with each row of a table as it is now, in the order of its primary key.
    pub fn each_row(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sql = self.described(table)?.select(&self.connection);
        each_row(&mut self.connection, &sql, each)
    }

    /// Checks that these were all tables, checks every relation between rows, and brings the schema to this build.
    pub fn finish(&mut self, copied: &[Table]) -> Result<(), Error> {
        let missing = self.tables.iter().find(|own| !copied.iter().any(|table| table.name == own.table.name));
        if let Some(missing) = missing {
            return Err(format!("the copy has no table {}", missing.table.name).into());
        }
        match self.connection {
            AnyConnection::Pg(_) => {
                self.connection.batch_execute("SET CONSTRAINTS ALL IMMEDIATE")?;
                self.alter_relations("NOT DEFERRABLE")?;
            }
            AnyConnection::Sqlite(_) => {
                if let Some(table) = texts(&mut self.connection, "PRAGMA foreign_key_check")?.first() {
                    return Err(format!("a row of {table} refers to a row that is not there").into());
                }
            }
        }
        self.run_migrations(|_| true)?;
        refuse_unknown(&mut self.connection, self.service)?;
        Ok(())
    }

    /// Runs a unit of work in the same transaction; what it announces is in the change feed.
    pub fn unit<T>(
        &mut self,
        codes: &'static Generic,
        now: Timestamp,
        mut act: impl FnMut(&mut Unit<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        gate::attempt(&mut self.connection, codes, now, &mut act).0.map(|(done, _)| done)
    }

    /// Makes it durable.
    pub fn commit(mut self) -> Result<(), Error> {
        Manager::commit_transaction(&mut self.connection)?;
        Ok(())
    }

    /// Makes sure that nobody else uses the database until the end.
    fn lock(&mut self) -> Result<(), Error> {
        if let AnyConnection::Sqlite(_) = self.connection {
            return Ok(());
        }
        let tables = catalogue::tables(&mut self.connection)?;
        if !tables.is_empty() {
            let names: Vec<String> = tables.into_iter().map(|described| described.table.name).collect();
            let locking = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", list(&names));
            self.connection.batch_execute(&locking).map_err(|error| {
                format!("its tables are in use ({error}); stop the service that uses them, then try again")
            })?;
        }
        let begun = Instant::now();
        loop {
            self.connection.batch_execute("SELECT pg_stat_clear_snapshot()")?;
            let others = texts(
                &mut self.connection,
                "SELECT coalesce(usename::text, '') FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
            )?;
            if others.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > GOING {
                let (count, names) = (others.len(), others.join(", "));
                return Err(format!(
                    "{count} other sessions use it (of the role {names}); stop the service and whatever else is connected, then try again"
                )
                .into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Takes away what there is, by the way back of each migration.
    fn clear(&mut self, replace: bool) -> Result<(), Error> {
        let tables = catalogue::tables(&mut self.connection)?;
        let applied: Vec<String> = match tables.iter().any(|described| described.table.name == "deployment") {
            true => self.connection.applied_migrations()?.iter().map(ToString::to_string).collect(),
            false if tables.is_empty() => return Ok(()),
            false => return Err("it holds tables that are not Gatehouse's; name an empty database".into()),
        };
        refuse_unknown(&mut self.connection, self.service)?;
        if !replace && !self.is_empty(&tables)? {
            return Err("it is not empty; say --replace to lose what it holds, or name an empty database".into());
        }
        for migration in self.service.in_order(&self.url)?.iter().rev() {
            if applied.contains(&migration.name().version().to_string()) {
                self.connection.revert_migration(migration)?;
            }
        }
        Ok(())
    }

    /// Whether there is nothing but what migrations put there: whose database it is, and a feed that has not begun.
    fn is_empty(&mut self, tables: &[Described]) -> Result<bool, Error> {
        for Described { table, .. } in tables {
            let found = match table.name.as_str() {
                "deployment" => "SELECT 1 FROM deployment WHERE name <> 'service' LIMIT 1".to_owned(),
                "feed_head" => "SELECT 1 FROM feed_head WHERE number > 0 LIMIT 1".to_owned(),
                name => format!("SELECT 1 FROM {} LIMIT 1", quoted(name)),
            };
            if !rows(&mut self.connection, &found)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the schema that the copy has, without any row.
    fn make(&mut self, migrations: &[String]) -> Result<(), Error> {
        if let Some(version) = self.service.unknown(migrations)? {
            return Err(format!("this program does not know the migration {version}; use a newer one").into());
        }
        self.run_migrations(|version| migrations.iter().any(|wanted| wanted == version))?;
        self.tables = catalogue::tables(&mut self.connection)?;
        if let AnyConnection::Pg(_) = self.connection {
            // Tables may then come in any order, and refer to each other in circles.
            self.alter_relations("DEFERRABLE INITIALLY DEFERRED")?;
        }
        for Described { table, .. } in &self.tables {
            self.connection.batch_execute(&format!("DELETE FROM {}", quoted(&table.name)))?;
        }
        Ok(())
    }

    fn run_migrations(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let applied: Vec<String> = self.connection.applied_migrations()?.iter().map(ToString::to_string).collect();
        for migration in self.service.in_order(&self.url)? {
            let version = migration.name().version().to_string();
            if wanted(&version) && !applied.contains(&version) {
                self.connection.run_migration(&migration)?;
            }
        }
        Ok(())
    }

    /// Says of each relation between tables of PostgreSQL when it is checked.
    fn alter_relations(&mut self, when: &str) -> Result<(), Error> {
        let relations = rows(
            &mut self.connection,
            "SELECT conrelid::regclass::text, conname::text FROM pg_constraint \
             WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conparentid = 0",
        )?;
        for relation in relations {
            if let [Value::Text(table), Value::Text(name)] = relation.as_slice() {
                let sql = format!("ALTER TABLE {table} ALTER CONSTRAINT {} {when}", quoted(name));
                self.connection.batch_execute(&sql)?;
            }
        }
        Ok(())
    }

    fn described(&self, table: &Table) -> Result<Described, Error> {
        self.tables
            .iter()
            .find_map(|described| described.like(table))
            .ok_or_else(|| format!("the schema has no table {} with these columns", table.name).into())
    }
}

/// A service's role may enter its own database alone, so the server's is asked only where this one is missing.
fn open_or_create(url: &DatabaseUrl) -> Result<AnyConnection, Error> {
    match open(url, Role::Writer) {
        Err(error) if error.to_string().contains("does not exist") => {
            create_database(url)?;
            Ok(open(url, Role::Writer)?)
        }
        opened => Ok(opened?),
    }
}
