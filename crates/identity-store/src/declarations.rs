//! What products declared of themselves: the newest of each, and the one before it.

use diesel::prelude::*;
use domain::id::{ApplicationId, TenantId};
use error_codes::{Failure, Result, ide};
use identity::declaration::Declaration;
use serde::Serialize;
use store::Unit;
use store::sql::{At, Id, id};

use crate::rows::{count, count_column};
use crate::schema::declarations;

#[derive(Queryable)]
struct Row {
    tenant_id: Id,
    product: String,
    revision: i64,
    version: i64,
    hash: String,
    access: String,
    scope: String,
    application_id: Id,
    declared_at: At,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<Declaration> {
        let product = self.product;
        Ok(Declaration {
            tenant: self.tenant_id.of(),
            revision: count(unit, "declarations", &product, self.revision)?,
            version: count(unit, "declarations", &product, self.version)?,
            hash: self.hash,
            access: serde_json::from_str(&self.access).map_err(|_| unit.corrupt("declarations", &product))?,
            scope: serde_json::from_str(&self.scope).map_err(|_| unit.corrupt("declarations", &product))?,
            application: self.application_id.of::<ApplicationId>(),
            declared_at: self.declared_at.0,
            product,
        })
    }
}

/// The declarations of a product, the newest first: none, one, or two.
pub fn list(unit: &mut Unit<'_>, tenant: TenantId, product: &str) -> Result<Vec<Declaration>> {
    let rows: Vec<Row> = unit.query(|connection| {
        declarations::table
            .filter(declarations::tenant_id.eq(id(tenant)))
            .filter(declarations::product.eq(product))
            .order(declarations::revision.desc())
            .load(connection)
    })?;
    rows.into_iter().map(|row| row.read(unit)).collect()
}

/// What a product declares now.
pub fn find(unit: &mut Unit<'_>, tenant: TenantId, product: &str) -> Result<Option<Declaration>> {
    Ok(list(unit, tenant, product)?.into_iter().next())
}

/// Adds the newest declaration of a product; of those before it the last stays. The tenant is held, so that nobody adds
/// another. What it changes for others is announced with the roles and grants that it leads to.
pub fn insert(unit: &mut Unit<'_>, declaration: &Declaration) -> Result<()> {
    let (tenant, product) = (id(declaration.tenant), declaration.product.as_str());
    let revision = count_column(declaration.revision);
    let (access, scope) = (json(&declaration.access)?, json(&declaration.scope)?);
    unit.query(|connection| {
        diesel::insert_into(declarations::table)
            .values((
                declarations::tenant_id.eq(tenant),
                declarations::product.eq(product),
                declarations::revision.eq(revision),
                declarations::version.eq(count_column(declaration.version)),
                declarations::hash.eq(&declaration.hash),
                declarations::access.eq(access),
                declarations::scope.eq(scope),
                declarations::application_id.eq(id(declaration.application)),
                declarations::declared_at.eq(At(declaration.declared_at)),
            ))
            .execute(connection)?;
        let older = declarations::table
            .filter(declarations::tenant_id.eq(tenant))
            .filter(declarations::product.eq(product))
            .filter(declarations::revision.lt(revision - 1));
        diesel::delete(older).execute(connection)
    })?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Failure::new(ide::INTERNAL).with_cause(error))
}
