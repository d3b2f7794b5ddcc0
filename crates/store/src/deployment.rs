//! What is true of the whole database, as names and values.

use diesel::prelude::*;
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

/// The value kept under a name.
pub fn find(unit: &mut Unit<'_>, name: &str) -> Result<Option<String>> {
    unit.query(|connection| deployment::table.find(name).select(deployment::value).first(connection).optional())
}
