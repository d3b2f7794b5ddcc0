//! Reads tokens with fetched keys.

use std::sync::Arc;

use domain::token::AccessToken;
use domain::{Clock, Issuers};
use service_kit::VerifyFault;
use tokio::time::Instant;

use super::RemoteKeys;
use crate::signatures::{Signatures, Signed, Unread};

/// A token that auth has signed, of a known issuer, whose `token_use` is `access` and which has not expired. It may have
/// been ended before its time: a logout, a disabled user, a withdrawn secret.
#[derive(Clone, Debug)]
pub struct SignedToken(Arc<AccessToken>);

impl SignedToken {
    /// The token. Whoever takes it asks auth about it, or lives with tokens that were ended.
    pub fn that_may_have_ended(self) -> Arc<AccessToken> {
        self.0
    }
}

/// Reads access tokens with the keys that auth publishes. On purpose it is no [`service_kit::Verifier`]: those know which
/// tokens were ended.
pub struct KeyVerifier {
    keys: Arc<RemoteKeys>,
    signatures: Signatures,
    clock: Arc<dyn Clock>,
}

impl KeyVerifier {
    /// A verifier with these keys.
    pub fn new(keys: Arc<RemoteKeys>, issuers: Issuers, clock: Arc<dyn Clock>) -> Self {
        Self { keys, signatures: Signatures::new(issuers, Arc::clone(&clock)), clock }
    }

    /// Tells what a token says; the keys are fetched once more for one that is not known.
    ///
    /// # Errors
    /// [`VerifyFault::Stale`] for a key that is not known while the keys cannot be fetched, or were just now.
    pub async fn verify(&self, token: &str) -> Result<SignedToken, VerifyFault> {
        let arrived = Instant::now();
        let signed = match self.read(token) {
            Err(Unread::UnknownKey) if !self.keys.are_complete_at(arrived) => {
                self.keys.look_again().await;
                self.read(token)
            }
            read => read,
        };
        let signed = signed.map_err(|unread| match unread {
            Unread::Invalid => VerifyFault::Invalid,
            Unread::UnknownKey if self.keys.are_complete_at(arrived) => VerifyFault::Invalid,
            Unread::UnknownKey => VerifyFault::Stale,
        })?;
        if !signed.token.is_unexpired(self.clock.now()) {
            return Err(VerifyFault::Invalid);
        }
        Ok(SignedToken(signed.token))
    }

    fn read(&self, token: &str) -> Result<Signed, Unread> {
        self.signatures.read(token, self.keys.current())
    }
}
