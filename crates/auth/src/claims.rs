//! What tokens say: the claims we sign, and what a token that comes back for a logout names.
//!
//! `domain::token` reads the access claims that are written here.

mod access;
mod hint;
mod id;

pub use access::AccessClaims;
pub use hint::LogoutHint;
pub use id::IdClaims;

use domain::id::{SessionId, TokenId};
use domain::scope::Scopes;
use domain::{Epochs, Timestamp};

use crate::party::Application;

#[cfg(test)]
mod tests;

/// What all tokens of one answer have in common.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    /// The issuer of the tenant.
    pub issuer: &'a str,
    /// The application that gets the tokens.
    pub application: &'a Application,
    /// What they are good for.
    pub scopes: &'a Scopes,
    /// The login or credentials exchange that they descend from.
    pub session: SessionId,
    /// The id of the access token.
    pub id: TokenId,
    /// Now; signed to the second, rounded down.
    pub issued_at: Timestamp,
    /// When the tokens end; signed to the second, rounded down.
    pub expires_at: Timestamp,
}

impl Issue<'_> {
    /// The `expiresIn` of the answer.
    pub fn expires_in_seconds(&self) -> i64 {
        self.expires_at.seconds() - self.issued_at.seconds()
    }
}

/// The `ver` claim.
fn versions(epochs: Epochs) -> [u32; 3] {
    [epochs.tenant.0, epochs.application.0, epochs.subject.0]
}
