//! The audit trail: who did what to whom, from where, and how it ended.

use diesel::prelude::*;
use domain::audit::{Action, Ending};
use domain::id::{EventId, TenantId};
use domain::{Entropy, OsEntropy};
use error_codes::{Code, Result};

use crate::schema::audit_events;
use crate::sql::{At, id};
use crate::unit::Unit;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `user`, `application`, `service`, `operator` or `anonymous`.
    pub kind: &'static str,
    /// The id of that kind; empty for `anonymous`.
    pub id: String,
    /// The address the request came from; empty when it came from the host itself.
    pub address: String,
    /// The id of the request, to find it in the log.
    pub request_id: String,
}

impl Actor {
    /// Whoever has the host, and runs commands there.
    pub fn operator() -> Self {
        Self { kind: "operator", id: String::new(), address: String::new(), request_id: String::new() }
    }
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused with a code.
    Refused(Code),
}

/// One event. Never holds a secret, a token, a code or a password.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// The tenant it happened in.
    pub tenant: TenantId,
    /// Who did it.
    pub actor: Actor,
    /// What, and to what kind of thing.
    pub action: Action,
    /// The id of what it was done to.
    pub target_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What else is worth knowing: `before` and `after` with what changed; see `docs/audit.md`.
    pub details: Option<serde_json::Value>,
}

impl Unit<'_> {
    /// Adds an event to the trail, in the transaction of what it tells.
    pub fn audit(&mut self, event: &AuditEvent) -> Result<()> {
        let entropy: &dyn Entropy = &OsEntropy;
        let now = self.now();
        let (outcome, code) = match event.outcome {
            Outcome::Done => (Ending::Done.name(), None),
            Outcome::Refused(code) => (Ending::Refused.name(), Some(code.number())),
        };
        self.query(|connection| {
            diesel::insert_into(audit_events::table)
                .values((
                    audit_events::id.eq(id(EventId::new(now, entropy))),
                    audit_events::tenant_id.eq(id(event.tenant)),
                    audit_events::at.eq(At(now)),
                    audit_events::actor_kind.eq(event.actor.kind),
                    audit_events::actor_id.eq(&event.actor.id),
                    audit_events::action.eq(event.action.name),
                    audit_events::target_kind.eq(event.action.target_kind),
                    audit_events::target_id.eq(&event.target_id),
                    audit_events::outcome.eq(outcome),
                    audit_events::code.eq(code),
                    audit_events::address.eq(&event.actor.address),
                    audit_events::request_id.eq(&event.actor.request_id),
                    audit_events::details.eq(event.details.as_ref().map(ToString::to_string)),
                ))
                .execute(connection)
        })?;
        Ok(())
    }
}
