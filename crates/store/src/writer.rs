//! The one writer of a SQLite file: units of work in the order they came, those that wait together sharing a commit.
//!
//! A durable commit costs a flush of the disk. Each unit runs in a savepoint of its own, so that one that fails takes
//! nothing with it; all are answered after the commit they share.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use domain::Clock;
use error_codes::{Failure, Generic, Result};
use prometheus::Histogram;
use tokio::sync::{mpsc, oneshot, watch};

use crate::gate::{Changes, OnChange, unavailable};
use crate::unit::{Fate, Unit};
use crate::{AnyConnection, DatabaseUrl};

/// Units of work that may share a commit.
const MOST_IN_ONE_COMMIT: usize = 64;
/// Units of work that may wait.
const QUEUE: usize = 1_024;

/// Runs in its savepoint, and gives back what is to be done once it is known whether the commit succeeded.
type Job = Box<dyn FnOnce(&mut AnyConnection) -> Settle + Send>;
type Settle = Box<dyn FnOnce(Result<()>) + Send>;

/// The way to the writer. When it is dropped, what waits is finished, and the lock of the file is given back.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    ended: watch::Receiver<()>,
    /// How long a unit of work waits to be let into the queue.
    patience: Duration,
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // The last unit of work may itself have held the store; the thread then ends by itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id())
            && thread.join().is_err()
        {
            tracing::error!("the writer of the database panicked");
        }
    }
}

impl Writer {
    /// Starts the writer.
    pub(crate) fn start(
        url: &DatabaseUrl,
        lock: Option<File>,
        patience: Duration,
        codes: &'static Generic,
        shared: Histogram,
    ) -> Result<Self> {
        let mut connection =
            crate::connection::open(url, crate::connection::Role::Writer).map_err(|error| unavailable(codes, error))?;
        let (jobs, mut waiting) = mpsc::channel(QUEUE);
        let (running, ended) = watch::channel(());
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned());
        let thread = thread.spawn(move || {
            // Dropped in the reverse order: whoever waits for the end finds the file free.
            let _running = running;
            let _lock = lock;
            while let Some(first) = waiting.blocking_recv() {
                let units = commit_together(&mut connection, first, &mut waiting, codes);
                shared.observe(units);
            }
        });
        let thread = thread.map_err(|error| unavailable(codes, error))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), ended, patience })
    }

    /// Closes when the writer has ended and its file is free.
    pub(crate) fn ended(&self) -> watch::Receiver<()> {
        self.ended.clone()
    }

    /// Runs one unit of work; resolves when it is durable or has failed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        codes: &'static Generic,
        clock: Arc<dyn Clock>,
        on_change: OnChange,
        act: impl FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let request = tracing::Span::current();
        let job: Job = Box::new(move |connection| {
            // What is logged here belongs to the request.
            let _entered = request.enter();
            let outcome = in_savepoint(connection, codes, &*clock, act);
            Box::new(move |committed| {
                let outcome = committed.and(outcome).map(|(value, changes)| {
                    for (_, change) in &changes {
                        on_change(change);
                    }
                    value
                });
                // Who asked may have gone away; the work is done all the same.
                let _ = answer.send(outcome);
            })
        });
        let jobs = self.jobs.as_ref().ok_or_else(|| unavailable(codes, "the writer has ended"))?;
        jobs.send_timeout(job, self.patience).await.map_err(|error| unavailable(codes, error.to_string()))?;
        answered.await.map_err(|error| unavailable(codes, error))?
    }
}

/// Runs the first unit and those that wait behind it, commits once, and answers all; returns how many there were.
fn commit_together(
    connection: &mut AnyConnection,
    first: Job,
    waiting: &mut mpsc::Receiver<Job>,
    codes: &'static Generic,
) -> f64 {
    let begun = connection.batch_execute("BEGIN IMMEDIATE");
    let mut settles = vec![first(connection)];
    while settles.len() < MOST_IN_ONE_COMMIT {
        let Ok(next) = waiting.try_recv() else { break };
        settles.push(next(connection));
    }
    let committed = begun.and_then(|()| connection.batch_execute("COMMIT"));
    if committed.is_err() {
        roll_back(connection);
    }
    let committed = committed.map_err(|error| error.to_string());
    let units = u32::try_from(settles.len()).unwrap_or(u32::MAX);
    for settle in settles {
        let failure = |reason: &String| crate::unit::refused_commit(codes, reason.clone());
        settle(committed.as_ref().copied().map_err(failure));
    }
    units.into()
}

fn in_savepoint<T>(
    connection: &mut AnyConnection,
    codes: &'static Generic,
    clock: &dyn Clock,
    mut act: impl FnMut(&mut Unit<'_>) -> Result<T>,
) -> Result<(T, Changes)> {
    connection.batch_execute("SAVEPOINT unit").map_err(|error| crate::unit::failure(codes, error))?;
    let attempted = catch_unwind(AssertUnwindSafe(|| crate::gate::attempt(connection, codes, clock.now(), &mut act)));
    let outcome = match attempted {
        Ok((outcome, Fate::Sound | Fate::Spent | Fate::Repeatable)) => outcome,
        Err(_) => Err(Failure::new(codes.internal).with_cause("a unit of work panicked")),
    };
    let end = if outcome.is_ok() { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" };
    connection.batch_execute(end).map_err(|error| crate::unit::failure(codes, error))?;
    outcome
}

/// A rollback that fails finds no transaction to end.
fn roll_back(connection: &mut AnyConnection) {
    if let Err(error) = connection.batch_execute("ROLLBACK") {
        tracing::debug!(%error, "a transaction could not be rolled back");
    }
}
