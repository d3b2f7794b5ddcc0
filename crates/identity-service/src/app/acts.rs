//! What all acts on people, groups and applications have in common: nobody acts above themselves, nobody leaves a tenant
//! without an administrator, and what was refused is remembered.

use domain::Slug;
use domain::id::TenantId;
use domain::permission::PermissionSet;
use error_codes::{Failure, Kind, Result, ide};
use identity::acting;
use identity::group::ADMINISTRATORS;
use identity_store::{groups, members};
use serde_json::Value;
use store::{AuditEvent, Unit};

use super::App;
use super::access::Acting;

impl App {
    /// Runs an act as one unit of work; `act` puts the event into the trail once everything else is done.
    ///
    /// A refusal of what the caller may not do is put into the trail as well, after everything was undone.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        event: AuditEvent,
        mut act: impl FnMut(&mut Unit<'_>, &AuditEvent) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = event.clone();
        let outcome = self.store.write(move |unit| act(unit, &done)).await;
        let refused = outcome.as_ref().err().map(Failure::code).filter(|code| code.kind() == Kind::Forbidden);
        if let Some(code) = refused {
            self.audit_refusal(event, code).await?;
        }
        outcome
    }
}

impl Acting {
    /// Refuses an act on a subject that has, or would get, a permission that the caller lacks.
    ///
    /// # Errors
    /// IDE-0023.
    pub(super) fn may_act_on(&self, now: &PermissionSet, afterwards: &PermissionSet) -> Result<()> {
        acting::allow(self.holds(), now, afterwards)
    }
}

/// Refuses what leaves a tenant without an administrator; asked after the change, in its unit of work.
///
/// Holding the group lets two who remove each other come one after the other.
///
/// # Errors
/// IDE-1016, which undoes the change.
pub(super) fn keep_an_administrator(unit: &mut Unit<'_>, tenant: TenantId) -> Result<()> {
    let slug = Slug::parse(ADMINISTRATORS).map_err(|reason| Failure::new(ide::INTERNAL).with_cause(reason))?;
    let left = match groups::hold(unit, tenant, &slug)? {
        Some(administrators) => members::count_lasting(unit, &administrators)?,
        None => 0,
    };
    acting::keep_an_administrator(left)
}

/// The event with what changed, and with what else is worth knowing.
pub(super) fn telling(event: &AuditEvent, details: Value) -> AuditEvent {
    AuditEvent { details: Some(details), ..event.clone() }
}
