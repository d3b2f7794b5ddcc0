//! Revocations: sessions of people and credentials exchanges of machines that ended before their last token expired.
//!
//! Verifiers hear of them from the feed and keep them in memory; the rows are for who must be sure.

use diesel::prelude::*;
use domain::Timestamp;
use domain::audit::action;
use domain::change::Change;
use domain::id::{ApplicationId, SessionId, TenantId};
use error_codes::Result;
use store::sql::{At, Id, id};
use store::{Actor, AuditEvent, Both, Outcome, Unit};

use crate::STEP;
use crate::schema::revocations;

/// A credentials exchange of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The tenant.
    pub tenant: TenantId,
    /// The machine.
    pub application: ApplicationId,
    /// Its id, the `sid` of all its tokens.
    pub session: SessionId,
    /// When the last of its tokens is gone; see `auth::Lifetimes::machine_tokens_gone`.
    pub tokens_gone: Timestamp,
}

/// Whether the tokens of a session or an exchange are dead, for who redeems a machine's refresh token.
pub fn is_revoked(unit: &mut Unit<'_>, session: SessionId) -> Result<bool> {
    unit.query(|connection| {
        let row = revocations::table.find(id(session)).select(revocations::session_id);
        Ok(row.first::<Id>(connection).optional()?.is_some())
    })
}

/// Ends the tokens of a credentials exchange, for everybody and at once; false when they were ended before.
pub fn mark_exchange_ended(unit: &mut Unit<'_>, exchange: &Exchange, actor: &Actor) -> Result<bool> {
    let Exchange { tenant, application, session, tokens_gone } = *exchange;
    if !insert(unit, tenant, session, tokens_gone)? {
        return Ok(false);
    }
    unit.audit(&AuditEvent {
        tenant,
        actor: actor.clone(),
        action: action::EXCHANGE_END,
        target_id: application.to_string(),
        outcome: Outcome::Done,
        details: Some(serde_json::json!({ "session": session.to_string() })),
    })?;
    Ok(true)
}

/// Deletes revocations whose last token was gone before a point in time, at most a thousand; returns how many.
pub fn sweep(unit: &mut Unit<'_>, before: Timestamp) -> Result<usize> {
    unit.query(|connection| {
        let old = revocations::table.filter(revocations::until.lt(At(before))).order(revocations::until).limit(STEP);
        let ids: Vec<Id> = old.select(revocations::session_id).load(connection)?;
        diesel::delete(revocations::table.filter(revocations::session_id.eq_any(ids))).execute(connection)
    })
}

/// Remembers an end until the last token is gone and tells every verifier; false when nothing new was said.
///
/// A later `until` replaces an earlier one: what is known of an exchange depends on which of its tokens was shown.
pub(crate) fn insert(unit: &mut Unit<'_>, tenant: TenantId, session: SessionId, until: Timestamp) -> Result<bool> {
    let now = unit.now();
    let rows = unit.query(|connection| {
        let extended = diesel::update(revocations::table.find(id(session)).filter(revocations::until.lt(At(until))))
            .set(revocations::until.eq(At(until)))
            .execute(connection)?;
        if extended > 0 {
            return Ok(extended);
        }
        Both(
            diesel::insert_into(revocations::table)
                .values((
                    revocations::session_id.eq(id(session)),
                    revocations::tenant_id.eq(id(tenant)),
                    revocations::until.eq(At(until)),
                    revocations::at.eq(At(now)),
                ))
                .on_conflict_do_nothing(),
        )
        .execute(connection)
    })?;
    if rows > 0 {
        unit.announce(tenant, Change::SessionEnded(session, until));
    }
    Ok(rows > 0)
}
