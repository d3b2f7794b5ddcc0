//! Totals of lists, kept in the transactions that change them.

use diesel::prelude::*;
use diesel::upsert::excluded;
use domain::id::TenantId;
use error_codes::{Result, ide};
use identity::tenant::{Limits, keep_within};
use store::sql::id;
use store::{Both, Unit};

use crate::rows::count;
use crate::schema::counters;
use crate::tenants;

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

    const fn limit(self, limits: &Limits) -> Option<u32> {
        match self {
            Self::Users => limits.users,
            Self::Groups => limits.groups,
            Self::Applications => limits.applications,
        }
    }
}

/// Counts one more, which may go beyond no limit of the tenant; what is seeded with it always may be.
///
/// The total is read from the row that was just locked, so that of many who add at once none passes the limit.
///
/// # Errors
/// IDE-1019; IDE-0009 when the tenant was deleted meanwhile.
pub(crate) fn add_one(unit: &mut Unit<'_>, tenant: TenantId, kind: Kind, is_seeded: bool) -> Result<()> {
    let total = add(unit, tenant, kind, 1)?;
    if is_seeded {
        return Ok(());
    }
    let limits = tenants::find(unit, tenant)?.ok_or(ide::INVALID_TOKEN)?.limits;
    keep_within(kind.column(), kind.limit(&limits), count(unit, "counters", tenant, total)?)
}

/// Adds to a total, and tells it. The row stays locked until the commit, so this comes late in a unit of work.
pub(crate) fn add(unit: &mut Unit<'_>, tenant: TenantId, kind: Kind, difference: i64) -> Result<i64> {
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
                .set(counters::total.eq(counters::total + excluded(counters::total)))
                .returning(counters::total),
        )
        .get_result(connection)
    })
}

/// The total of a kind.
pub(crate) fn total(unit: &mut Unit<'_>, tenant: TenantId, kind: Kind) -> Result<u64> {
    let stored: Option<i64> = unit.query(|connection| {
        counters::table.find((id(tenant), kind.column())).select(counters::total).first(connection).optional()
    })?;
    count(unit, "counters", tenant, stored.unwrap_or(0))
}
