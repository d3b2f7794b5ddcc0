//! The store: who may use the database when, and what becomes of a unit of work.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use domain::change::Change;
use domain::{Clock, Timestamp};
use error_codes::{Failure, Generic, Result};
use prometheus::IntCounter;
use r2d2::Pool;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::connection::{Manager, Role};
use crate::feed::Feed;
use crate::meter::{Purpose, StoreMeter};
use crate::span::UnitSpan;
use crate::unit::{Fate, Unit};
use crate::writer::Writer;
use crate::{AnyConnection, DatabaseUrl, Migrations};

/// How long a request of a serving process may be at the database once it has its turn. A database that works has refused
/// a long statement by then (`statement_timeout`); one that stands still would be waited for without end.
const LONGEST: Duration = Duration::from_secs(5);
/// How often a unit of work is run again after another transaction stood in its way.
const REPEATS: u32 = 5;

/// Is told of every change, once its transaction is committed, in this process before the request is answered.
pub type OnChange = Arc<dyn Fn(&Change) + Send + Sync>;

/// How a store is opened; the `[database]` table of the settings.
#[derive(Clone, Debug, Deserialize)]
pub struct StoreSettings {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// Connections at most; of SQLite: readers.
    pub pool_size: u32,
    /// How long a request waits for its turn at the database before it is told to come back; from 1 to 60.
    pub patience_seconds: u64,
}

impl StoreSettings {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds.clamp(1, 60))
    }
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedFor {
    /// To serve from it. A SQLite file is served by one process, which holds its lock.
    Serving,
    /// For a command, which may run beside a process that serves: that one hears of its changes through the feed.
    Command,
}

/// A database: `read` by many at once, `write` in units of work.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Lane,
    writers: Writers,
    clock: Arc<dyn Clock>,
    codes: &'static Generic,
    on_change: OnChange,
    feed: Feed,
    meter: StoreMeter,
}

/// Who writes.
enum Writers {
    /// PostgreSQL: the same connections that read, many at once, in many processes.
    Many(Lane),
    /// SQLite: one connection in the process that serves; a command beside it waits for its turn at the file.
    One(Writer),
}

/// Connections of one kind, and the gate before them: as many may pass as there are connections, first come first
/// served, before a thread is taken.
#[derive(Clone)]
struct Lane {
    pool: Pool<Manager>,
    gate: Arc<Semaphore>,
    size: u32,
    times: Times,
}

/// How long a lane is waited for.
#[derive(Clone, Copy)]
struct Times {
    /// For a turn.
    patience: Duration,
    /// For one piece of work with its wait; commands take the time they need.
    limit: Option<Duration>,
}

impl Store {
    /// Opens a database whose schema is in order; see [`migrate`](crate::migrate).
    pub fn open(
        settings: &StoreSettings,
        purpose: OpenedFor,
        codes: &'static Generic,
        clock: Arc<dyn Clock>,
        on_change: OnChange,
    ) -> Result<Self> {
        let lock = match (&settings.url, purpose) {
            (DatabaseUrl::Sqlite(path), OpenedFor::Serving) => {
                Some(lock_file(path).map_err(|cause| Failure::new(codes.unavailable).with_cause(cause))?)
            }
            (DatabaseUrl::Sqlite(_), OpenedFor::Command) | (DatabaseUrl::Postgres(_), _) => None,
        };
        let meter = StoreMeter::new().map_err(|error| Failure::new(codes.internal).with_cause(error))?;
        let (pool_size, patience) = (settings.pool_size.max(1), settings.patience());
        let limit = match purpose {
            OpenedFor::Serving => Some(patience + LONGEST),
            OpenedFor::Command => None,
        };
        let times = Times { patience, limit };
        let (readers, writers) = match &settings.url {
            DatabaseUrl::Sqlite(_) => {
                let writer = Writer::start(&settings.url, lock, patience, codes, meter.shared.clone())?;
                (Lane::open(&settings.url, Role::Reader, pool_size, times, codes)?, Writers::One(writer))
            }
            DatabaseUrl::Postgres(_) => {
                let lane = Lane::open(&settings.url, Role::Writer, pool_size, times, codes)?;
                (lane.clone(), Writers::Many(lane))
            }
        };
        let inner = Inner { readers, writers, clock, codes, on_change, feed: Feed::default(), meter };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a database for a command that needs nothing of its service but the rows.
    ///
    /// # Errors
    /// A sentence that says what to do, such as to run the migrations first.
    pub fn for_command(
        settings: &StoreSettings,
        migrations: &Migrations,
        codes: &'static Generic,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let cannot = |reason: String| format!("the database {} cannot be used: {reason}", settings.url);
        crate::check(&settings.url, migrations).map_err(|error| cannot(error.to_string()))?;
        Self::open(settings, OpenedFor::Command, codes, clock, Arc::new(|_| {}))
            .map_err(|failure| cannot(failure.cause().map(ToString::to_string).unwrap_or_default()))
    }

    /// Reads. Nothing that `look` announces or writes is kept.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Inner { readers, clock, codes, meter, .. } = &*self.inner;
        let (now, codes, began) = (clock.now(), *codes, Instant::now());
        let span = UnitSpan::begin(Purpose::Read, self.engine());
        let look = move |connection: &mut AnyConnection| look(&mut Unit::new(connection, codes, now));
        let outcome = readers.run(codes, meter, look).await;
        meter.measure(Purpose::Read, began, &outcome);
        span.end(&outcome);
        outcome
    }

    /// As [`read`](Self::read), on this thread, which may block.
    pub(crate) fn read_here<T>(&self, look: impl FnOnce(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        let now = self.inner.clock.now();
        let codes = self.inner.codes;
        self.inner.readers.run_here(codes, move |connection| look(&mut Unit::new(connection, codes, now)))
    }

    /// How far this process has followed its database.
    pub(crate) fn feed(&self) -> &Feed {
        &self.inner.feed
    }

    /// Runs one unit of work: committed whole, and durable when this returns, or not at all.
    ///
    /// `act` may run more than once, so it must not keep anything outside the unit. A failure rolls everything back: a
    /// refusal that must be remembered is a value. Changes it announces have reached this process when this returns.
    pub async fn write<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Inner { writers, clock, codes, on_change, meter, .. } = &*self.inner;
        let (clock, on_change, codes, began) = (Arc::clone(clock), Arc::clone(on_change), *codes, Instant::now());
        let span = UnitSpan::begin(Purpose::Write, self.engine());
        let outcome = match writers {
            Writers::One(writer) => {
                let _waiting = meter.wait();
                writer.run(codes, clock, on_change, act).await
            }
            Writers::Many(lane) => {
                let repeats = meter.repeats.clone();
                lane.run(codes, meter, move |connection| {
                    let (value, changes) = transact(connection, codes, &*clock, &repeats, act)?;
                    for (_, change) in &changes {
                        on_change(change);
                    }
                    Ok(value)
                })
                .await
            }
        };
        meter.measure(Purpose::Write, began, &outcome);
        span.end(&outcome);
        outcome
    }

    /// Follows the changes of other processes over the same database until `stop` resolves: of those that serve from the
    /// same PostgreSQL database, and of commands.
    ///
    /// `history` is how far back what ended tokens is repeated at the start.
    pub async fn follow(&self, history: Duration, stop: impl Future<Output = ()>) {
        Feed::follow(self, history, &self.inner.on_change, stop).await;
    }

    /// How old the knowledge of this process is: every change committed before that span was seen. `None` until the
    /// store follows the present.
    pub fn age(&self) -> Option<Duration> {
        self.inner.feed.age()
    }

    /// Gives up this handle, and resolves once nobody has one any more and a SQLite file is free for the next process.
    pub async fn close(self) {
        let ended = match &self.inner.writers {
            Writers::One(writer) => Some(writer.ended()),
            Writers::Many(_) => None,
        };
        drop(self);
        if let Some(mut ended) = ended {
            // Nothing is ever sent: an error says that the sender is gone.
            let _ = ended.changed().await;
        }
    }

    /// The database, as traces name it.
    fn engine(&self) -> &'static str {
        match self.inner.writers {
            Writers::Many(_) => "postgresql",
            Writers::One(_) => "sqlite",
        }
    }

    pub(crate) fn meter(&self) -> &StoreMeter {
        &self.inner.meter
    }

    /// The connections that may pass the gate, and how many of them are free.
    pub(crate) fn connections(&self) -> (i64, i64) {
        let lane = &self.inner.readers;
        (lane.size.into(), i64::try_from(lane.gate.available_permits()).unwrap_or(0))
    }

    /// Resolves once the past was repeated and the store follows the present.
    pub async fn caught_up(&self) {
        self.inner.feed.caught_up().await;
    }
}

impl Lane {
    fn open(url: &DatabaseUrl, role: Role, size: u32, times: Times, codes: &'static Generic) -> Result<Self> {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(times.patience)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(Manager { url: url.clone(), role });
        // The first connection is made now, so that a wrong address is told at the start.
        drop(pool.get().map_err(|error| unavailable(codes, error))?);
        Ok(Self { pool, gate: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1))), size, times })
    }

    /// Work that is given up goes on by itself and keeps its place, so that no more of them pile up than there are places.
    async fn run<T: Send + 'static>(
        &self,
        codes: &'static Generic,
        meter: &StoreMeter,
        work: impl FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.run_to_end(codes, meter, work);
        match self.times.limit {
            Some(limit) => tokio::time::timeout(limit, done).await.map_err(|error| unavailable(codes, error))?,
            None => done.await,
        }
    }

    #[allow(clippy::disallowed_methods, reason = "this is the gate")]
    async fn run_to_end<T: Send + 'static>(
        &self,
        codes: &'static Generic,
        meter: &StoreMeter,
        work: impl FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let waiting = meter.wait();
        let turn = tokio::time::timeout(self.times.patience, Arc::clone(&self.gate).acquire_owned())
            .await
            .map_err(|error| unavailable(codes, error))?
            .map_err(|error| unavailable(codes, error))?;
        drop(waiting);
        let (pool, request) = (self.pool.clone(), tracing::Span::current());
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            // What is logged here belongs to the request.
            let _entered = request.entered();
            let mut connection = pool.get().map_err(|error| unavailable(codes, error))?;
            work(&mut connection)
        })
        .await
        .map_err(|error| Failure::new(codes.internal).with_cause(error))?
    }

    /// As [`run`](Self::run), on a thread of the runtime that may block, for one who waits for its turn however long.
    fn run_here<T>(&self, codes: &'static Generic, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
        let turn = tokio::runtime::Handle::current().block_on(self.gate.acquire());
        let _turn = turn.map_err(|error| unavailable(codes, error))?;
        let mut connection = self.pool.get().map_err(|error| unavailable(codes, error))?;
        work(&mut connection)
    }
}

pub(crate) type Changes = Vec<(domain::id::TenantId, Change)>;

/// Runs a unit of work on PostgreSQL, again where another transaction stood in its way.
fn transact<T>(
    connection: &mut AnyConnection,
    codes: &'static Generic,
    clock: &dyn Clock,
    repeated: &IntCounter,
    mut act: impl FnMut(&mut Unit<'_>) -> Result<T>,
) -> Result<(T, Changes)> {
    let mut repeats = 0;
    loop {
        let begun = connection.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED");
        begun.map_err(|error| crate::unit::failure(codes, error))?;
        let (outcome, fate) = attempt(connection, codes, clock.now(), &mut act);
        match outcome {
            Ok(done) => {
                return match connection.batch_execute("COMMIT") {
                    Ok(()) => Ok(done),
                    Err(error) => {
                        roll_back(connection);
                        Err(crate::unit::failure(codes, error))
                    }
                };
            }
            Err(failure) => {
                roll_back(connection);
                if fate != Fate::Repeatable || repeats == REPEATS {
                    return Err(failure);
                }
                repeats += 1;
                repeated.inc();
            }
        }
    }
}

pub(crate) fn attempt<T>(
    connection: &mut AnyConnection,
    codes: &'static Generic,
    now: Timestamp,
    act: &mut impl FnMut(&mut Unit<'_>) -> Result<T>,
) -> (Result<(T, Changes)>, Fate) {
    let mut unit = Unit::new(connection, codes, now);
    let outcome = act(&mut unit).and_then(|value| {
        if unit.fate() != Fate::Sound {
            return Err(Failure::new(codes.internal).with_cause("a spent unit of work was about to be committed"));
        }
        let changes = unit.take_changes();
        crate::feed::append(&mut unit, &changes)?;
        Ok((value, changes))
    });
    let fate = unit.fate();
    (outcome, fate)
}

/// A rollback that fails leaves a dead connection, which the pool finds out at its next use.
fn roll_back(connection: &mut AnyConnection) {
    if let Err(error) = connection.batch_execute("ROLLBACK") {
        tracing::debug!(%error, "a transaction could not be rolled back");
    }
}

pub(crate) fn unavailable(
    codes: &'static Generic,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    Failure::new(codes.unavailable).with_retry_after(Duration::from_secs(1)).with_cause(cause)
}

/// Takes the lock that says: this SQLite file is served by one process.
pub(crate) fn lock_file(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&name)?;
    file.try_lock()
        .map_err(|error| std::io::Error::other(format!("{} is in use by another process ({error})", path.display())))?;
    Ok(file)
}
