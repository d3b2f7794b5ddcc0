//! Why a request is not let through, in words for whoever sent it.

use std::fmt;
use std::time::Duration;

use error_codes::Kind;
use service_kit::VerifyFault;

/// When another try makes sense after [`Refusal::Unavailable`].
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is not let through. A service that has error codes of its own gives each of these one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No token came with it.
    NoToken,
    /// The token is forged, malformed, expired or ended.
    InvalidToken,
    /// Its holder may not do this.
    NotAllowed,
    /// It cannot be decided now, so it is not allowed.
    Unavailable,
}

impl Refusal {
    /// What sort of refusal it is, which owns the HTTP and the gRPC status.
    pub const fn kind(self) -> Kind {
        match self {
            Self::NoToken | Self::InvalidToken => Kind::Unauthenticated,
            Self::NotAllowed => Kind::Forbidden,
            Self::Unavailable => Kind::Unavailable,
        }
    }

    /// A heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NoToken => "Token Missing",
            Self::InvalidToken => "Invalid Token",
            Self::NotAllowed => "Insufficient Privileges",
            Self::Unavailable => "Service Unavailable",
        }
    }

    /// What happened and what to do, for the caller.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoToken => {
                "This request needs an access token. Log in and send it as 'Authorization: Bearer <token>'."
            }
            Self::InvalidToken => "The token is expired, revoked or malformed. Log in again and use the new token.",
            Self::NotAllowed => "You do not have the permission for this. Ask an administrator for it.",
            Self::Unavailable => "It cannot be checked now whether you may do this. Try again soon.",
        }
    }
}

impl From<VerifyFault> for Refusal {
    fn from(fault: VerifyFault) -> Self {
        match fault {
            VerifyFault::Invalid => Self::InvalidToken,
            VerifyFault::Stale => Self::Unavailable,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Refusal {}
