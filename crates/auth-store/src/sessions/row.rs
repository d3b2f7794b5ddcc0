//! The row of a session, and what it means.

use auth::Door;
use auth::session::{EndReason, Live, Login, Origin, Session, State};
use diesel::prelude::*;
use domain::scope::Scopes;
use domain::token::Authentication;
use domain::{Epoch, Epochs};
use error_codes::Result;
use store::Unit;
use store::sql::{At, Id};

/// Every column, in the order of the table.
#[derive(Queryable)]
pub(super) struct Row {
    id: Id,
    tenant_id: Id,
    user_id: Id,
    application_id: Id,
    door: String,
    scope: String,
    tenant_epoch: i64,
    application_epoch: i64,
    subject_epoch: i64,
    amr: String,
    auth_time: At,
    address: String,
    user_agent: String,
    generation: i64,
    created_at: At,
    rotated_at: Option<At>,
    used_at: At,
    idle_expires_at: At,
    expires_at: At,
    ended_at: Option<At>,
    end_reason: Option<String>,
}

impl Row {
    /// The session, unless the row makes no sense.
    pub(super) fn read(self, unit: &Unit<'_>) -> Result<Session> {
        let id = self.id.0;
        self.session().ok_or_else(|| unit.corrupt("sessions", id))
    }

    fn session(self) -> Option<Session> {
        let state = match (self.ended_at, self.end_reason) {
            (None, None) => State::Live(Live {
                generation: u32::try_from(self.generation).ok()?,
                rotated_at: self.rotated_at.map(|At(time)| time),
                used_at: self.used_at.0,
                idle_expires_at: self.idle_expires_at.0,
            }),
            (Some(At(at)), Some(reason)) => State::Ended { at, reason: EndReason::parse(&reason)? },
            (None, Some(_)) | (Some(_), None) => return None,
        };
        let epochs = Epochs {
            tenant: epoch(self.tenant_epoch)?,
            application: epoch(self.application_epoch)?,
            subject: epoch(self.subject_epoch)?,
        };
        let methods = self.amr.split_whitespace().map(ToOwned::to_owned).collect();
        let login = Login {
            session: self.id.of(),
            tenant: self.tenant_id.of(),
            user: self.user_id.of(),
            application: self.application_id.of(),
            door: Door::parse(&self.door)?,
            scopes: Scopes::parse(&self.scope).ok()?,
            epochs,
            authentication: Authentication { at: self.auth_time.0, methods },
            origin: Origin { address: self.address, user_agent: self.user_agent },
        };
        Some(Session { login, created_at: self.created_at.0, expires_at: self.expires_at.0, state })
    }
}

fn epoch(column: i64) -> Option<Epoch> {
    u32::try_from(column).ok().map(Epoch)
}
