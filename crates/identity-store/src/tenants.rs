//! Tenants.

use diesel::prelude::*;
use domain::change::Change;
use domain::id::TenantId;
use domain::{Epoch, Slug};
use error_codes::{Result, ide};
use identity::tenant::Tenant;
use store::Unit;
use store::sql::{At, Id, id};

use crate::rows::{epoch, epoch_column};
use crate::schema::tenants;

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
            created_at: self.created_at.0,
        })
    }
}

/// Adds a tenant.
///
/// # Errors
/// IDE-1009 when the slug is taken.
pub fn insert(unit: &mut Unit<'_>, tenant: &Tenant) -> Result<()> {
    let settings = serde_json::to_string(&tenant.settings).map_err(|_| unit.corrupt("tenants", tenant.id))?;
    unit.query_unique(&[("tenants_slug", ide::NAME_TAKEN)], |connection| {
        diesel::insert_into(tenants::table)
            .values((
                tenants::id.eq(id(tenant.id)),
                tenants::slug.eq(tenant.slug.as_str()),
                tenants::display_name.eq(&tenant.display_name),
                tenants::settings.eq(settings),
                tenants::active.eq(tenant.active),
                tenants::epoch.eq(epoch_column(tenant.epoch)),
                tenants::revision.eq(0),
                tenants::created_at.eq(At(tenant.created_at)),
            ))
            .execute(connection)
    })?;
    Ok(())
}

/// The tenant of an id.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Option<Tenant>> {
    let row: Option<Row> = unit.query(|connection| tenants::table.find(id(tenant)).first(connection).optional())?;
    row.map(|row| row.read(unit)).transpose()
}

/// The tenant of a slug.
pub fn find_by_slug(unit: &mut Unit<'_>, slug: &str) -> Result<Option<Tenant>> {
    let row: Option<Row> =
        unit.query(|connection| tenants::table.filter(tenants::slug.eq(slug)).first(connection).optional())?;
    row.map(|row| row.read(unit)).transpose()
}

/// Ends every token of a tenant; `None` when there is no such tenant.
pub fn raise_epoch(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Option<Epoch>> {
    let raised: Option<i64> = unit.query(|connection| {
        diesel::update(tenants::table.find(id(tenant)))
            .set((tenants::epoch.eq(tenants::epoch + 1), tenants::revision.eq(tenants::revision + 1)))
            .returning(tenants::epoch)
            .get_result(connection)
            .optional()
    })?;
    let Some(raised) = raised else { return Ok(None) };
    let raised = epoch(unit, "tenants", tenant, raised)?;
    unit.announce(tenant, Change::TenantEpoch(tenant, raised));
    Ok(Some(raised))
}
