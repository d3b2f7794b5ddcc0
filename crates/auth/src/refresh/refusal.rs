//! Why a refresh token is refused: one code for the caller, the truth for the log.

use std::fmt;

use error_codes::{Failure, aut};

/// Why a refresh token gets nothing. The caller is told the same in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No token of ours: malformed, forged, or tagged by a key that is no more.
    Unreadable,
    /// There is no session behind it, or no longer.
    Ended,
    /// Its time has run out.
    Expired,
    /// An epoch was raised since.
    Outdated,
    /// The secret that bought it was withdrawn or has expired.
    SecretWithdrawn,
    /// It was presented at a weaker door than the one that issued it, or without the client's credentials.
    WeakDoor,
    /// Another client than the one it was issued to presented it.
    OtherClient,
    /// It was redeemed before: somebody has a copy.
    Replayed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "the refresh token is not one of ours",
            Self::Ended => "its session has ended",
            Self::Expired => "the refresh token has expired",
            Self::Outdated => "an epoch was raised since it was issued",
            Self::SecretWithdrawn => "the secret that bought it is withdrawn",
            Self::WeakDoor => "it was presented at a weaker door, or without its client",
            Self::OtherClient => "another client presented it",
            Self::Replayed => "it was redeemed before",
        })
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(aut::INVALID_REFRESH_TOKEN).with_cause(refusal)
    }
}
