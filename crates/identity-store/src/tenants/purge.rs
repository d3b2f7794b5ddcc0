//! What a deleted tenant leaves behind goes away step by step; nobody finds it from the deletion on.

use diesel::prelude::*;
use diesel::result::QueryResult;
use error_codes::Result;
use store::sql::{At, Id};
use store::{AnyConnection, Unit};

use crate::grants;
use crate::schema::{
    application_secrets, applications, counters, declarations, group_members, groups, password_credentials, roles,
    tenants, users,
};

/// People, groups, applications or roles that leave in one step, each with all that hangs on it.
const STEP: i64 = 200;

/// Takes one step: deletes some rows of a deleted tenant, and marks it purged where none is left. Says how many rows it
/// deleted or marked; 0 when there is nothing to do.
///
/// A new table with a `tenant_id` belongs into a step; a test finds the one that was forgotten.
pub fn purge_step(unit: &mut Unit<'_>) -> Result<usize> {
    let now = At(unit.now());
    unit.query(|connection| {
        let unpurged = tenants::table.filter(tenants::deleted_at.is_not_null()).filter(tenants::purged_at.is_null());
        let oldest: Option<Id> =
            unpurged.order(tenants::deleted_at).select(tenants::id).first(connection).optional()?;
        let Some(tenant) = oldest else { return Ok(0) };
        // The counters come last: whoever was still adding something holds one until the commit, and is met by the next
        // step.
        for step in [purge_users, purge_groups, purge_applications, purge_roles, purge_counters] {
            let deleted = step(connection, tenant)?;
            if deleted > 0 {
                return Ok(deleted);
            }
        }
        diesel::update(tenants::table.find(tenant)).set(tenants::purged_at.eq(Some(now))).execute(connection)
    })
}

fn purge_users(connection: &mut AnyConnection, tenant: Id) -> QueryResult<usize> {
    let ids: Vec<Id> =
        users::table.filter(users::tenant_id.eq(tenant)).limit(STEP).select(users::id).load(connection)?;
    diesel::delete(
        password_credentials::table
            .filter(password_credentials::tenant_id.eq(tenant))
            .filter(password_credentials::user_id.eq_any(&ids)),
    )
    .execute(connection)?;
    diesel::delete(
        group_members::table.filter(group_members::tenant_id.eq(tenant)).filter(group_members::user_id.eq_any(&ids)),
    )
    .execute(connection)?;
    grants::clear(connection, tenant, &ids)?;
    diesel::delete(users::table.filter(users::tenant_id.eq(tenant)).filter(users::id.eq_any(&ids))).execute(connection)
}

fn purge_groups(connection: &mut AnyConnection, tenant: Id) -> QueryResult<usize> {
    let ids: Vec<Id> =
        groups::table.filter(groups::tenant_id.eq(tenant)).limit(STEP).select(groups::id).load(connection)?;
    grants::clear(connection, tenant, &ids)?;
    diesel::delete(groups::table.filter(groups::tenant_id.eq(tenant)).filter(groups::id.eq_any(&ids)))
        .execute(connection)
}

fn purge_applications(connection: &mut AnyConnection, tenant: Id) -> QueryResult<usize> {
    let ids: Vec<Id> = applications::table
        .filter(applications::tenant_id.eq(tenant))
        .limit(STEP)
        .select(applications::id)
        .load(connection)?;
    diesel::delete(
        application_secrets::table
            .filter(application_secrets::tenant_id.eq(tenant))
            .filter(application_secrets::application_id.eq_any(&ids)),
    )
    .execute(connection)?;
    grants::clear(connection, tenant, &ids)?;
    diesel::delete(applications::table.filter(applications::tenant_id.eq(tenant)).filter(applications::id.eq_any(&ids)))
        .execute(connection)
}

fn purge_roles(connection: &mut AnyConnection, tenant: Id) -> QueryResult<usize> {
    let ids: Vec<Id> =
        roles::table.filter(roles::tenant_id.eq(tenant)).limit(STEP).select(roles::id).load(connection)?;
    grants::clear(connection, tenant, &ids)?;
    // Two at most for each product of the deployment.
    diesel::delete(declarations::table.filter(declarations::tenant_id.eq(tenant))).execute(connection)?;
    diesel::delete(roles::table.filter(roles::tenant_id.eq(tenant)).filter(roles::id.eq_any(&ids))).execute(connection)
}

fn purge_counters(connection: &mut AnyConnection, tenant: Id) -> QueryResult<usize> {
    diesel::delete(counters::table.filter(counters::tenant_id.eq(tenant))).execute(connection)
}
