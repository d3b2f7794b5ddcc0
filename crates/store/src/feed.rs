//! The change feed: how processes over one database learn of each other's changes.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use domain::change::Change;
use domain::id::TenantId;
use domain::{Epoch, Timestamp};
use error_codes::Result;
use tokio::sync::watch;
use uuid::Uuid;

use crate::gate::{OnChange, Store};
use crate::schema::{feed, feed_head};
use crate::sql::{At, Id, id};
use crate::unit::Unit;

/// How often the database is asked for the changes of others: of other processes, and of commands. With it alone a change is seen well within 100 ms, so there is no
/// need for notifications beside it.
const POLL: Duration = Duration::from_millis(25);
/// Rows read at once.
const BATCH: i64 = 1_000;

/// How far this process has followed its database.
#[derive(Debug)]
pub(crate) struct Feed {
    seen: Mutex<Option<Instant>>,
    caught_up: watch::Sender<bool>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { seen: Mutex::new(None), caught_up: watch::Sender::new(false) }
    }
}

impl Feed {
    pub(crate) fn age(&self) -> Option<Duration> {
        self.seen.lock().map(|seen| *seen).unwrap_or(None).map(|seen| seen.elapsed())
    }

    pub(crate) async fn caught_up(&self) {
        let mut caught_up = self.caught_up.subscribe();
        // The sender lives as long as this feed, so waiting cannot fail.
        let _ = caught_up.wait_for(|done| *done).await;
    }

    /// Follows on one thread: handing each of forty polls a second from thread to thread would cost more than they do.
    #[allow(clippy::disallowed_methods, reason = "each poll passes the gate like any other read")]
    pub(crate) async fn follow(store: &Store, history: Duration, on_change: &OnChange, stop: impl Future<Output = ()>) {
        let (stopper, stopped) = mpsc::channel::<()>();
        let (store, on_change) = (store.clone(), Arc::clone(on_change));
        let following = tokio::task::spawn_blocking(move || {
            let mut position = None;
            loop {
                let is_behind = store.feed().step(&store, &mut position, history, &on_change);
                // Nothing is ever sent: any answer but a pause that has passed says that the stopper is gone.
                if !is_behind && stopped.recv_timeout(POLL) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        stop.await;
        drop(stopper);
        if following.await.is_err() {
            tracing::error!("the follower of the change feed panicked");
        }
    }

    /// Takes one step; says whether the next one follows at once.
    fn step(&self, store: &Store, position: &mut Option<i64>, history: Duration, on_change: &OnChange) -> bool {
        let asked_at = Instant::now();
        match advance(store, *position, history, on_change) {
            Ok((next, is_full)) => {
                *position = Some(next);
                if is_full {
                    // There is more, so nothing may be vouched for yet.
                    return true;
                }
                if let Ok(mut seen) = self.seen.lock() {
                    *seen = Some(asked_at);
                }
                self.caught_up.send_replace(true);
            }
            Err(failure) => tracing::warn!(%failure, "the change feed cannot be read"),
        }
        false
    }
}

/// Reads on; says where it ended, and whether there may be more.
fn advance(store: &Store, position: Option<i64>, history: Duration, on_change: &OnChange) -> Result<(i64, bool)> {
    let (head, changes) = store.read_here(move |unit| match position {
        None => {
            let since = unit.now().minus(history);
            let head = head(unit)?;
            Ok((head, past(unit, since)?))
        }
        Some(position) => after(unit, position),
    })?;
    for change in &changes {
        on_change(change);
    }
    let is_full = position.is_some() && i64::try_from(changes.len()).is_ok_and(|count| count >= BATCH);
    Ok((head, is_full))
}

/// Adds the changes of a unit of work to the feed, last thing before its commit.
pub(crate) fn append(unit: &mut Unit<'_>, changes: &[(TenantId, Change)]) -> Result<()> {
    let Ok(count @ 1..) = i64::try_from(changes.len()) else { return Ok(()) };
    // The lock on the head row is held until the commit, so numbers become visible in their order.
    let last: i64 = unit.query(|connection| {
        diesel::update(feed_head::table)
            .set(feed_head::number.eq(feed_head::number + count))
            .returning(feed_head::number)
            .get_result(connection)
    })?;
    let now = unit.now();
    for (number, (tenant, change)) in (last - count + 1..).zip(changes) {
        let (kind, subject, value) = encode(change);
        unit.query(|connection| {
            diesel::insert_into(feed::table)
                .values((
                    feed::number.eq(number),
                    feed::at.eq(At(now)),
                    feed::tenant_id.eq(id(*tenant)),
                    feed::kind.eq(kind),
                    feed::subject_id.eq(Id(subject)),
                    feed::value.eq(value),
                    feed::ends_tokens.eq(change.ends_tokens()),
                ))
                .execute(connection)
        })?;
    }
    Ok(())
}

/// The number of the last change that is visible; what is read after it is at least as new as that change.
///
/// # Errors
/// When the database cannot be read.
pub fn position(unit: &mut Unit<'_>) -> Result<u64> {
    Ok(u64::try_from(head(unit)?).unwrap_or_default())
}

fn head(unit: &mut Unit<'_>) -> Result<i64> {
    unit.query(|connection| feed_head::table.select(feed_head::number).first(connection))
}

/// What ended tokens since a point in time.
fn past(unit: &mut Unit<'_>, since: Timestamp) -> Result<Vec<Change>> {
    let rows = unit.query(|connection| {
        feed::table
            .filter(feed::at.ge(At(since)))
            .filter(feed::ends_tokens.eq(true))
            .order(feed::number)
            .select((feed::number, feed::kind, feed::subject_id, feed::value))
            .load::<(i64, String, Id, i64)>(connection)
    })?;
    rows.into_iter().map(|row| decode(unit, row)).collect()
}

/// What changed after a position, and the new position.
fn after(unit: &mut Unit<'_>, position: i64) -> Result<(i64, Vec<Change>)> {
    let rows = unit.query(|connection| {
        feed::table
            .filter(feed::number.gt(position))
            .order(feed::number)
            .limit(BATCH)
            .select((feed::number, feed::kind, feed::subject_id, feed::value))
            .load::<(i64, String, Id, i64)>(connection)
    })?;
    let head = rows.last().map_or(position, |(number, ..)| *number);
    let changes = rows.into_iter().map(|row| decode(unit, row)).collect::<Result<_>>()?;
    Ok((head, changes))
}

fn encode(change: &Change) -> (&'static str, Uuid, i64) {
    match change {
        Change::TenantEpoch(id, epoch) => ("tenant_epoch", id.uuid(), epoch.0.into()),
        Change::ApplicationEpoch(id, epoch) => ("application_epoch", id.uuid(), epoch.0.into()),
        Change::UserEpoch(id, epoch) => ("user_epoch", id.uuid(), epoch.0.into()),
        Change::SecretWithdrawn(id) => ("secret_withdrawn", id.uuid(), 0),
        Change::UserRevised(id) => ("user_revised", id.uuid(), 0),
        Change::ApplicationRevised(id) => ("application_revised", id.uuid(), 0),
        Change::PolicyRevised(id) => ("policy_revised", id.uuid(), 0),
        Change::TenantRevised(id) => ("tenant_revised", id.uuid(), 0),
        Change::SessionEnded(id, until) => ("session_ended", id.uuid(), until.micros()),
        Change::KeysChanged => ("keys_changed", Uuid::nil(), 0),
    }
}

fn decode(unit: &Unit<'_>, (number, kind, Id(subject), value): (i64, String, Id, i64)) -> Result<Change> {
    let epoch = || u32::try_from(value).map(Epoch).map_err(|_| unit.corrupt("feed", number));
    Ok(match kind.as_str() {
        "tenant_epoch" => Change::TenantEpoch(subject.into(), epoch()?),
        "application_epoch" => Change::ApplicationEpoch(subject.into(), epoch()?),
        "user_epoch" => Change::UserEpoch(subject.into(), epoch()?),
        "secret_withdrawn" => Change::SecretWithdrawn(subject.into()),
        "user_revised" => Change::UserRevised(subject.into()),
        "application_revised" => Change::ApplicationRevised(subject.into()),
        "policy_revised" => Change::PolicyRevised(subject.into()),
        "tenant_revised" => Change::TenantRevised(subject.into()),
        "session_ended" => Change::SessionEnded(subject.into(), Timestamp::from_micros(value)),
        "keys_changed" => Change::KeysChanged,
        _ => return Err(unit.corrupt("feed", number)),
    })
}
