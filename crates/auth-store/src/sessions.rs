//! Sessions of people: begun at a login, listed, and swept away when nothing of them can be alive. How they go on stands
//! in `redeem`, how they end in `end`.

mod end;
mod redeem;
mod row;

pub use end::{mark_all_ended, mark_ended};
pub use redeem::{Redeemed, redeem};

use auth::session::{Session, State};
use diesel::prelude::*;
use domain::audit::{Action, action, changes};
use domain::id::{SessionId, TenantId, UserId};
use domain::page::{Listed, Page, Start};
use domain::{Epoch, Timestamp};
use error_codes::{Failure, Result, aut};
use serde_json::{Value, json};
use store::sql::{At, Id, id};
use store::{Actor, AuditEvent, Outcome, Unit};

use crate::STEP;
use crate::schema::sessions;
use row::Row;

/// Inserts a session that has just begun; its caller has made sure that the epochs of the login still hold.
///
/// The event in the trail is the login itself.
pub fn insert(unit: &mut Unit<'_>, session: &Session, actor: &Actor) -> Result<()> {
    let State::Live(live) = session.state else {
        return Err(unit.corrupt("sessions", session.login.session));
    };
    let login = &session.login;
    unit.query(|connection| {
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(id(login.session)),
                sessions::tenant_id.eq(id(login.tenant)),
                sessions::user_id.eq(id(login.user)),
                sessions::application_id.eq(id(login.application)),
                sessions::door.eq(login.door.name()),
                sessions::scope.eq(login.scopes.to_string()),
                sessions::tenant_epoch.eq(i64::from(login.epochs.tenant.0)),
                sessions::application_epoch.eq(i64::from(login.epochs.application.0)),
                sessions::subject_epoch.eq(i64::from(login.epochs.subject.0)),
                sessions::amr.eq(login.authentication.methods.join(" ")),
                sessions::auth_time.eq(At(login.authentication.at)),
                sessions::address.eq(&login.origin.address),
                sessions::user_agent.eq(&login.origin.user_agent),
                sessions::generation.eq(i64::from(live.generation)),
                sessions::created_at.eq(At(session.created_at)),
                sessions::rotated_at.eq(live.rotated_at.map(At)),
                sessions::used_at.eq(At(live.used_at)),
                sessions::idle_expires_at.eq(At(live.idle_expires_at)),
                sessions::expires_at.eq(At(session.expires_at)),
            ))
            .execute(connection)
    })?;
    let begun = json!({
        "user": login.user.to_string(),
        "application": login.application.to_string(),
        "door": login.door.name(),
        "scope": login.scopes.to_string(),
        "methods": login.authentication.methods,
        "userAgent": login.origin.user_agent,
        "expiresAt": session.expires_at.to_string(),
    });
    let details = changes(None, Some(begun));
    audit(unit, session, actor, action::SESSION_BEGIN, Outcome::Done, details)
}

/// Finds a session by the id that a token or a stranger presents, in whatever state it is.
pub fn find(unit: &mut Unit<'_>, session: SessionId) -> Result<Option<Session>> {
    let row: Option<Row> = unit.query(|connection| sessions::table.find(id(session)).first(connection).optional())?;
    row.map(|row| row.read(unit)).transpose()
}

/// Finds a session of one person that may go on; somebody else's is as if it did not exist.
pub fn find_live(unit: &mut Unit<'_>, tenant: TenantId, user: UserId, session: SessionId) -> Result<Option<Session>> {
    let now = unit.now();
    let found = find(unit, session)?;
    Ok(found.filter(|found| found.login.tenant == tenant && found.login.user == user && found.live(now).is_some()))
}

/// Lists the sessions of one person that may go on, the newest first. A page continues after the id of a session.
///
/// `epoch` is the person's, as it is now: what began under an older one is dead, although no row says so.
pub fn list_live(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    user: UserId,
    epoch: Epoch,
    page: &Page,
) -> Result<Listed<Session>> {
    let now = unit.now();
    let young = sessions::subject_epoch.ge(i64::from(epoch.0));
    let mut query = live_of(tenant, user, now).filter(young).order(sessions::id.desc()).into_boxed();
    query = match &page.start {
        Start::Offset(rows) => query.offset(i64::from(*rows)),
        Start::After(cursor) => {
            let after = SessionId::parse(cursor).map_err(|reason| {
                Failure::new(aut::INVALID_QUERY_PARAMETER).with_field("cursor", reason.to_string())
            })?;
            query.filter(sessions::id.lt(id(after)))
        }
    };
    // One row more than asked for tells whether the list goes on.
    let mut rows: Vec<Row> = unit.query(|connection| query.limit(i64::from(page.limit) + 1).load(connection))?;
    let total: i64 =
        unit.query(|connection| live_of(tenant, user, now).filter(young).count().get_result(connection))?;
    let goes_on = rows.len() > usize::from(page.limit);
    rows.truncate(usize::from(page.limit));
    let rows = rows.into_iter().map(|row| row.read(unit)).collect::<Result<Vec<_>>>()?;
    let next = rows.last().filter(|_| goes_on).map(|last| last.login.session.to_string());
    Ok(Listed { rows, next, total: u64::try_from(total).unwrap_or(0) })
}

/// Deletes sessions that idled out, grew too old, or would have, before a point in time; at most a thousand. Returns how
/// many.
///
/// An ended session stays until then too: its replayed tokens are told apart from forged ones.
pub fn sweep(unit: &mut Unit<'_>, before: Timestamp) -> Result<usize> {
    unit.query(|connection| {
        let old = sessions::table.filter(sessions::idle_expires_at.lt(At(before)));
        let ids: Vec<Id> = old.order(sessions::idle_expires_at).limit(STEP).select(sessions::id).load(connection)?;
        diesel::delete(sessions::table.filter(sessions::id.eq_any(ids))).execute(connection)
    })
}

/// The sessions of one person that may go on. The idle limit is never later than the absolute one.
#[diesel::dsl::auto_type(no_type_alias)]
fn live_of(tenant: TenantId, user: UserId, now: Timestamp) -> _ {
    let tenant: Id = id(tenant);
    let user: Id = id(user);
    let now: At = At(now);
    sessions::table
        .filter(sessions::tenant_id.eq(tenant))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::idle_expires_at.gt(now))
}

/// Adds an event about a session to the trail.
fn audit(
    unit: &mut Unit<'_>,
    session: &Session,
    actor: &Actor,
    action: Action,
    outcome: Outcome,
    details: Value,
) -> Result<()> {
    unit.audit(&AuditEvent {
        tenant: session.login.tenant,
        actor: actor.clone(),
        action,
        target_id: session.login.session.to_string(),
        outcome,
        details: Some(details),
    })
}
