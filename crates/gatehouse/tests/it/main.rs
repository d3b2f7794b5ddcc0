//! What the operator's tool promises, on both engines and from each to the other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a broken test should stop loudly")]

mod beside;
mod commands;
mod coverage;
mod file;
mod refused;
mod restored;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Clock;
use gatehouse::deployment::Deployment;
use gatehouse::reading::Contents;
use gatehouse::restore::{Manner, restore};
use pair::Pair;
use tempfile::TempDir;
use testkit::{Engine, TestDatabase};

/// A folder for backups.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A backup of a pair, which goes on running.
    async fn backup(&self, pair: &Pair, name: &str) -> PathBuf {
        let (file, deployment, clock) = (self.file(name), deployment(pair), Arc::clone(&pair.clock));
        let to = file.clone();
        beside(move || gatehouse::backup::backup(&deployment, &to, &*clock, &mut |_| {}).map(|_| ())).await.unwrap();
        file
    }
}

/// Both services as the settings of a pair describe them.
fn deployment(pair: &Pair) -> Deployment {
    Deployment::load(None, None, environment(pair)).unwrap()
}

fn environment(pair: &Pair) -> Vec<(String, String)> {
    [pair.auth_environment(), pair.identity_environment()].concat()
}

/// Restores into the databases that a pair has, but does not use.
async fn restore_into(pair: &Pair, from: &Path, manner: Manner) -> gatehouse::Result<Contents> {
    let (from, deployment, clock) = (from.to_owned(), deployment(pair), Arc::clone(&pair.clock));
    beside(move || restore(&deployment, &from, manner, &*clock as &dyn Clock, &mut |_| {})).await
}

/// Stops a pair, restores a backup into fresh databases of an engine, and starts the pair over them.
async fn move_to(pair: &mut Pair, engine: Engine, from: &Path, manner: Manner) -> [TestDatabase; 2] {
    let fresh = (TestDatabase::fresh(engine).await, TestDatabase::fresh(engine).await);
    let old = pair.stop_over(fresh.0, fresh.1).await;
    restore_into(pair, from, manner).await.unwrap();
    pair.start_again().await;
    old
}

#[allow(clippy::disallowed_methods, reason = "a command has no gate")]
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
