//! What is true of the whole database, as names and values.

use diesel::prelude::*;
use diesel::upsert::excluded;
use error_codes::Result;

use crate::connection::Both;
use crate::schema::deployment;
use crate::unit::Unit;

/// Keeps a value under a name where there is none; gives the one that is kept.
pub fn keep(unit: &mut Unit<'_>, name: &str, value: &str) -> Result<String> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(deployment::table)
                .values((deployment::name.eq(name), deployment::value.eq(value)))
                .on_conflict_do_nothing(),
        )
        .execute(connection)?;
        deployment::table.find(name).select(deployment::value).first(connection)
    })
}

/// The value under a name; `None` where there is none.
pub fn find(unit: &mut Unit<'_>, name: &str) -> Result<Option<String>> {
    unit.query(|connection| deployment::table.find(name).select(deployment::value).first(connection).optional())
}

/// Puts a value under a name, over the one that is there. Everybody else who puts one there waits until the commit.
pub fn put(unit: &mut Unit<'_>, name: &str, value: &str) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(deployment::table)
                .values((deployment::name.eq(name), deployment::value.eq(value)))
                .on_conflict(deployment::name)
                .do_update()
                .set(deployment::value.eq(excluded(deployment::value))),
        )
        .execute(connection)
    })?;
    Ok(())
}

/// Replaces a value, where it is still the one that was seen; false where it is not.
pub fn replace(unit: &mut Unit<'_>, name: &str, was: &str, value: &str) -> Result<bool> {
    let replaced = unit.query(|connection| {
        diesel::update(deployment::table.find(name))
            .filter(deployment::value.eq(was))
            .set(deployment::value.eq(value))
            .execute(connection)
    })?;
    Ok(replaced == 1)
}
