//! One connection type over both engines, and how a connection is opened.

use std::fs::OpenOptions;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use diesel::{Connection, ConnectionError, PgConnection, QueryResult, RunQueryDsl, SqliteConnection};

use crate::DatabaseUrl;

/// A connection to either engine. Queries are written once and checked by the compiler against both.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Pg(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Lets a statement that both engines can render run on [`AnyConnection`], where diesel's own bounds are too narrow:
/// `ON CONFLICT` above all.
#[derive(Clone, Copy, Debug)]
pub struct Both<T>(pub T);

impl<T: QueryId> QueryId for Both<T> {
    type QueryId = T::QueryId;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}

impl<T> diesel::query_builder::Query for Both<T>
where
    T: diesel::query_builder::Query,
{
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<AnyConnection> for Both<T> {}

impl<T> QueryFragment<MultiBackend> for Both<T>
where
    T: QueryFragment<Pg> + QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, out)
    }
}

/// What a connection is for; it matters to SQLite, which has one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// Opens connections for the pool.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) url: DatabaseUrl,
    pub(crate) role: Role,
}

impl r2d2::ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ConnectionError;

    fn connect(&self) -> Result<AnyConnection, ConnectionError> {
        open(&self.url, self.role)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), ConnectionError> {
        match connection {
            AnyConnection::Pg(pg) => pg.batch_execute("SELECT 1").map_err(ConnectionError::CouldntSetupConfiguration),
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, _: &mut AnyConnection) -> bool {
        std::thread::panicking()
    }
}

pub(crate) fn open(url: &DatabaseUrl, role: Role) -> Result<AnyConnection, ConnectionError> {
    match url {
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::establish(&crate::url::with_limits(url))?;
            // A statement that waits on a lock for long would hold a place in the pool that others need.
            connection
                .batch_execute(
                    "SET TIME ZONE 'UTC'; SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                     SET idle_in_transaction_session_timeout = '15s'",
                )
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(AnyConnection::Pg(connection))
        }
        DatabaseUrl::Sqlite(path) => {
            create_private(path).map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
            let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
            let settings = match role {
                // FULL: acknowledged means durable, also at power loss.
                Role::Writer => {
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                }
                Role::Reader => {
                    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
                     PRAGMA query_only = ON;"
                }
            };
            connection.batch_execute(settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(AnyConnection::Sqlite(connection))
        }
    }
}

/// Makes the file before SQLite does, so that nobody but its owner ever reads it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
