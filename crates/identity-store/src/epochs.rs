//! All epochs at once, after a restore.

use diesel::prelude::*;
use domain::Epoch;
use domain::change::Change;
use domain::id::TenantId;
use error_codes::Result;
use store::Unit;
use store::sql::Id;

use crate::rows::{epoch, epoch_column};
use crate::schema::{applications, tenants, users};

/// Raises every epoch to a number that none has reached, so that everything issued before is dead; returns how many
/// tenants there are.
///
/// What was issued between a backup and its restore carries epochs of which the database knows nothing any more, and
/// verifiers that went on running remember them. So one more is not enough: `floor` is taken from the time.
pub fn raise_all(unit: &mut Unit<'_>, floor: Epoch) -> Result<usize> {
    let floor = epoch_column(floor);
    macro_rules! raise {
        ($unit:ident, $table:ident) => {
            $unit.query(|connection| {
                diesel::update($table::table.filter($table::epoch.ge(floor)))
                    .set($table::epoch.eq($table::epoch + 1))
                    .execute(connection)?;
                diesel::update($table::table.filter($table::epoch.lt(floor)))
                    .set($table::epoch.eq(floor))
                    .execute(connection)
            })?
        };
    }
    raise!(unit, applications);
    raise!(unit, users);
    raise!(unit, tenants);
    let raised: Vec<(Id, i64)> = unit
        .query(|connection| tenants::table.order(tenants::id).select((tenants::id, tenants::epoch)).load(connection))?;
    // All tokens are of a tenant, so what verifiers must be told is one number for each.
    for (id, raised) in &raised {
        let tenant: TenantId = id.of();
        let raised = epoch(unit, "tenants", tenant, *raised)?;
        unit.announce(tenant, Change::TenantEpoch(tenant, raised));
    }
    Ok(raised.len())
}
