//! The example beside a real Gatehouse: what its clients see when tokens are missing, forged or ended, when rights are
//! taken away, and when Gatehouse is stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

/// Runs each rule as a test over either engine.
macro_rules! on_both_engines {
    ($($rule:ident),* $(,)?) => {$(
        mod $rule {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$rule(pair::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$rule(pair::Engine::Postgres).await;
            }
        }
    )*};
}

mod actors;
mod fetched;
mod followed;
