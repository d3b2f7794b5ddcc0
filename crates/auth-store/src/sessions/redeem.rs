//! How sessions go on: a refresh token is redeemed by one conditional update, and a copy of it ends the session.

use auth::Lifetimes;
use auth::refresh::{PersonRefresh, Redemption, Refusal};
use auth::session::{EndReason, Live, Rotation, Session, State};
use diesel::prelude::*;
use domain::audit::action;
use error_codes::{Result, aut};
use serde_json::json;
use store::sql::{At, id};
use store::{Actor, Outcome, Unit};

use super::{audit, find, mark_ended};
use crate::schema::sessions;

/// What a presented refresh token got. A refusal is a value: it must be remembered, and an error would roll it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The session goes on.
    Granted {
        /// As it is now.
        session: Box<Session>,
        /// The refresh token to answer with; the same again for an honest retry.
        successor: PersonRefresh,
    },
    /// It got nothing.
    Refused(Refusal),
}

/// Redeems a refresh token of a person: asks the rule and writes down what it decides.
///
/// The epochs of the redemption are read before the unit of work; its time is the unit's. Of many that present one token at
/// a time one goes on, and the others are decided about anew with what that one left behind.
pub fn redeem(
    unit: &mut Unit<'_>,
    presented: &PersonRefresh,
    redemption: &Redemption,
    lifetimes: &Lifetimes,
    actor: &Actor,
) -> Result<Redeemed> {
    // One time for the decision and for the updates: what one finds alive the other does not find expired.
    let redemption = Redemption { now: unit.now(), ..*redemption };
    loop {
        let Some(session) = find(unit, presented.session)? else { return Ok(Redeemed::Refused(Refusal::Ended)) };
        let refusal = match session.redeem(presented, &redemption, lifetimes) {
            Rotation::Advance(live) => {
                if mark_rotated(unit, &session, presented.generation, &live)? {
                    return Ok(granted(session, live));
                }
                continue;
            }
            Rotation::SameSuccessor(live) => {
                if !mark_rotated(unit, &session, live.generation, &live)? {
                    continue;
                }
                let details = json!({ "generation": presented.generation });
                audit(unit, &session, actor, action::SESSION_RETRY, Outcome::Done, details)?;
                return Ok(granted(session, live));
            }
            Rotation::Theft => {
                if !mark_ended(unit, &session, EndReason::Replay, actor)? {
                    continue;
                }
                Refusal::Replayed
            }
            Rotation::Refused(refusal) => refusal,
        };
        let outcome = Outcome::Refused(aut::INVALID_REFRESH_TOKEN);
        audit(unit, &session, actor, action::SESSION_REFRESH, outcome, json!({ "reason": refusal.to_string() }))?;
        return Ok(Redeemed::Refused(refusal));
    }
}

/// Brings a session to its next state if it still has the generation that the decision was about.
fn mark_rotated(unit: &mut Unit<'_>, session: &Session, generation: u32, live: &Live) -> Result<bool> {
    let rows = unit.query(|connection| {
        let unchanged = sessions::table
            .filter(sessions::id.eq(id(session.login.session)))
            .filter(sessions::generation.eq(i64::from(generation)))
            .filter(sessions::ended_at.is_null());
        diesel::update(unchanged)
            .set((
                sessions::generation.eq(i64::from(live.generation)),
                sessions::rotated_at.eq(live.rotated_at.map(At)),
                sessions::used_at.eq(At(live.used_at)),
                sessions::idle_expires_at.eq(At(live.idle_expires_at)),
            ))
            .execute(connection)
    })?;
    Ok(rows == 1)
}

fn granted(session: Session, live: Live) -> Redeemed {
    let successor = session.refresh_token(live.generation);
    Redeemed::Granted { session: Box::new(Session { state: State::Live(live), ..session }), successor }
}
