//! Applications, the living and the tombstones of the deleted.

use diesel::prelude::*;
use domain::change::Change;
use domain::id::{ApplicationId, TenantId};
use domain::page::{Listed, Page};
use error_codes::{Code, Result, ide};
use identity::application::{Application, ClientId, Grants};
use store::Unit;
use store::sql::{At, Id, id};

use crate::counters::{self, Kind};
use crate::grants;
use crate::paging::{Window, listed, rows_to_read, window};
use crate::rows::{count, count_column, epoch, epoch_column};
use crate::schema::{application_secrets, applications};

const COLLISIONS: &[(&str, Code)] = &[("applications_name", ide::NAME_TAKEN)];

#[derive(Queryable, Insertable)]
#[diesel(table_name = applications)]
struct Row {
    tenant_id: Id,
    id: Id,
    client_id: String,
    name: String,
    product: Option<String>,
    description: String,
    grants: String,
    is_default: bool,
    built_in: bool,
    epoch: i64,
    revision: i64,
    created_at: At,
    deleted_at: Option<At>,
    declares: bool,
}

impl Row {
    fn of(application: &Application) -> Self {
        Self {
            tenant_id: id(application.tenant),
            id: id(application.id),
            client_id: application.client_id.as_str().to_owned(),
            name: application.name.clone(),
            product: application.product.clone(),
            description: application.description.clone(),
            grants: application.grants.to_string(),
            is_default: application.is_default,
            built_in: application.built_in,
            epoch: epoch_column(application.epoch),
            revision: count_column(application.revision),
            created_at: At(application.created_at),
            deleted_at: None,
            declares: application.declares,
        }
    }

    fn read(self, unit: &Unit<'_>) -> Result<Application> {
        let id: ApplicationId = self.id.of();
        Ok(Application {
            id,
            tenant: self.tenant_id.of(),
            client_id: ClientId::stored(self.client_id),
            name: self.name,
            product: self.product,
            description: self.description,
            grants: Grants::parse(&self.grants).ok_or_else(|| unit.corrupt("applications", id))?,
            is_default: self.is_default,
            built_in: self.built_in,
            declares: self.declares,
            epoch: epoch(unit, "applications", id, self.epoch)?,
            revision: count(unit, "applications", id, self.revision)?,
            created_at: self.created_at.0,
        })
    }
}

/// Adds an application.
///
/// # Errors
/// IDE-1009 when an application of the tenant has, or had, the name; IDE-1019.
pub fn insert(unit: &mut Unit<'_>, application: &Application) -> Result<()> {
    let row = Row::of(application);
    unit.query_unique(COLLISIONS, |connection| {
        diesel::insert_into(applications::table).values(&row).execute(connection)
    })?;
    counters::add_one(unit, application.tenant, Kind::Applications, application.built_in)
}

/// The living application of an id in a tenant.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, application: ApplicationId) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        applications::table
            .find((id(tenant), id(application)))
            .filter(applications::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living application of an id that a token names; the row tells the tenant.
pub fn find_anywhere(unit: &mut Unit<'_>, application: ApplicationId) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        applications::table
            .filter(applications::id.eq(id(application)))
            .filter(applications::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The living application that a stranger names; the row tells the tenant.
pub fn find_by_client_id(unit: &mut Unit<'_>, client_id: &str) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        applications::table
            .filter(applications::client_id.eq(client_id))
            .filter(applications::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// The default application of a tenant.
pub fn find_default(unit: &mut Unit<'_>, tenant: TenantId) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        applications::table
            .filter(applications::tenant_id.eq(id(tenant)))
            .filter(applications::is_default)
            .filter(applications::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Holds a living application for a change of it or its secrets: raises the revision, and keeps everybody else from the
/// row until the commit.
pub fn hold(unit: &mut Unit<'_>, tenant: TenantId, application: ApplicationId) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        let living = applications::table.find((id(tenant), id(application))).filter(applications::deleted_at.is_null());
        diesel::update(living)
            .set(applications::revision.eq(applications::revision + 1))
            .returning(applications::all_columns)
            .get_result(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Stores a new description of an application that is held.
pub fn describe(unit: &mut Unit<'_>, application: &Application, description: &str) -> Result<()> {
    unit.query(|connection| {
        diesel::update(applications::table.find((id(application.tenant), id(application.id))))
            .set(applications::description.eq(description))
            .execute(connection)
    })?;
    unit.announce(application.tenant, Change::ApplicationRevised(application.id));
    Ok(())
}

/// The living application of a name.
pub fn find_by_name(unit: &mut Unit<'_>, tenant: TenantId, name: &str) -> Result<Option<Application>> {
    let row: Option<Row> = unit.query(|connection| {
        applications::table
            .filter(applications::tenant_id.eq(id(tenant)))
            .filter(applications::name.eq(name))
            .filter(applications::deleted_at.is_null())
            .first(connection)
            .optional()
    })?;
    row.map(|row| row.read(unit)).transpose()
}

/// Makes an application that is held a tombstone: every token and secret of it is dead, and its name and client id are
/// never given again.
pub fn mark_deleted(unit: &mut Unit<'_>, application: &Application) -> Result<()> {
    let epoch = application.epoch.next();
    let (tenant, key) = (id(application.tenant), id(application.id));
    let now = At(unit.now());
    unit.query(|connection| {
        let living = application_secrets::table
            .filter(application_secrets::tenant_id.eq(tenant))
            .filter(application_secrets::application_id.eq(key))
            .filter(application_secrets::withdrawn_at.is_null());
        diesel::update(living).set(application_secrets::withdrawn_at.eq(Some(now))).execute(connection)?;
        grants::clear(connection, tenant, &[key])?;
        diesel::update(applications::table.find((tenant, key)))
            .set((applications::epoch.eq(epoch_column(epoch)), applications::deleted_at.eq(Some(now))))
            .execute(connection)
    })?;
    counters::add(unit, application.tenant, Kind::Applications, -1)?;
    unit.announce(application.tenant, Change::ApplicationEpoch(application.id, epoch));
    Ok(())
}

/// The living applications of a tenant in the order they were made; the key of a page is the id.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId, page: &Page) -> Result<Listed<Application>> {
    let window = window(page, |key| ApplicationId::parse(key).ok())?;
    let rows: Vec<Row> = unit.query(|connection| {
        let query = applications::table
            .filter(applications::tenant_id.eq(id(tenant)))
            .filter(applications::deleted_at.is_null())
            .order(applications::id)
            .limit(rows_to_read(page))
            .into_boxed();
        match window {
            Window::Offset(rows) => query.offset(rows).load(connection),
            Window::After(key) => query.filter(applications::id.gt(id(key))).load(connection),
        }
    })?;
    let applications = rows.into_iter().map(|row| row.read(unit)).collect::<Result<_>>()?;
    let total = counters::total(unit, tenant, Kind::Applications)?;
    Ok(listed(applications, page, total, |application: &Application| application.id.to_string()))
}
