//! What the change feeds say: one change for each changed thing, never one per member.

use crate::id::{ApplicationId, SecretId, SessionId, TenantId, UserId};
use crate::{Epoch, Timestamp};

/// A fact that other processes must learn about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant's epoch rose: everything issued in it before is dead.
    TenantEpoch(TenantId, Epoch),
    /// An application's epoch rose: its tokens are dead.
    ApplicationEpoch(ApplicationId, Epoch),
    /// A user's epoch rose: the user's tokens are dead.
    UserEpoch(UserId, Epoch),
    /// A secret was withdrawn: the tokens it bought are dead, those of another secret live on.
    SecretWithdrawn(SecretId),
    /// What is remembered of a user must be asked for again.
    UserRevised(UserId),
    /// What is remembered of an application must be asked for again.
    ApplicationRevised(ApplicationId),
    /// What is remembered of every subject of a tenant must be asked for again.
    PolicyRevised(TenantId),
    /// What is remembered of a tenant, its settings above all, must be asked for again.
    TenantRevised(TenantId),
    /// A session ended; no token of it outlives the given time.
    SessionEnded(SessionId, Timestamp),
    /// The set of signing keys changed.
    KeysChanged,
}

impl Change {
    /// Whether the change ends tokens, so that a verifier needs it again after a restart; the others only drop caches.
    pub fn ends_tokens(&self) -> bool {
        match self {
            Self::TenantEpoch(..)
            | Self::ApplicationEpoch(..)
            | Self::UserEpoch(..)
            | Self::SecretWithdrawn(..)
            | Self::SessionEnded(..) => true,
            Self::UserRevised(..)
            | Self::ApplicationRevised(..)
            | Self::PolicyRevised(..)
            | Self::TenantRevised(..)
            | Self::KeysChanged => false,
        }
    }
}
