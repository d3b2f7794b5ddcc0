//! Refresh tokens: what they hold, how they are written, and when a machine's is redeemed. A person's is a pointer into a
//! session, whose rules decide.

mod codec;
mod machine;
mod refusal;

pub use codec::LONGEST;
pub use machine::MachineRefresh;
pub use refusal::Refusal;

use domain::Epochs;
use domain::Timestamp;
use domain::id::{ApplicationId, SessionId};

use crate::Door;

/// A refresh token whose tag was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshToken {
    /// A person's.
    Person(PersonRefresh),
    /// A machine's.
    Machine(MachineRefresh),
}

/// The refresh token of a person. All else is in the session's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonRefresh {
    /// The session it goes on with.
    pub session: SessionId,
    /// The how-many-th of the session it is; each is redeemed once.
    pub generation: u32,
    /// The door that issued it.
    pub door: Door,
}

/// The circumstances under which a refresh token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Where.
    pub door: Door,
    /// The client that authenticated with the same request, if one did.
    pub client: Option<ApplicationId>,
    /// The epochs of its tenant, application and subject, as they are now.
    pub current: Epochs,
    /// When.
    pub now: Timestamp,
}
