//! Start and stop of a process: what runs beside the listeners ends with them.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::settings::SettingsError;

/// How long a stopping process waits for what is under way.
pub const GRACE: Duration = Duration::from_secs(10);

/// The tasks of a process, and the word that ends them.
#[derive(Debug, Default)]
pub struct Tasks {
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Tasks {
    /// Nothing running yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A word that is given when the process stops.
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs a task beside the others; it must end soon after the stop signal.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.running.spawn(task);
    }

    /// Runs `step` again and again with a pause between, until the process stops.
    pub fn spawn_every<F>(&mut self, pause: Duration, mut step: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.running.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => step().await,
                }
            }
        });
    }

    /// Gives the stop signal and waits for every task, at most [`GRACE`]; what is left then is dropped.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("some tasks did not end in time and were dropped");
        }
    }
}

/// How many files and connections this process may have open at once.
pub fn descriptors() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// Raises the limit of open files as far as the system lets this process: what most systems begin with is too little for
/// a server, and is meant to be raised by it.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// The one runtime of a process, in which both edges and all tasks run.
pub fn runtime() -> Result<tokio::runtime::Runtime, SettingsError> {
    raise_descriptors();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| SettingsError::new(format!("the process cannot start its threads: {error}")))
}

/// Runs what a process does to its end, on its one runtime.
///
/// A thread that is held by a database that stands still would hold the end as well; it is left behind and ends with the
/// process.
pub fn run<T>(whole: impl Future<Output = Result<T, SettingsError>>) -> Result<T, SettingsError> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(whole);
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Resolves when the process is asked to stop (SIGTERM or SIGINT).
pub async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
