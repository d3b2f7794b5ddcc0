//! A fresh, empty database for each test, gone when the test is.

use std::env;

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
