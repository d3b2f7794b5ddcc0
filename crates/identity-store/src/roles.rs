//! Roles and which groups have them.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::Slug;
use domain::change::Change;
use domain::id::{RoleId, TenantId};
use domain::permission::Permission;
use error_codes::{Result, ide};
use identity::group::Group;
use identity::membership::Validity;
use identity::role::Role;
use store::sql::{At, Id, id};
use store::{Both, Unit};

use crate::schema::{group_roles, role_permissions, roles};

#[derive(Queryable)]
struct Row {
    tenant_id: Id,
    id: Id,
    slug: String,
    name: String,
    built_in: bool,
    created_at: At,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<Role> {
        let id: RoleId = self.id.of();
        Ok(Role {
            id,
            tenant: self.tenant_id.of(),
            slug: Slug::parse(&self.slug).map_err(|_| unit.corrupt("roles", id))?,
            name: self.name,
            built_in: self.built_in,
            created_at: self.created_at.0,
        })
    }
}

/// Adds a role with its permissions. Nobody has it yet, so nothing is announced.
///
/// # Errors
/// IDE-1009 when a role has the slug.
pub fn insert(unit: &mut Unit<'_>, role: &Role, permissions: &[Permission]) -> Result<()> {
    unit.query_unique(&[("roles_slug", ide::NAME_TAKEN)], |connection| {
        diesel::insert_into(roles::table)
            .values((
                roles::tenant_id.eq(id(role.tenant)),
                roles::id.eq(id(role.id)),
                roles::slug.eq(role.slug.as_str()),
                roles::name.eq(&role.name),
                roles::built_in.eq(role.built_in),
                roles::created_at.eq(At(role.created_at)),
            ))
            .execute(connection)
    })?;
    for permission in permissions {
        unit.query(|connection| {
            diesel::insert_into(role_permissions::table)
                .values((
                    role_permissions::tenant_id.eq(id(role.tenant)),
                    role_permissions::role_id.eq(id(role.id)),
                    role_permissions::product.eq(&permission.product),
                    role_permissions::resource.eq(&permission.resource),
                    role_permissions::action.eq(&permission.action),
                ))
                .execute(connection)
        })?;
    }
    Ok(())
}

/// The role of a slug.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Option<Role>> {
    let row: Option<Row> = unit.query(|connection| {
        roles::table
            .filter(roles::tenant_id.eq(id(tenant)))
            .filter(roles::slug.eq(slug.as_str()))
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// What a role permits.
pub fn permissions_of(unit: &mut Unit<'_>, role: &Role) -> Result<BTreeSet<Permission>> {
    let rows: Vec<(String, String, String)> = unit.query(|connection| {
        role_permissions::table
            .filter(role_permissions::tenant_id.eq(id(role.tenant)))
            .filter(role_permissions::role_id.eq(id(role.id)))
            .select((role_permissions::product, role_permissions::resource, role_permissions::action))
            .load(connection)
    })?;
    Ok(rows.into_iter().map(|(product, resource, action)| Permission { product, resource, action }).collect())
}

/// Lets a role permit more; what it permits already stays.
pub fn permit(unit: &mut Unit<'_>, role: &Role, permission: &Permission) -> Result<()> {
    unit.query(|connection| {
        Both(
            diesel::insert_into(role_permissions::table)
                .values((
                    role_permissions::tenant_id.eq(id(role.tenant)),
                    role_permissions::role_id.eq(id(role.id)),
                    role_permissions::product.eq(&permission.product),
                    role_permissions::resource.eq(&permission.resource),
                    role_permissions::action.eq(&permission.action),
                ))
                .on_conflict_do_nothing(),
        )
        .execute(connection)
    })?;
    unit.announce(role.tenant, Change::PolicyRevised(role.tenant));
    Ok(())
}

/// Stores a new name. Nobody remembers names of roles, so nothing is announced.
pub fn rename(unit: &mut Unit<'_>, role: &Role, name: &str) -> Result<()> {
    unit.query(|connection| {
        diesel::update(roles::table.find((id(role.tenant), id(role.id)))).set(roles::name.eq(name)).execute(connection)
    })?;
    Ok(())
}

/// Lets a role permit no longer what it permits.
pub fn forbid(unit: &mut Unit<'_>, role: &Role, permission: &Permission) -> Result<()> {
    let Permission { product, resource, action } = permission;
    let key = (id(role.tenant), id(role.id), product, resource, action);
    unit.query(|connection| diesel::delete(role_permissions::table.find(key)).execute(connection))?;
    unit.announce(role.tenant, Change::PolicyRevised(role.tenant));
    Ok(())
}

/// Deletes a role; every group that had it loses it.
pub fn delete(unit: &mut Unit<'_>, role: &Role) -> Result<()> {
    let (tenant, key) = (id(role.tenant), id(role.id));
    unit.query(|connection| {
        let given = group_roles::table.filter(group_roles::tenant_id.eq(tenant)).filter(group_roles::role_id.eq(key));
        diesel::delete(given).execute(connection)?;
        let permissions = role_permissions::table
            .filter(role_permissions::tenant_id.eq(tenant))
            .filter(role_permissions::role_id.eq(key));
        diesel::delete(permissions).execute(connection)?;
        diesel::delete(roles::table.find((tenant, key))).execute(connection)
    })?;
    unit.announce(role.tenant, Change::PolicyRevised(role.tenant));
    Ok(())
}

/// Takes a role from a group.
pub fn take(unit: &mut Unit<'_>, group: &Group, role: RoleId) -> Result<()> {
    let key = (id(group.tenant), id(group.id), id(role));
    unit.query(|connection| diesel::delete(group_roles::table.find(key)).execute(connection))?;
    unit.announce(group.tenant, Change::PolicyRevised(group.tenant));
    Ok(())
}

/// Gives a group a role it does not have.
pub fn give(unit: &mut Unit<'_>, group: &Group, role: RoleId, validity: Validity) -> Result<()> {
    unit.query(|connection| {
        diesel::insert_into(group_roles::table)
            .values((
                group_roles::tenant_id.eq(id(group.tenant)),
                group_roles::group_id.eq(id(group.id)),
                group_roles::role_id.eq(id(role)),
                group_roles::valid_from.eq(validity.from.map(At)),
                group_roles::valid_until.eq(validity.until.map(At)),
            ))
            .execute(connection)
    })?;
    unit.announce(group.tenant, Change::PolicyRevised(group.tenant));
    Ok(())
}

/// The roles of a tenant by slug. There are as many as its products seed.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Vec<Role>> {
    let rows: Vec<Row> = unit
        .query(|connection| roles::table.filter(roles::tenant_id.eq(id(tenant))).order(roles::slug).load(connection))?;
    rows.into_iter().map(|row| row.read(unit)).collect()
}

/// The slugs of the roles that a group has, also of those whose time has not come.
pub fn of_group(unit: &mut Unit<'_>, group: &Group) -> Result<Vec<Slug>> {
    let slugs: Vec<String> = unit.query(|connection| {
        group_roles::table
            .inner_join(
                roles::table.on(roles::tenant_id.eq(group_roles::tenant_id).and(roles::id.eq(group_roles::role_id))),
            )
            .filter(group_roles::tenant_id.eq(id(group.tenant)))
            .filter(group_roles::group_id.eq(id(group.id)))
            .order(roles::slug)
            .select(roles::slug)
            .load(connection)
    })?;
    slugs.iter().map(|slug| Slug::parse(slug).map_err(|_| unit.corrupt("roles", slug))).collect()
}
