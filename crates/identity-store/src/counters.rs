//! Totals of lists, kept in the transactions that change them.

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::id::TenantId;
use error_codes::Result;
use store::sql::id;
use store::{Both, Unit};

use crate::rows::count;
use crate::schema::counters;

/// What is counted in each tenant; the living only.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Users,
    Groups,
    Applications,
}

impl Kind {
    const fn column(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Applications => "applications",
        }
    }
}

/// Adds to a total. The row stays locked until the commit, so this comes late in a unit of work.
pub(crate) fn add(unit: &mut Unit<'_>, tenant: TenantId, kind: Kind, difference: i64) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(counters::table)
                .values((
                    counters::tenant_id.eq(id(tenant)),
                    counters::kind.eq(kind.column()),
                    counters::total.eq(difference),
                ))
                .on_conflict((counters::tenant_id, counters::kind))
                .do_update()
                .set(counters::total.eq(counters::total + excluded(counters::total))),
        )
        .execute(connection)
    })?;
    Ok(())
}

/// The total of a kind.
pub(crate) fn total(unit: &mut Unit<'_>, tenant: TenantId, kind: Kind) -> Result<u64> {
    let stored: Option<i64> = unit.query(|connection| {
        counters::table.find((id(tenant), kind.column())).select(counters::total).first(connection).optional()
    })?;
    count(unit, "counters", tenant, stored.unwrap_or(0))
}
