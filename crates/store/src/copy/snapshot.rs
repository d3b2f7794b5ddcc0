//! Reading: one moment of a database, while others go on writing.

use diesel::connection::SimpleConnection;

use super::catalogue::{self, Described, SCHEMA_MIGRATIONS};
use super::read::{each_row, texts};
use super::{Table, Value};
use crate::DatabaseUrl;
use crate::connection::{AnyConnection, Role, open};
use crate::migrate::{Error, Migrations, SERVICE, refuse_foreign};

/// One moment of a database: a transaction that reads, takes no lock and holds nobody up.
///
/// PostgreSQL: `REPEATABLE READ READ ONLY`. SQLite: a reader beside the writer; what is written meanwhile stays in the
/// write-ahead file until the snapshot is gone.
pub struct Snapshot {
    connection: AnyConnection,
    migrations: Vec<String>,
    tables: Vec<Described>,
}

impl Snapshot {
    /// Takes the moment: every write that was acknowledged before is in it, no later one is.
    ///
    /// # Errors
    /// When there is no such database, when it is another service's, or when its schema is newer than this build.
    pub fn take(url: &DatabaseUrl, service: &Migrations) -> Result<Self, Error> {
        if let DatabaseUrl::Sqlite(path) = url
            && !path.exists()
        {
            return Err("there is no such file; 'database.url' names it".into());
        }
        let mut connection = open(url, Role::Reader)?;
        connection.batch_execute(match connection {
            AnyConnection::Pg(_) => {
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                 BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            }
            AnyConnection::Sqlite(_) => "BEGIN",
        })?;
        let tables = catalogue::tables(&mut connection)?;
        if !tables.iter().any(|described| described.table.name == "deployment") {
            return Err("it holds nothing of Gatehouse; 'database.url' names it".into());
        }
        let owner = format!("SELECT value FROM deployment WHERE name = '{SERVICE}'");
        let owner = texts(&mut connection, &owner)?.pop();
        let migrations = texts(&mut connection, &format!("SELECT version FROM {SCHEMA_MIGRATIONS} ORDER BY version"))?;
        refuse_foreign(owner.as_deref(), &migrations, service)?;
        Ok(Self { connection, migrations, tables })
    }

    /// The migrations that made the schema.
    pub fn migrations(&self) -> &[String] {
        &self.migrations
    }

    /// The tables.
    pub fn tables(&self) -> Vec<Table> {
        self.tables.iter().map(|described| described.table.clone()).collect()
    }

    /// Calls back with each row of a table, in the order of its primary key, the same on both engines.
    pub fn each_row(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let described =
            self.tables.iter().find_map(|described| described.like(table)).ok_or("there is no such table")?;
        let sql = described.select(&self.connection);
        each_row(&mut self.connection, &sql, each)
    }
}
