//! Groups, the living and the tombstones of the deleted.

use std::collections::BTreeSet;

use diesel::prelude::*;
use domain::Slug;
use domain::change::Change;
use domain::id::{GroupId, TenantId};
use domain::page::{Listed, Page};
use error_codes::{Code, Result, ide};
use identity::group::Group;
use store::Unit;
use store::sql::{At, Id, id};

use crate::counters::{self, Kind};
use crate::grants;
use crate::paging::{Window, listed, rows_to_read, window};
use crate::schema::{group_members, groups};

const COLLISIONS: &[(&str, Code)] = &[("groups_slug", ide::NAME_TAKEN)];

#[derive(Queryable)]
struct Row {
    tenant_id: Id,
    id: Id,
    slug: String,
    name: String,
    built_in: bool,
    _revision: i64,
    created_at: At,
    _deleted_at: Option<At>,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<Group> {
        let id: GroupId = self.id.of();
        Ok(Group {
            id,
            tenant: self.tenant_id.of(),
            slug: Slug::parse(&self.slug).map_err(|_| unit.corrupt("groups", id))?,
            name: self.name,
            built_in: self.built_in,
            created_at: self.created_at.0,
        })
    }
}

/// Adds a group.
///
/// # Errors
/// IDE-1009 when a group has, or had, the slug; IDE-1019.
pub fn insert(unit: &mut Unit<'_>, group: &Group) -> Result<()> {
    unit.query_unique(COLLISIONS, |connection| {
        diesel::insert_into(groups::table)
            .values((
                groups::tenant_id.eq(id(group.tenant)),
                groups::id.eq(id(group.id)),
                groups::slug.eq(group.slug.as_str()),
                groups::name.eq(&group.name),
                groups::built_in.eq(group.built_in),
                groups::revision.eq(0),
                groups::created_at.eq(At(group.created_at)),
            ))
            .execute(connection)
    })?;
    counters::add_one(unit, group.tenant, Kind::Groups, group.built_in)
}

/// The living group of a slug.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Option<Group>> {
    let row: Option<Row> = unit.query(|connection| {
        groups::table
            .filter(groups::tenant_id.eq(id(tenant)))
            .filter(groups::slug.eq(slug.as_str()))
            .filter(groups::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living groups of these slugs; fewer than were asked for where some do not exist.
pub fn find_all(unit: &mut Unit<'_>, tenant: TenantId, slugs: &BTreeSet<Slug>) -> Result<Vec<Group>> {
    let rows: Vec<Row> = unit.query(|connection| {
        groups::table
            .filter(groups::tenant_id.eq(id(tenant)))
            .filter(groups::slug.eq_any(slugs.iter().map(Slug::as_str)))
            .filter(groups::deleted_at.is_null())
            .order(groups::slug)
            .load(connection)
    })?;
    rows.into_iter().map(|row| row.read(unit)).collect()
}

/// Holds a living group for a change of it, of its members or of its permissions: keeps everybody else who holds it
/// waiting until the commit.
pub fn hold(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Option<Group>> {
    let row: Option<Row> = unit.query(|connection| {
        let living = groups::table
            .filter(groups::tenant_id.eq(id(tenant)))
            .filter(groups::slug.eq(slug.as_str()))
            .filter(groups::deleted_at.is_null());
        diesel::update(living)
            .set(groups::revision.eq(groups::revision + 1))
            .returning(groups::all_columns)
            .get_result(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Stores a new name. Nobody remembers names of groups, so nothing is announced.
pub fn rename(unit: &mut Unit<'_>, group: &Group, name: &str) -> Result<()> {
    unit.query(|connection| {
        diesel::update(groups::table.find((id(group.tenant), id(group.id))))
            .set(groups::name.eq(name))
            .execute(connection)
    })?;
    Ok(())
}

/// Makes a group that is held a tombstone: nobody is in it, it permits nothing, and its slug is never given again.
pub fn mark_deleted(unit: &mut Unit<'_>, group: &Group) -> Result<()> {
    let (tenant, key) = (id(group.tenant), id(group.id));
    let now = At(unit.now());
    unit.query(|connection| {
        let members =
            group_members::table.filter(group_members::tenant_id.eq(tenant)).filter(group_members::group_id.eq(key));
        diesel::delete(members).execute(connection)?;
        grants::clear(connection, tenant, &[key])?;
        diesel::update(groups::table.find((tenant, key))).set(groups::deleted_at.eq(Some(now))).execute(connection)
    })?;
    counters::add(unit, group.tenant, Kind::Groups, -1)?;
    unit.announce(group.tenant, Change::PolicyRevised(group.tenant));
    Ok(())
}

/// The living groups of a tenant by slug, which is also the key of a page.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId, page: &Page) -> Result<Listed<Group>> {
    let window = window(page, |key| Slug::parse(key).ok())?;
    let rows: Vec<Row> = unit.query(|connection| {
        let query = groups::table
            .filter(groups::tenant_id.eq(id(tenant)))
            .filter(groups::deleted_at.is_null())
            .order(groups::slug)
            .limit(rows_to_read(page))
            .into_boxed();
        match &window {
            Window::Offset(rows) => query.offset(*rows).load(connection),
            Window::After(key) => query.filter(groups::slug.gt(key.as_str())).load(connection),
        }
    })?;
    let groups = rows.into_iter().map(|row| row.read(unit)).collect::<Result<_>>()?;
    let total = counters::total(unit, tenant, Kind::Groups)?;
    Ok(listed(groups, page, total, |group: &Group| group.slug.to_string()))
}
