//! What leads to permissions: the ways from users through groups and roles, and what groups hold of their own.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::change::Change;
use domain::id::{GroupId, TenantId, UserId};
use domain::permission::Permission;
use domain::product::editor_role;
use error_codes::Result;
use identity::group::Group;
use identity::membership::{Reach, Validity};
use identity::role;
use store::Unit;
use store::sql::{At, id};

use crate::rows::{Span, validity};
use crate::schema::{group_members, group_permissions, group_roles, role_permissions, roles};

type PermissionColumns = (String, String, String);

/// Every way in which a permission reaches a user now or later, in two queries.
///
/// Turn it into a set with [`held`](identity::membership::held) or [`unended`](identity::membership::unended). It does
/// not ask whether the user lives or is locked.
pub fn of_user(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<Vec<Reach>> {
    let (tenant, user, now) = (id(tenant), id(user), At(unit.now()));
    let direct: Vec<(PermissionColumns, Span, Span)> = unit.query(|connection| {
        group_members::table
            .inner_join(
                group_permissions::table.on(group_permissions::tenant_id
                    .eq(group_members::tenant_id)
                    .and(group_permissions::group_id.eq(group_members::group_id))),
            )
            .filter(group_members::tenant_id.eq(tenant))
            .filter(group_members::user_id.eq(user))
            .filter(group_members::valid_until.is_null().or(group_members::valid_until.gt(now)))
            .filter(group_permissions::valid_until.is_null().or(group_permissions::valid_until.gt(now)))
            .select((
                (group_permissions::product, group_permissions::resource, group_permissions::action),
                (group_members::valid_from, group_members::valid_until),
                (group_permissions::valid_from, group_permissions::valid_until),
            ))
            .load(connection)
    })?;
    let through_roles: Vec<(PermissionColumns, Span, Span)> = unit.query(|connection| {
        group_members::table
            .inner_join(
                group_roles::table.on(group_roles::tenant_id
                    .eq(group_members::tenant_id)
                    .and(group_roles::group_id.eq(group_members::group_id))),
            )
            .inner_join(
                role_permissions::table.on(role_permissions::tenant_id
                    .eq(group_roles::tenant_id)
                    .and(role_permissions::role_id.eq(group_roles::role_id))),
            )
            .filter(group_members::tenant_id.eq(tenant))
            .filter(group_members::user_id.eq(user))
            .filter(group_members::valid_until.is_null().or(group_members::valid_until.gt(now)))
            .filter(group_roles::valid_until.is_null().or(group_roles::valid_until.gt(now)))
            .select((
                (role_permissions::product, role_permissions::resource, role_permissions::action),
                (group_members::valid_from, group_members::valid_until),
                (group_roles::valid_from, group_roles::valid_until),
            ))
            .load(connection)
    })?;
    let everyone = Reach { permission: role::everyone(), validity: Validity::ALWAYS };
    let ways = direct.into_iter().chain(through_roles);
    Ok(ways.map(|(columns, member, grant)| reach(columns, &[member, grant])).chain([everyone]).collect())
}

/// Every way in which a permission reaches the members of these groups now or later, in two queries.
pub fn of_groups(unit: &mut Unit<'_>, tenant: TenantId, groups: &[GroupId]) -> Result<Vec<Reach>> {
    let (tenant, now) = (id(tenant), At(unit.now()));
    let groups: Vec<_> = groups.iter().map(|&group| id(group)).collect();
    let direct: Vec<(PermissionColumns, Span)> = unit.query(|connection| {
        group_permissions::table
            .filter(group_permissions::tenant_id.eq(tenant))
            .filter(group_permissions::group_id.eq_any(&groups))
            .filter(group_permissions::valid_until.is_null().or(group_permissions::valid_until.gt(now)))
            .select((
                (group_permissions::product, group_permissions::resource, group_permissions::action),
                (group_permissions::valid_from, group_permissions::valid_until),
            ))
            .load(connection)
    })?;
    let through_roles: Vec<(PermissionColumns, Span)> = unit.query(|connection| {
        group_roles::table
            .inner_join(
                role_permissions::table.on(role_permissions::tenant_id
                    .eq(group_roles::tenant_id)
                    .and(role_permissions::role_id.eq(group_roles::role_id))),
            )
            .filter(group_roles::tenant_id.eq(tenant))
            .filter(group_roles::group_id.eq_any(&groups))
            .filter(group_roles::valid_until.is_null().or(group_roles::valid_until.gt(now)))
            .select((
                (role_permissions::product, role_permissions::resource, role_permissions::action),
                (group_roles::valid_from, group_roles::valid_until),
            ))
            .load(connection)
    })?;
    let ways = direct.into_iter().chain(through_roles);
    Ok(ways.map(|(columns, grant)| reach(columns, &[grant])).collect())
}

/// What every application of a product may do: all that its editor role holds; nothing where the tenant has no such role.
pub fn of_product(unit: &mut Unit<'_>, tenant: TenantId, product: &str) -> Result<Vec<Permission>> {
    let rows: Vec<PermissionColumns> = unit.query(|connection| {
        roles::table
            .inner_join(
                role_permissions::table
                    .on(role_permissions::tenant_id.eq(roles::tenant_id).and(role_permissions::role_id.eq(roles::id))),
            )
            .filter(roles::tenant_id.eq(id(tenant)))
            .filter(roles::slug.eq(editor_role(product)))
            .select((role_permissions::product, role_permissions::resource, role_permissions::action))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(permission).collect())
}

/// What a group holds of its own, without its roles, sorted.
pub fn own_of_group(unit: &mut Unit<'_>, group: &Group) -> Result<BTreeSet<Permission>> {
    let rows: Vec<PermissionColumns> = unit.query(|connection| {
        group_permissions::table
            .filter(group_permissions::tenant_id.eq(id(group.tenant)))
            .filter(group_permissions::group_id.eq(id(group.id)))
            .select((group_permissions::product, group_permissions::resource, group_permissions::action))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(permission).collect())
}

/// Gives a group that is held exactly these permissions of its own, without an end; those it keeps stay as they are.
pub fn replace_own(unit: &mut Unit<'_>, group: &Group, wanted: &BTreeSet<Permission>) -> Result<()> {
    let held = own_of_group(unit, group)?;
    if held == *wanted {
        return Ok(());
    }
    let (tenant, key) = (id(group.tenant), id(group.id));
    for permission in held.difference(wanted) {
        let Permission { product, resource, action } = permission;
        unit.query(|connection| {
            diesel::delete(group_permissions::table.find((tenant, key, product, resource, action))).execute(connection)
        })?;
    }
    for permission in wanted.difference(&held) {
        unit.query(|connection| {
            diesel::insert_into(group_permissions::table)
                .values((
                    group_permissions::tenant_id.eq(tenant),
                    group_permissions::group_id.eq(key),
                    group_permissions::product.eq(&permission.product),
                    group_permissions::resource.eq(&permission.resource),
                    group_permissions::action.eq(&permission.action),
                ))
                .execute(connection)
        })?;
    }
    unit.announce(group.tenant, Change::PolicyRevised(group.tenant));
    Ok(())
}

fn permission((product, resource, action): PermissionColumns) -> Permission {
    Permission { product, resource, action }
}

/// A way that holds while all its links do.
fn reach(columns: PermissionColumns, links: &[Span]) -> Reach {
    let validity = links.iter().fold(Validity::ALWAYS, |all, &link| all.and(validity(link)));
    Reach { permission: permission(columns), validity }
}
