//! Who listens to the token state, as each process wrote it down the last time.

use std::time::Duration;

use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;
use store::Unit;
use store::sql::{At, Id};
use uuid::Uuid;

use crate::schema::subscribers;

/// After how long without a word of its process a subscriber is no more.
const SILENCE: Duration = Duration::from_secs(60);

/// A subscriber of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Of the subscription.
    pub id: Uuid,
    /// As which it may call, such as `identity-service`.
    pub name: String,
    /// From where it calls.
    pub address: String,
    /// When it began.
    pub since: Timestamp,
    /// Up to when it knows everything; `None` before it said anything.
    pub known_until: Option<Timestamp>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    _process: Id,
    name: String,
    address: String,
    since: At,
    known_until: Option<At>,
    _reported_at: At,
}

/// Writes down all subscribers of one process, and forgets those of processes that are silent.
pub fn replace_of(unit: &mut Unit<'_>, process: Uuid, living: &[Subscriber]) -> Result<()> {
    let now = unit.now();
    unit.query(|connection| {
        let outdated = subscribers::process.eq(Id(process)).or(subscribers::reported_at.lt(At(now.minus(SILENCE))));
        diesel::delete(subscribers::table.filter(outdated)).execute(connection)
    })?;
    for subscriber in living {
        unit.query(|connection| {
            diesel::insert_into(subscribers::table)
                .values((
                    subscribers::id.eq(Id(subscriber.id)),
                    subscribers::process.eq(Id(process)),
                    subscribers::name.eq(&subscriber.name),
                    subscribers::address.eq(&subscriber.address),
                    subscribers::since.eq(At(subscriber.since)),
                    subscribers::known_until.eq(subscriber.known_until.map(At)),
                    subscribers::reported_at.eq(At(now)),
                ))
                .execute(connection)
        })?;
    }
    Ok(())
}

/// The subscribers of all processes that are not silent, but for those of one; the oldest first.
pub fn list_but_of(unit: &mut Unit<'_>, process: Option<Uuid>) -> Result<Vec<Subscriber>> {
    let since = At(unit.now().minus(SILENCE));
    let rows: Vec<Row> = unit.query(|connection| {
        let reported = subscribers::table.filter(subscribers::reported_at.ge(since));
        let others = reported.filter(subscribers::process.ne(Id(process.unwrap_or_default())));
        others.order((subscribers::since, subscribers::id)).load(connection)
    })?;
    let read = |row: Row| Subscriber {
        id: row.id.0,
        name: row.name,
        address: row.address,
        since: row.since.0,
        known_until: row.known_until.map(|At(time)| time),
    };
    Ok(rows.into_iter().map(read).collect())
}
