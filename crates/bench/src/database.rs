//! The databases under a deployment: filled beyond what requests could fill in time, and looked at afterwards.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, SqliteConnection};

use deployment::{Engine, Result};

/// Adds so many living users to the only tenant, with the total that lists show; `before` were added already.
pub fn add_users(engine: Engine, url: &str, before: u32, count: u32) -> Result<()> {
    let last = before + count;
    let statements = match engine {
        Engine::Sqlite => format!(
            "BEGIN IMMEDIATE;
             WITH RECURSIVE numbers (n) AS (SELECT {before} + 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
             INSERT INTO users SELECT tenants.id,
                 unhex(printf('%012x', 1700000000000 + n) || '7' || substr(hex(randomblob(2)), 1, 3) || '8'
                     || substr(hex(randomblob(8)), 1, 15)),
                 'bulk' || n, 'bulk' || n, 'Ana', 'Souza', 'bulk' || n || '@example.com', 'bulk' || n || '@example.com',
                 0, NULL, 0, 1, 0, 0, 1700000000000000 + n, NULL
             FROM numbers, tenants;
             UPDATE counters SET total = total + {count} WHERE kind = 'users';
             COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
        ),
        Engine::Postgres => format!(
            "INSERT INTO users SELECT tenants.id,
                 (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
                     || substr(md5(n::text), 4, 15))::uuid,
                 'bulk' || n, 'bulk' || n, 'Ana', 'Souza', 'bulk' || n || '@example.com', 'bulk' || n || '@example.com',
                 false, NULL, false, true, 0, 0, now(), NULL
             FROM generate_series({before} + 1, {last}) AS numbers (n), tenants;
             UPDATE counters SET total = total + {count} WHERE kind = 'users';
             ANALYZE users;"
        ),
    };
    match engine {
        Engine::Sqlite => sqlite(url)?.batch_execute(&statements)?,
        Engine::Postgres => PgConnection::establish(url)?.batch_execute(&statements)?,
    }
    Ok(())
}

/// The rows of all tables together.
pub fn rows(engine: Engine, url: &str) -> Result<i64> {
    let mut total = 0;
    match engine {
        Engine::Sqlite => {
            let mut connection = sqlite(url)?;
            let tables = names(&mut connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")?;
            for table in tables {
                total += count(&mut connection, &table)?;
            }
        }
        Engine::Postgres => {
            let mut connection = PgConnection::establish(url)?;
            let tables =
                names(&mut connection, "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'")?;
            for table in tables {
                total += count(&mut connection, &table)?;
            }
        }
    }
    Ok(total)
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[allow(clippy::disallowed_methods, reason = "the tables are not known at compile time")]
fn names<C: diesel::connection::LoadConnection>(connection: &mut C, query: &str) -> Result<Vec<String>>
where
    diesel::query_builder::SqlQuery: for<'a> diesel::query_dsl::LoadQuery<'a, C, Name>,
{
    Ok(diesel::sql_query(query).load::<Name>(connection)?.into_iter().map(|name| name.name).collect())
}

#[allow(clippy::disallowed_methods, reason = "the tables are not known at compile time")]
fn count<C: diesel::connection::LoadConnection>(connection: &mut C, table: &str) -> Result<i64>
where
    diesel::query_builder::SqlQuery: for<'a> diesel::query_dsl::LoadQuery<'a, C, Count>,
{
    let query = format!("SELECT count(*) AS count FROM \"{table}\"");
    Ok(diesel::sql_query(query).get_result::<Count>(connection)?.count)
}

fn sqlite(url: &str) -> Result<SqliteConnection> {
    let path = url.strip_prefix("sqlite://").ok_or("the URL is not one of SQLite")?;
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA busy_timeout = 60000")?;
    Ok(connection)
}
