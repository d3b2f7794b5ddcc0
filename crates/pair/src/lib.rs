//! Both services in one test process, over fresh databases of either engine; for tests only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken test should stop loudly")]

mod actors;
mod isolate;
mod start;
mod walk;

pub use actors::{Application, Person, password_of};
pub use isolate::isolate;
pub use start::Pair;
pub use walk::{batter, walk};

/// Runs every named `async fn(&Pair)`, or `async fn(&mut Pair)`, as a test on SQLite and as one on PostgreSQL.
///
/// `with &[("NAME", "value")];` before the names changes settings, each as the environment would name it.
/// `over_tls;` before them starts a pair over HTTPS and mutual TLS.
#[macro_export]
macro_rules! on_both_engines {
    (over_tls; $($rule:ident),* $(,)?) => {
        $crate::on_both_engines! { start $crate::Pair::start_over_tls; $($rule),* }
    };
    (with $changes:expr; $($rule:ident),* $(,)?) => {
        $crate::on_both_engines! { start (|engine| $crate::Pair::start_with(engine, $changes)); $($rule),* }
    };
    (start $start:expr; $($rule:ident),* $(,)?) => {$(
        #[allow(clippy::unnecessary_mut_passed, reason = "some rules stop a part of the pair, most do not")]
        mod $rule {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let mut pair = $start($crate::Engine::Sqlite).await;
                super::$rule(&mut pair).await;
                pair.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let mut pair = $start($crate::Engine::Postgres).await;
                super::$rule(&mut pair).await;
                pair.stop().await;
            }
        }
    )*};
    ($($rule:ident),* $(,)?) => {
        $crate::on_both_engines! { with &[]; $($rule),* }
    };
}

pub use testkit::Engine;
