//! The secrets of applications: digests, ends, and when they were last used.

use std::collections::HashMap;

use diesel::prelude::*;
use domain::Timestamp;
use domain::change::Change;
use domain::id::{ApplicationId, SecretId, TenantId};
use error_codes::Result;
use identity::application::{Application, ApplicationSecret};
use store::Unit;
use store::sql::{At, Id, id};

use crate::rows::{count, count_column, time};
use crate::schema::application_secrets;

/// The SHA-256 of a secret.
pub type Digest = [u8; 32];

/// A secret that was not withdrawn, with what is compared; compare it in constant time.
#[derive(Clone)]
pub struct StoredSecret {
    /// What is known of it.
    pub secret: ApplicationSecret,
    /// The SHA-256 of its value.
    pub digest: Digest,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    _tenant_id: Id,
    application_id: Id,
    digest: Vec<u8>,
    created_at: At,
    expires_at: Option<At>,
    last_used_at: Option<At>,
    tokens_issued: i64,
    _withdrawn_at: Option<At>,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<StoredSecret> {
        let id: SecretId = self.id.of();
        let digest = self.digest.try_into().map_err(|_| unit.corrupt("application_secrets", id))?;
        let secret = ApplicationSecret {
            id,
            created_at: self.created_at.0,
            expires_at: time(self.expires_at),
            last_used_at: time(self.last_used_at),
            tokens_issued: count(unit, "application_secrets", id, self.tokens_issued)?,
        };
        Ok(StoredSecret { secret, digest })
    }
}

/// Adds a secret without an end to an application that is held, or new.
pub fn insert(unit: &mut Unit<'_>, application: &Application, secret: SecretId, digest: &Digest) -> Result<()> {
    let now = At(unit.now());
    unit.query(|connection| {
        diesel::insert_into(application_secrets::table)
            .values((
                application_secrets::id.eq(id(secret)),
                application_secrets::tenant_id.eq(id(application.tenant)),
                application_secrets::application_id.eq(id(application.id)),
                application_secrets::digest.eq(&digest[..]),
                application_secrets::created_at.eq(now),
                application_secrets::tokens_issued.eq(0),
            ))
            .execute(connection)
    })?;
    unit.announce(application.tenant, Change::ApplicationRevised(application.id));
    Ok(())
}

/// The secrets of an application that were not withdrawn, the oldest first; expired ones among them.
pub fn of_application(unit: &mut Unit<'_>, application: &Application) -> Result<Vec<StoredSecret>> {
    let mut by_application = of_applications(unit, application.tenant, &[application.id])?;
    Ok(by_application.remove(&application.id).unwrap_or_default())
}

/// The secrets of these applications that were not withdrawn, the oldest first; one query for a page of applications.
pub fn of_applications(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    applications: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Vec<StoredSecret>>> {
    let keys: Vec<_> = applications.iter().map(|&application| id(application)).collect();
    let rows: Vec<Row> = unit.query(|connection| {
        application_secrets::table
            .filter(application_secrets::tenant_id.eq(id(tenant)))
            .filter(application_secrets::application_id.eq_any(keys))
            .filter(application_secrets::withdrawn_at.is_null())
            .order(application_secrets::id)
            .load(connection)
    })?;
    let mut by_application: HashMap<ApplicationId, Vec<StoredSecret>> = HashMap::new();
    for row in rows {
        let application = row.application_id.of();
        let secret = row.read(unit)?;
        by_application.entry(application).or_default().push(secret);
    }
    Ok(by_application)
}

/// Gives a living secret of an application that is held an end; false when there is no such secret.
pub fn mark_ending(
    unit: &mut Unit<'_>,
    application: &Application,
    secret: SecretId,
    expires_at: Timestamp,
) -> Result<bool> {
    let changed = unit.query(|connection| {
        diesel::update(application_secrets::table.find(id(secret)))
            .filter(application_secrets::tenant_id.eq(id(application.tenant)))
            .filter(application_secrets::application_id.eq(id(application.id)))
            .filter(application_secrets::withdrawn_at.is_null())
            .set(application_secrets::expires_at.eq(Some(At(expires_at))))
            .execute(connection)
    })?;
    if changed == 1 {
        unit.announce(application.tenant, Change::ApplicationRevised(application.id));
    }
    Ok(changed == 1)
}

/// Withdraws a secret of an application that is held: the tokens it bought are dead, those of the other live on. False
/// when there is no such secret, or it was withdrawn before.
pub fn mark_withdrawn(unit: &mut Unit<'_>, application: &Application, secret: SecretId) -> Result<bool> {
    let now = At(unit.now());
    let withdrawn = unit.query(|connection| {
        diesel::update(application_secrets::table.find(id(secret)))
            .filter(application_secrets::tenant_id.eq(id(application.tenant)))
            .filter(application_secrets::application_id.eq(id(application.id)))
            .filter(application_secrets::withdrawn_at.is_null())
            .set(application_secrets::withdrawn_at.eq(Some(now)))
            .execute(connection)
    })?;
    if withdrawn == 1 {
        unit.announce(application.tenant, Change::SecretWithdrawn(secret));
        unit.announce(application.tenant, Change::ApplicationRevised(application.id));
    }
    Ok(withdrawn == 1)
}

/// Adds a report of use: when the secret was last used, never moved back, and how many tokens it bought since the last
/// report. A secret that is gone is passed over.
pub fn record_use(unit: &mut Unit<'_>, secret: SecretId, last_used_at: Timestamp, tokens: u64) -> Result<()> {
    let at = At(last_used_at);
    unit.query(|connection| {
        diesel::update(application_secrets::table.find(id(secret)))
            .set(application_secrets::tokens_issued.eq(application_secrets::tokens_issued + count_column(tokens)))
            .execute(connection)?;
        diesel::update(application_secrets::table.find(id(secret)))
            .filter(application_secrets::last_used_at.is_null().or(application_secrets::last_used_at.lt(at)))
            .set(application_secrets::last_used_at.eq(Some(at)))
            .execute(connection)
    })?;
    Ok(())
}
