//! Fresh databases on both engines, a clock that tests move, certificates, and an HTTP client that takes notes; for tests
//! only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]
#![allow(clippy::print_stderr, reason = "a test that cannot run says why")]

mod authority;
mod clock;
mod database;
mod http;
mod notes;
mod port;
mod socket;

pub use authority::{Authority, Issued, replace};
pub use clock::ManualClock;
pub use database::{Engine, TestDatabase};
pub use http::{Answer, Api, Call};
pub use port::free_port;
pub use socket::Socket;

/// Runs every named `async fn(TestDatabase)` as a test on SQLite and as one on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($rule:ident),* $(,)?) => {$(
        mod $rule {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$rule($crate::TestDatabase::fresh($crate::Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$rule($crate::TestDatabase::fresh($crate::Engine::Postgres).await).await;
            }
        }
    )*};
}
