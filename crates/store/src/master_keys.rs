//! Which deployment key was last the current one of a process, so that an old one is not dropped while it is needed.

use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;

use crate::deployment;
use crate::schema::deployment::dsl;
use crate::unit::Unit;

/// Before the number of a key, in the names of values.
const NAME: &str = "master_key_current:";

/// Remembers that a process works with this key as its current one now.
pub fn mark_current(unit: &mut Unit<'_>, key_id: u8) -> Result<()> {
    let now = unit.now().micros().to_string();
    deployment::put(unit, &format!("{NAME}{key_id}"), &now)
}

/// When each key was last the current one of a process, to the minute.
pub fn last_current(unit: &mut Unit<'_>) -> Result<Vec<(u8, Timestamp)>> {
    let rows: Vec<(String, String)> = unit.query(|connection| {
        dsl::deployment.filter(dsl::name.like(format!("{NAME}%"))).select((dsl::name, dsl::value)).load(connection)
    })?;
    let read = |name: &str, value: &str| {
        let key_id = name.strip_prefix(NAME)?.parse().ok()?;
        Some((key_id, Timestamp::from_micros(value.parse().ok()?)))
    };
    rows.into_iter().map(|(name, value)| read(&name, &value).ok_or_else(|| unit.corrupt("deployment", name))).collect()
}

/// Forgets every key but this one: what needed another is lost, and no start asks for it any more.
pub fn forget_others(unit: &mut Unit<'_>, key_id: u8) -> Result<()> {
    let kept = format!("{NAME}{key_id}");
    unit.query(|connection| {
        let others = dsl::deployment.filter(dsl::name.like(format!("{NAME}%"))).filter(dsl::name.ne(kept));
        diesel::delete(others).execute(connection)
    })?;
    Ok(())
}
