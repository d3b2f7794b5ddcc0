//! Failed logins, counted under keys that tell nobody whose they are.

use diesel::prelude::*;
use domain::Timestamp;
use error_codes::Result;
use identity::throttle::Tries;
use store::sql::At;
use store::{Both, Unit};

use crate::rows::time;
use crate::schema::login_tries;

/// A keyed hash of a tenant and a name, or of a network address.
pub type Key = [u8; 32];

/// Rows deleted in one step.
const STEP: i64 = 1_000;

type Row = (i64, Option<At>, Option<At>);

/// What is counted under a key, without holding it.
pub fn find(unit: &mut Unit<'_>, key: &Key) -> Result<Tries> {
    let row: Option<Row> = unit.query(|connection| {
        login_tries::table
            .find(&key[..])
            .select((login_tries::failures, login_tries::last_failed_at, login_tries::blocked_until))
            .first(connection)
            .optional()
    })?;
    Ok(row.map_or_else(Tries::default, read))
}

/// What is counted under a key; everybody else who holds it waits until the commit. Hold the account before the network,
/// so that nobody waits in a circle.
pub fn hold(unit: &mut Unit<'_>, key: &Key) -> Result<Tries> {
    let row: Row = unit.query(|connection| {
        Both(
            diesel::insert_into(login_tries::table)
                .values((login_tries::key.eq(&key[..]), login_tries::failures.eq(0)))
                .on_conflict(login_tries::key)
                .do_update()
                .set(login_tries::failures.eq(login_tries::failures))
                .returning((login_tries::failures, login_tries::last_failed_at, login_tries::blocked_until)),
        )
        .get_result(connection)
    })?;
    Ok(read(row))
}

/// Stores what is counted under a key that is held; nothing to count leaves no row.
pub fn put(unit: &mut Unit<'_>, key: &Key, tries: Tries) -> Result<()> {
    unit.query(|connection| {
        let row = login_tries::table.find(&key[..]);
        if tries.are_none() {
            return diesel::delete(row).execute(connection);
        }
        diesel::update(row)
            .set((
                login_tries::failures.eq(i64::from(tries.failures)),
                login_tries::last_failed_at.eq(tries.last_failed_at.map(At)),
                login_tries::blocked_until.eq(tries.blocked_until.map(At)),
            ))
            .execute(connection)
    })?;
    Ok(())
}

/// Deletes counts of failures from before a point in time; returns how many.
pub fn sweep(unit: &mut Unit<'_>, before: Timestamp) -> Result<usize> {
    unit.query(|connection| {
        let old: Vec<Vec<u8>> = login_tries::table
            .filter(login_tries::last_failed_at.lt(At(before)).or(login_tries::last_failed_at.is_null()))
            .order(login_tries::last_failed_at)
            .limit(STEP)
            .select(login_tries::key)
            .load(connection)?;
        diesel::delete(login_tries::table.filter(login_tries::key.eq_any(old))).execute(connection)
    })
}

fn read((failures, last_failed_at, blocked_until): Row) -> Tries {
    Tries {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        last_failed_at: time(last_failed_at),
        blocked_until: time(blocked_until),
    }
}
