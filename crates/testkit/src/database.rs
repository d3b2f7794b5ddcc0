//! A fresh, empty database for each test, gone when the test is.

use std::env;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use store::DatabaseUrl;
use tempfile::TempDir;
use uuid::Uuid;

use crate::notes;

/// The two engines every store works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database on the server that `GATEHOUSE_TEST_POSTGRES_URL` names.
    Postgres,
}

/// An empty database.
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    url: DatabaseUrl,
    text: String,
    folder: Option<TempDir>,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// When no PostgreSQL server is named: the tests never pass without having run both engines.
    pub async fn fresh(engine: Engine) -> Self {
        notes::engine_seen(match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        });
        let (text, folder) = match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                (format!("sqlite://{}", folder.path().join("test.db").display()), Some(folder))
            }
            Engine::Postgres => (postgres_url(), None),
        };
        let url = DatabaseUrl::parse(&text).unwrap();
        let creating = url.clone();
        blocking(move || store::create_database(&creating)).await.unwrap();
        Self { engine, url, text, folder }
    }

    /// Which engine it is on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs SQL that both engines understand, behind the back of whoever uses the database.
    pub fn execute(&self, sql: &str) {
        match self.engine {
            Engine::Sqlite => sqlite(&self.text).batch_execute(sql).unwrap(),
            Engine::Postgres => PgConnection::establish(&self.text).unwrap().batch_execute(sql).unwrap(),
        }
    }

    /// The rows of a table.
    #[allow(clippy::disallowed_methods, reason = "a table of any store is counted")]
    pub fn count(&self, table: &str) -> i64 {
        let counting = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"));
        let row: Count = match self.engine {
            Engine::Sqlite => counting.get_result(&mut sqlite(&self.text)).unwrap(),
            Engine::Postgres => counting.get_result(&mut PgConnection::establish(&self.text).unwrap()).unwrap(),
        };
        row.count
    }

    /// Where it is, as it would stand in settings.
    pub fn url_text(&self) -> &str {
        &self.text
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.folder.is_none()
            && let Err(error) = store::drop_database(&self.url)
        {
            eprintln!("a test database could not be dropped: {error}");
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn sqlite(url: &str) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    connection
}

fn postgres_url() -> String {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment where the server is")]
    let server = env::var("GATEHOUSE_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("GATEHOUSE_TEST_POSTGRES_URL names no PostgreSQL server; run the tests with 'cargo xtask test'")
    });
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/gatehouse_test_{}", Uuid::now_v7().simple())
}

#[allow(clippy::disallowed_methods, reason = "tests have no gate")]
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
