//! The sweeper's part of the tables every service has: expired rows leave in bounded steps, and never decide validity.

use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;

use crate::Store;
use crate::schema::{audit_events, feed};
use crate::sql::{At, Id};
use crate::unit::Unit;

/// Rows deleted in one step.
const STEP: i64 = 500;
/// Steps at most until the sweeper rests; with a rest of a minute it keeps up with 1600 new rows a second.
const STEPS: usize = 200;

impl Store {
    /// Runs a step of the sweeper until it finds nothing more; returns how many rows left.
    ///
    /// Each step is a unit of work of its own, so that whoever writes waits for one step at most.
    pub async fn sweep(
        &self,
        step: impl FnMut(&mut Unit<'_>) -> Result<usize> + Clone + Send + 'static,
    ) -> Result<usize> {
        let mut swept = 0;
        for _ in 0..STEPS {
            let rows = self.write(step.clone()).await?;
            swept += rows;
            if rows == 0 {
                break;
            }
        }
        Ok(swept)
    }
}

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
