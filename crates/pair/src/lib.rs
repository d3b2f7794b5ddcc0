//! Both services in one test process, over fresh databases of either engine; for tests only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

mod actors;
mod start;
mod walk;

pub use actors::{Application, Person, password_of};
pub use start::Pair;
pub use walk::walk;

/// Runs every named `async fn(&Pair)` as a test on SQLite and as one on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($rule:ident),* $(,)?) => {$(
        mod $rule {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let pair = $crate::Pair::start($crate::Engine::Sqlite).await;
                super::$rule(&pair).await;
                pair.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let pair = $crate::Pair::start($crate::Engine::Postgres).await;
                super::$rule(&pair).await;
                pair.stop().await;
            }
        }
    )*};
}

pub use testkit::Engine;
