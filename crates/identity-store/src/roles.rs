//! Roles. What they permit, and who has them, is in [`grants`].

use diesel::prelude::*;
use domain::Slug;
use domain::change::Change;
use domain::id::{RoleId, TenantId};
use domain::page::{Listed, Page};
use domain::permission::Permission;
use error_codes::{Result, ide};
use identity::grant::Holder;
use identity::membership::Validity;
use identity::role::Role;
use store::Unit;
use store::sql::{At, Id, id};

use crate::grants;
use crate::paging::{Window, listed, rows_to_read, window};
use crate::rows::count;
use crate::schema::{role_grants, roles};

#[derive(Queryable)]
pub(crate) struct Row {
    tenant_id: Id,
    id: Id,
    slug: String,
    name: String,
    built_in: bool,
    created_at: At,
    declared_by: Option<String>,
}

impl Row {
    pub(crate) fn read(self, unit: &Unit<'_>) -> Result<Role> {
        let id: RoleId = self.id.of();
        Ok(Role {
            id,
            tenant: self.tenant_id.of(),
            slug: Slug::parse(&self.slug).map_err(|_| unit.corrupt("roles", id))?,
            name: self.name,
            built_in: self.built_in,
            declared_by: self.declared_by,
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
                roles::declared_by.eq(role.declared_by.as_deref()),
            ))
            .execute(connection)
    })?;
    for permission in permissions {
        grants::permit(unit, role.tenant, Holder::Role(role.id), permission, Validity::ALWAYS)?;
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

/// Holds a role for a change of it, or of who has it.
pub fn hold(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Option<Role>> {
    let row: Option<Row> = unit.query(|connection| {
        let found = roles::table.filter(roles::tenant_id.eq(id(tenant))).filter(roles::slug.eq(slug.as_str()));
        diesel::update(found)
            .set(roles::name.eq(roles::name))
            .returning(roles::all_columns)
            .get_result(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Stores a new name. Nobody remembers names of roles, so nothing is announced.
pub fn rename(unit: &mut Unit<'_>, role: &Role, name: &str) -> Result<()> {
    unit.query(|connection| {
        diesel::update(roles::table.find((id(role.tenant), id(role.id)))).set(roles::name.eq(name)).execute(connection)
    })?;
    Ok(())
}

/// Deletes a role that is held; whoever had it loses it.
pub fn delete(unit: &mut Unit<'_>, role: &Role) -> Result<()> {
    let (tenant, key) = (id(role.tenant), id(role.id));
    unit.query(|connection| {
        let given = role_grants::table.filter(role_grants::tenant_id.eq(tenant)).filter(role_grants::role_id.eq(key));
        diesel::delete(given).execute(connection)?;
        grants::clear(connection, tenant, &[key])?;
        diesel::delete(roles::table.find((tenant, key))).execute(connection)
    })?;
    unit.announce(role.tenant, Change::PolicyRevised(role.tenant));
    Ok(())
}

/// One page of the roles of a tenant by slug, which is also the key of a page. They are few, so the total is counted.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId, page: &Page) -> Result<Listed<Role>> {
    let window = window(page, |key| Slug::parse(key).ok())?;
    let rows: Vec<Row> = unit.query(|connection| {
        let query = roles::table
            .filter(roles::tenant_id.eq(id(tenant)))
            .order(roles::slug)
            .limit(rows_to_read(page))
            .into_boxed();
        match &window {
            Window::Offset(rows) => query.offset(*rows).load(connection),
            Window::After(key) => query.filter(roles::slug.gt(key.as_str())).load(connection),
        }
    })?;
    let stored: i64 =
        unit.query(|connection| roles::table.filter(roles::tenant_id.eq(id(tenant))).count().get_result(connection))?;
    let total = count(unit, "roles", tenant, stored)?;
    let rows = rows.into_iter().map(|row| row.read(unit)).collect::<Result<_>>()?;
    Ok(listed(rows, page, total, |role: &Role| role.slug.to_string()))
}

/// Every role of a tenant by slug.
pub fn all(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Vec<Role>> {
    let rows: Vec<Row> = unit
        .query(|connection| roles::table.filter(roles::tenant_id.eq(id(tenant))).order(roles::slug).load(connection))?;
    rows.into_iter().map(|row| row.read(unit)).collect()
}
