//! The sweeper's part of the tables every service has: expired rows leave in bounded steps, and never decide validity.

use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;

use crate::schema::{audit_events, feed};
use crate::sql::{At, Id};
use crate::unit::Unit;

/// Rows deleted in one step.
const STEP: i64 = 1_000;

/// Deletes feed rows from before a point in time; returns how many.
pub fn sweep_feed(unit: &mut Unit<'_>, before: Timestamp) -> Result<usize> {
    unit.query(|connection| {
        let old = feed::table.filter(feed::at.lt(At(before))).order(feed::at).limit(STEP).select(feed::number);
        let numbers: Vec<i64> = old.load(connection)?;
        diesel::delete(feed::table.filter(feed::number.eq_any(numbers))).execute(connection)
    })
}

/// Deletes audit events from before a point in time; returns how many.
pub fn sweep_audit(unit: &mut Unit<'_>, before: Timestamp) -> Result<usize> {
    unit.query(|connection| {
        let old = audit_events::table.filter(audit_events::at.lt(At(before))).order(audit_events::at).limit(STEP);
        let ids: Vec<Id> = old.select(audit_events::id).load(connection)?;
        diesel::delete(audit_events::table.filter(audit_events::id.eq_any(ids))).execute(connection)
    })
}
