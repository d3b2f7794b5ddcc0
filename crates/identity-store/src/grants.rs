//! What a holder was granted of its own: permissions, and roles.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::result::QueryResult;
use diesel::upsert::excluded;
use domain::change::Change;
use domain::id::{RoleId, TenantId};
use domain::permission::Permission;
use error_codes::Result;
use identity::grant::Holder;
use identity::membership::Validity;
use identity::role::Role;
use store::sql::{At, Id};
use store::{AnyConnection, Both, Unit};

use crate::roles;
use crate::rows::{Span, validity};
use crate::schema::{permission_grants, role_grants, roles as role_rows};

/// The permissions that a holder has of its own, without those of its roles, and when.
pub fn permissions(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder) -> Result<BTreeMap<Permission, Validity>> {
    let rows: Vec<(String, String, String, Span)> = unit.query(|connection| {
        permission_grants::table
            .filter(permission_grants::tenant_id.eq(store::sql::id(tenant)))
            .filter(permission_grants::holder_id.eq(Id(holder.uuid())))
            .select((
                permission_grants::product,
                permission_grants::resource,
                permission_grants::action,
                (permission_grants::valid_from, permission_grants::valid_until),
            ))
            .load(connection)
    })?;
    let read = |(product, resource, action, span)| (Permission { product, resource, action }, validity(span));
    Ok(rows.into_iter().map(read).collect())
}

/// Grants a permission, or changes when it is held. A holder that lives is held, or new.
pub fn permit(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    holder: Holder,
    permission: &Permission,
    validity: Validity,
) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(permission_grants::table)
                .values((
                    permission_grants::tenant_id.eq(store::sql::id(tenant)),
                    permission_grants::holder_id.eq(Id(holder.uuid())),
                    permission_grants::product.eq(&permission.product),
                    permission_grants::resource.eq(&permission.resource),
                    permission_grants::action.eq(&permission.action),
                    permission_grants::valid_from.eq(validity.from.map(At)),
                    permission_grants::valid_until.eq(validity.until.map(At)),
                ))
                .on_conflict((
                    permission_grants::tenant_id,
                    permission_grants::holder_id,
                    permission_grants::product,
                    permission_grants::resource,
                    permission_grants::action,
                ))
                .do_update()
                .set((
                    permission_grants::valid_from.eq(excluded(permission_grants::valid_from)),
                    permission_grants::valid_until.eq(excluded(permission_grants::valid_until)),
                )),
        )
        .execute(connection)
    })?;
    announce(unit, tenant, holder);
    Ok(())
}

/// Takes a permission back; nothing happens where it is not held.
pub fn forbid(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder, permission: &Permission) -> Result<()> {
    let Permission { product, resource, action } = permission;
    let key = (store::sql::id(tenant), Id(holder.uuid()), product, resource, action);
    unit.query(|connection| diesel::delete(permission_grants::table.find(key)).execute(connection))?;
    announce(unit, tenant, holder);
    Ok(())
}

/// Lets a holder have exactly these permissions of its own; nothing is told where it already does.
pub fn replace(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    holder: Holder,
    wanted: &BTreeMap<Permission, Validity>,
) -> Result<()> {
    let held = permissions(unit, tenant, holder)?;
    for permission in held.keys().filter(|permission| !wanted.contains_key(permission)) {
        forbid(unit, tenant, holder, permission)?;
    }
    for (permission, &validity) in wanted.iter().filter(|(permission, validity)| held.get(permission) != Some(validity))
    {
        permit(unit, tenant, holder, permission, validity)?;
    }
    Ok(())
}

/// The roles that a holder was given, by slug, also those whose time is over or has not come.
pub fn roles(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder) -> Result<Vec<(Role, Validity)>> {
    let rows: Vec<(roles::Row, Span)> = unit.query(|connection| {
        role_grants::table
            .inner_join(
                role_rows::table
                    .on(role_rows::tenant_id.eq(role_grants::tenant_id).and(role_rows::id.eq(role_grants::role_id))),
            )
            .filter(role_grants::tenant_id.eq(store::sql::id(tenant)))
            .filter(role_grants::holder_id.eq(Id(holder.uuid())))
            .order(role_rows::slug)
            .select((role_rows::all_columns, (role_grants::valid_from, role_grants::valid_until)))
            .load(connection)
    })?;
    rows.into_iter().map(|(row, span)| Ok((row.read(unit)?, validity(span)))).collect()
}

/// Gives a holder a role, or changes when it has it. A holder that lives is held, or new. No declaration takes it back,
/// also where one gave it.
pub fn give(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder, role: RoleId, validity: Validity) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(role_grants::table)
                .values((
                    role_grants::tenant_id.eq(store::sql::id(tenant)),
                    role_grants::holder_id.eq(Id(holder.uuid())),
                    role_grants::role_id.eq(store::sql::id(role)),
                    role_grants::valid_from.eq(validity.from.map(At)),
                    role_grants::valid_until.eq(validity.until.map(At)),
                    role_grants::declared.eq(false),
                ))
                .on_conflict((role_grants::tenant_id, role_grants::holder_id, role_grants::role_id))
                .do_update()
                .set((
                    role_grants::valid_from.eq(excluded(role_grants::valid_from)),
                    role_grants::valid_until.eq(excluded(role_grants::valid_until)),
                    role_grants::declared.eq(excluded(role_grants::declared)),
                )),
        )
        .execute(connection)
    })?;
    announce(unit, tenant, holder);
    Ok(())
}

/// Takes a role from a holder; false when it did not have it.
pub fn take(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder, role: RoleId) -> Result<bool> {
    let key = (store::sql::id(tenant), Id(holder.uuid()), store::sql::id(role));
    let taken = unit.query(|connection| diesel::delete(role_grants::table.find(key)).execute(connection))?;
    if taken == 1 {
        announce(unit, tenant, holder);
    }
    Ok(taken == 1)
}

/// Gives a holder a role because its product declares so; nothing happens where the holder has it already, on whatever
/// terms. The holder is held.
pub fn give_declared(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder, role: RoleId) -> Result<()> {
    let given = unit.query(|connection| {
        Both(
            diesel::insert_into(role_grants::table)
                .values((
                    role_grants::tenant_id.eq(store::sql::id(tenant)),
                    role_grants::holder_id.eq(Id(holder.uuid())),
                    role_grants::role_id.eq(store::sql::id(role)),
                    role_grants::declared.eq(true),
                ))
                .on_conflict_do_nothing(),
        )
        .execute(connection)
    })?;
    if given == 1 {
        announce(unit, tenant, holder);
    }
    Ok(())
}

/// Takes a role back that a declaration gave; what an administrator gave, or changed, stays.
pub fn take_declared(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder, role: RoleId) -> Result<()> {
    let key = (store::sql::id(tenant), Id(holder.uuid()), store::sql::id(role));
    let taken = unit.query(|connection| {
        diesel::delete(role_grants::table.find(key).filter(role_grants::declared.eq(true))).execute(connection)
    })?;
    if taken == 1 {
        announce(unit, tenant, holder);
    }
    Ok(())
}

/// Takes everything from holders that are about to go. What that changes is for the caller to announce.
pub(crate) fn clear(connection: &mut AnyConnection, tenant: Id, holders: &[Id]) -> QueryResult<()> {
    diesel::delete(
        permission_grants::table
            .filter(permission_grants::tenant_id.eq(tenant))
            .filter(permission_grants::holder_id.eq_any(holders)),
    )
    .execute(connection)?;
    diesel::delete(
        role_grants::table.filter(role_grants::tenant_id.eq(tenant)).filter(role_grants::holder_id.eq_any(holders)),
    )
    .execute(connection)?;
    Ok(())
}

/// Of a group or a role many subjects may hold what was granted, so all of the tenant are resolved anew.
fn announce(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder) {
    unit.announce(
        tenant,
        match holder {
            Holder::Role(_) | Holder::Group(_) => Change::PolicyRevised(tenant),
            Holder::User(user) => Change::UserRevised(user),
            Holder::Application(application) => Change::ApplicationRevised(application),
        },
    );
}
