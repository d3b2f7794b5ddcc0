//! How sessions end before their time: by one conditional update, which every verifier is told of.

use auth::session::{EndReason, Session};
use diesel::prelude::*;
use domain::audit::action;
use domain::id::{SessionId, TenantId, UserId};
use error_codes::Result;
use serde_json::json;
use store::sql::{At, Id, id};
use store::{Actor, AuditEvent, Outcome, Unit};

use super::{audit, live_of};
use crate::schema::sessions;
use crate::{STEP, revocations};

/// Ends a session and all its tokens; false when it had ended, idled out or grown too old before.
pub fn mark_ended(unit: &mut Unit<'_>, session: &Session, reason: EndReason, actor: &Actor) -> Result<bool> {
    let login = &session.login;
    let now = unit.now();
    let ended: Option<At> = unit.query(|connection| {
        diesel::update(live_of(login.tenant, login.user, now).filter(sessions::id.eq(id(login.session))))
            .set((sessions::ended_at.eq(At(now)), sessions::end_reason.eq(reason.name())))
            .returning(sessions::idle_expires_at)
            .get_result(connection)
            .optional()
    })?;
    let Some(At(tokens_gone)) = ended else { return Ok(false) };
    revocations::insert(unit, login.tenant, login.session, tokens_gone)?;
    let details = json!({ "reason": reason.name(), "user": login.user.to_string() });
    audit(unit, session, actor, action::SESSION_END, Outcome::Done, details)?;
    Ok(true)
}

/// Ends the sessions of one person, but for the one that may be spared, the newest first and at most a thousand; returns
/// how many. Who has more is asked again until none is left.
pub fn mark_all_ended(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    user: UserId,
    spared: Option<SessionId>,
    reason: EndReason,
    actor: &Actor,
) -> Result<usize> {
    let now = unit.now();
    let ended: Vec<(Id, At)> = unit.query(|connection| {
        let newest = live_of(tenant, user, now).order(sessions::id.desc()).limit(STEP).select(sessions::id);
        let mut chosen: Vec<Id> = newest.load(connection)?;
        chosen.retain(|chosen| spared != Some(chosen.of()));
        // The conditions stand in the update again: another process may have ended one of them since.
        diesel::update(live_of(tenant, user, now).filter(sessions::id.eq_any(chosen)))
            .set((sessions::ended_at.eq(At(now)), sessions::end_reason.eq(reason.name())))
            .returning((sessions::id, sessions::idle_expires_at))
            .get_results(connection)
    })?;
    for (session, At(tokens_gone)) in &ended {
        revocations::insert(unit, tenant, session.of(), *tokens_gone)?;
    }
    if !ended.is_empty() {
        let ids: Vec<_> = ended.iter().map(|(session, _)| session.0.to_string()).collect();
        unit.audit(&AuditEvent {
            tenant,
            actor: actor.clone(),
            action: action::SESSION_END_ALL,
            target_id: user.to_string(),
            outcome: Outcome::Done,
            details: Some(json!({ "reason": reason.name(), "sessions": ids })),
        })?;
    }
    Ok(ended.len())
}
