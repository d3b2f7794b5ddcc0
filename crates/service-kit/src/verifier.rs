//! The port through which the edges verify tokens.

use std::sync::Arc;

use domain::token::AccessToken;

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyFault {
    /// Forged, malformed, expired, revoked or ended: the caller needs another one.
    Invalid,
    /// What is known of revocations is too old to say yes.
    Stale,
}

/// Verifies access tokens; answers from memory.
pub trait Verifier: Send + Sync + 'static {
    /// Tells what a token says, or why it is not accepted.
    fn verify(&self, token: &str) -> Result<Arc<AccessToken>, VerifyFault>;
}
