//! Tenants, the living and the tombstones of the deleted.

use diesel::prelude::*;
use domain::Slug;
use domain::change::Change;
use domain::id::TenantId;
use domain::page::{Listed, Page};
use error_codes::{Code, Result, ide};
use identity::tenant::{Tenant, TenantName};
use serde::Serialize;
use store::Unit;
use store::sql::{At, Id, id};

use crate::paging::{Window, listed, rows_to_read, window};
use crate::rows::{count, epoch, epoch_column};
use crate::schema::tenants;

pub use purge::purge_step;

mod purge;

const COLLISIONS: &[(&str, Code)] = &[("tenants_slug", ide::NAME_TAKEN)];

#[derive(Queryable)]
struct Row {
    id: Id,
    slug: String,
    display_name: String,
    settings: String,
    active: bool,
    epoch: i64,
    _revision: i64,
    created_at: At,
    limits: String,
    updated_at: At,
    _deleted_at: Option<At>,
    _purged_at: Option<At>,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<Tenant> {
        let id: TenantId = self.id.of();
        Ok(Tenant {
            id,
            slug: Slug::parse(&self.slug).map_err(|_| unit.corrupt("tenants", id))?,
            display_name: self.display_name,
            active: self.active,
            epoch: epoch(unit, "tenants", id, self.epoch)?,
            settings: serde_json::from_str(&self.settings).map_err(|_| unit.corrupt("tenants", id))?,
            limits: serde_json::from_str(&self.limits).map_err(|_| unit.corrupt("tenants", id))?,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        })
    }
}

/// Adds a tenant.
///
/// # Errors
/// IDE-1009 when a tenant has, or had, the slug.
pub fn insert(unit: &mut Unit<'_>, tenant: &Tenant) -> Result<()> {
    let (settings, limits) = (json(unit, tenant, &tenant.settings)?, json(unit, tenant, &tenant.limits)?);
    unit.query_unique(COLLISIONS, |connection| {
        diesel::insert_into(tenants::table)
            .values((
                tenants::id.eq(id(tenant.id)),
                tenants::slug.eq(tenant.slug.as_str()),
                tenants::display_name.eq(&tenant.display_name),
                tenants::settings.eq(settings),
                tenants::limits.eq(limits),
                tenants::active.eq(tenant.active),
                tenants::epoch.eq(epoch_column(tenant.epoch)),
                tenants::revision.eq(0),
                tenants::created_at.eq(At(tenant.created_at)),
                tenants::updated_at.eq(At(tenant.updated_at)),
            ))
            .execute(connection)
    })?;
    Ok(())
}

/// The living tenant of an id.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Option<Tenant>> {
    let row: Option<Row> = unit.query(|connection| {
        tenants::table.find(id(tenant)).filter(tenants::deleted_at.is_null()).first(connection).optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living tenant of a slug.
pub fn find_by_slug(unit: &mut Unit<'_>, slug: &str) -> Result<Option<Tenant>> {
    let row: Option<Row> = unit.query(|connection| {
        tenants::table.filter(tenants::slug.eq(slug)).filter(tenants::deleted_at.is_null()).first(connection).optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living tenant of a name.
pub fn find_by_name(unit: &mut Unit<'_>, name: &TenantName) -> Result<Option<Tenant>> {
    match name {
        TenantName::Id(id) => find(unit, *id),
        TenantName::Slug(slug) => find_by_slug(unit, slug.as_str()),
    }
}

/// Holds a living tenant for a change: raises the revision, and keeps everybody else from the row until the commit.
pub fn hold(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Option<Tenant>> {
    let row: Option<Row> = unit.query(|connection| {
        diesel::update(tenants::table.find(id(tenant)).filter(tenants::deleted_at.is_null()))
            .set(tenants::revision.eq(tenants::revision + 1))
            .returning(tenants::all_columns)
            .get_result(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Stores a changed tenant that is held; the slug stays. Announces that every token in it ended where the epoch rose,
/// else that the tenant changed.
pub fn update(unit: &mut Unit<'_>, was: &Tenant, tenant: &Tenant) -> Result<Tenant> {
    let changed = Tenant { updated_at: unit.now(), ..tenant.clone() };
    let (settings, limits) = (json(unit, tenant, &tenant.settings)?, json(unit, tenant, &tenant.limits)?);
    unit.query(|connection| {
        diesel::update(tenants::table.find(id(tenant.id)))
            .set((
                tenants::display_name.eq(&tenant.display_name),
                tenants::settings.eq(settings),
                tenants::limits.eq(limits),
                tenants::active.eq(tenant.active),
                tenants::epoch.eq(epoch_column(tenant.epoch)),
                tenants::updated_at.eq(At(changed.updated_at)),
            ))
            .execute(connection)
    })?;
    let change = if tenant.epoch > was.epoch {
        Change::TenantEpoch(tenant.id, tenant.epoch)
    } else {
        Change::TenantRevised(tenant.id)
    };
    unit.announce(tenant.id, change);
    Ok(changed)
}

/// Makes a tenant that is held a tombstone: every token in it is dead, nobody finds anything of it, and its slug is never
/// given again. Its rows leave by [`purge_step`].
pub fn mark_deleted(unit: &mut Unit<'_>, tenant: &Tenant) -> Result<()> {
    let epoch = tenant.epoch.next();
    let now = At(unit.now());
    unit.query(|connection| {
        diesel::update(tenants::table.find(id(tenant.id)))
            .set((
                tenants::display_name.eq(""),
                tenants::settings.eq("{}"),
                tenants::limits.eq("{}"),
                tenants::active.eq(false),
                tenants::epoch.eq(epoch_column(epoch)),
                tenants::updated_at.eq(now),
                tenants::deleted_at.eq(Some(now)),
            ))
            .execute(connection)
    })?;
    unit.announce(tenant.id, Change::TenantEpoch(tenant.id, epoch));
    Ok(())
}

/// The living tenants in the order they were made; the key of a page is the id.
pub fn list(unit: &mut Unit<'_>, page: &Page) -> Result<Listed<Tenant>> {
    let window = window(page, |key| TenantId::parse(key).ok())?;
    let rows: Vec<Row> = unit.query(|connection| {
        let query = tenants::table
            .filter(tenants::deleted_at.is_null())
            .order(tenants::id)
            .limit(rows_to_read(page))
            .into_boxed();
        match window {
            Window::Offset(rows) => query.offset(rows).load(connection),
            Window::After(key) => query.filter(tenants::id.gt(id(key))).load(connection),
        }
    })?;
    let tenants = rows.into_iter().map(|row| row.read(unit)).collect::<Result<_>>()?;
    // There are few tenants beside their rows, and only the platform's administrators list them.
    let total: i64 =
        unit.query(|connection| tenants::table.filter(tenants::deleted_at.is_null()).count().get_result(connection))?;
    let total = count(unit, "tenants", "all", total)?;
    Ok(listed(tenants, page, total, |tenant: &Tenant| tenant.id.to_string()))
}

fn json(unit: &Unit<'_>, tenant: &Tenant, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| unit.corrupt("tenants", tenant.id))
}
