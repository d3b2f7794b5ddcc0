//! Verifies access tokens from memory.

use std::sync::Arc;
use std::time::Duration;

use domain::token::AccessToken;
use domain::{Clock, Issuers, Timestamp};
use service_kit::metrics::CacheMeter;
use service_kit::{Verifier, VerifyFault};

use crate::signatures::{Signatures, Unread};
use crate::{Lease, TokenState};

/// How young the knowledge of keys must be for a key that is not among them to be nobody's: auth signs with no key that it
/// published less than this ago.
pub(crate) const EVERY_KEY_IS_KNOWN: Duration = Duration::from_secs(2);

/// Verifies access tokens: signature once per token, then expiry, epochs and revocations at every call.
pub struct TokenVerifier {
    state: Arc<TokenState>,
    clock: Arc<dyn Clock>,
    age: Box<dyn Fn() -> Option<Duration> + Send + Sync>,
    signatures: Signatures,
    /// How often a signature was remembered.
    pub meter: CacheMeter,
}

impl TokenVerifier {
    /// A verifier over a state; `age` tells how old the state is, `None` before anything is known.
    pub fn new(
        state: Arc<TokenState>,
        issuers: Issuers,
        clock: Arc<dyn Clock>,
        age: impl Fn() -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        let signatures = Signatures::new(issuers, Arc::clone(&clock));
        let meter = signatures.meter.clone();
        Self { state, clock, age: Box::new(age), signatures, meter }
    }

    /// When a token of each key was last accepted here, to the second; keys that are gone are left out and forgotten.
    pub fn needed(&self) -> Vec<(String, Timestamp)> {
        self.signatures.needed(&self.state.keys())
    }
}

impl Verifier for TokenVerifier {
    fn verify(&self, token: &str) -> Result<Arc<AccessToken>, VerifyFault> {
        let signed = self.signatures.read(token, self.state.keys()).map_err(|unread| match unread {
            Unread::Invalid => VerifyFault::Invalid,
            // A key that was never heard of may be one that was not heard of yet.
            Unread::UnknownKey if (self.age)().is_some_and(|age| age < EVERY_KEY_IS_KNOWN) => VerifyFault::Invalid,
            Unread::UnknownKey => VerifyFault::Stale,
        })?;
        if !signed.token.is_unexpired(self.clock.now()) || self.state.has_ended(&signed.token) {
            return Err(VerifyFault::Invalid);
        }
        // A no above stands on what is known for sure; a yes needs the present.
        if !Lease::is_young((self.age)()) {
            return Err(VerifyFault::Stale);
        }
        self.signatures.accepted(&signed);
        Ok(signed.token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use crypto::jws::{Algorithm, JwkSet, SigningKey};
    use domain::{Slug, SystemClock};

    use super::*;

    /// A verifier over a state without keys, and how old that state is in milliseconds.
    fn verifier() -> (TokenVerifier, Arc<TokenState>, Arc<AtomicU64>) {
        let state = Arc::new(TokenState::new(JwkSet::from_public(&[]).unwrap()));
        let issuers = Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap();
        let milliseconds = Arc::new(AtomicU64::new(0));
        let held = Arc::clone(&milliseconds);
        let age = move || Some(Duration::from_millis(held.load(Ordering::Relaxed)));
        (TokenVerifier::new(Arc::clone(&state), issuers, Arc::new(SystemClock), age), state, milliseconds)
    }

    #[test]
    fn a_key_that_was_not_heard_of_yet_is_no_reason_to_throw_a_token_away() {
        let (verifier, state, age) = verifier();
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = key.sign("JWT", &serde_json::json!({ "sub": "somebody" })).unwrap();
        // Older than the time for which a key is published before it signs, though young enough for other answers.
        age.store(2_000, Ordering::Relaxed);
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Stale));
        age.store(1_999, Ordering::Relaxed);
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Invalid));
        // Once the keys are known, what they did not sign rightly is refused for good.
        state.set_keys(JwkSet::from_public(&[key.public_jwk().clone()]).unwrap());
        age.store(60_000, Ordering::Relaxed);
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Invalid));
        assert_eq!(verifier.verify("x.y.z"), Err(VerifyFault::Invalid));
        assert_eq!(verifier.needed(), [], "what was refused needed no key");
    }
}
