//! What rows of several tables have in common.

use domain::{Epoch, Timestamp};
use error_codes::Result;
use identity::membership::Validity;
use store::Unit;
use store::sql::At;

/// An epoch as it is stored.
pub(crate) fn epoch_column(epoch: Epoch) -> i64 {
    epoch.0.into()
}

/// An epoch that was stored.
pub(crate) fn epoch(unit: &Unit<'_>, table: &'static str, id: impl std::fmt::Display, stored: i64) -> Result<Epoch> {
    u32::try_from(stored).map(Epoch).map_err(|_| unit.corrupt(table, id))
}

/// A count as it is stored; it stays at the largest that can be.
pub(crate) fn count_column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that was stored.
pub(crate) fn count(unit: &Unit<'_>, table: &'static str, id: impl std::fmt::Display, stored: i64) -> Result<u64> {
    u64::try_from(stored).map_err(|_| unit.corrupt(table, id))
}

/// A point in time of a nullable column.
pub(crate) fn time(stored: Option<At>) -> Option<Timestamp> {
    stored.map(|At(time)| time)
}

/// The columns `valid_from` and `valid_until`.
pub(crate) type Span = (Option<At>, Option<At>);

/// A validity that was stored.
pub(crate) fn validity((from, until): Span) -> Validity {
    Validity { from: time(from), until: time(until) }
}
