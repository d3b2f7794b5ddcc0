//! Rotation: each refresh token of a person is redeemed once, and a copy of it ends the session (RFC 9700 §4.14.2).

use domain::Timestamp;

use super::{Live, Session, State};
use crate::Lifetimes;
use crate::refresh::{PersonRefresh, Redemption, Refusal};

#[cfg(test)]
mod tests;

/// What becomes of a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is redeemed. The session must be brought to this state by one conditional update; where that finds the
    /// session changed meanwhile, the decision is taken anew.
    Advance(Live),
    /// An honest retry, whose answer was lost: it gets the successor of the first time once more. To be audited.
    SameSuccessor(Live),
    /// A copy is in use: the session must be ended. The caller is refused as [`Refusal::Replayed`].
    Theft,
    /// It gets nothing, and nothing changes.
    Refused(Refusal),
}

impl Session {
    /// Decides about a refresh token of this session.
    ///
    /// A retry is honest when the token is the direct predecessor of the current one, so that its successor has not been
    /// used, and comes within the grace since it was first redeemed. Everything else that is old was copied; what is newer
    /// than the session was issued by a database that was since put back.
    pub fn redeem(&self, presented: &PersonRefresh, redemption: &Redemption, lifetimes: &Lifetimes) -> Rotation {
        let now = redemption.now;
        if presented.session != self.login.session {
            return Rotation::Refused(Refusal::Unreadable);
        }
        let Some(live) = self.live(now) else {
            return Rotation::Refused(match self.state {
                State::Live(_) => Refusal::Expired,
                State::Ended { .. } => Refusal::Ended,
            });
        };
        if !self.login.epochs.hold_under(redemption.current) {
            return Rotation::Refused(Refusal::Outdated);
        }
        if let Err(refusal) = redemption.door.admits(self.login.door, self.login.application, redemption.client) {
            return Rotation::Refused(refusal);
        }
        let grace = if redemption.client.is_some() { lifetimes.grace_authenticated } else { lifetimes.grace_alone };
        if presented.generation == live.generation {
            match live.generation.checked_add(1) {
                Some(generation) => Rotation::Advance(Live {
                    generation,
                    rotated_at: Some(now),
                    used_at: now,
                    idle_expires_at: now.plus(lifetimes.idle).min(self.expires_at),
                }),
                None => Rotation::Refused(Refusal::Expired),
            }
        } else if presented.generation.checked_add(1) == Some(live.generation)
            && live.rotated_at.is_some_and(|rotated_at: Timestamp| now.since(rotated_at) < grace)
        {
            Rotation::SameSuccessor(Live { used_at: now.max(live.used_at), ..live })
        } else {
            Rotation::Theft
        }
    }
}
