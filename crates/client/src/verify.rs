//! Verifies access tokens from memory.

use std::sync::Arc;

use crypto::digest::Sha256Digest;
use crypto::jws;
use domain::token::AccessToken;
use domain::{Clock, Issuers};
use moka::sync::Cache;
use service_kit::{Verifier, VerifyFault};

use crate::TokenState;

/// Verified signatures that are remembered: about 16 MiB at most.
const REMEMBERED: u64 = 16_384;
/// The `typ` values of access tokens: `JWT` on the Access Manager surface, whose clients parse it; `at+jwt` (RFC 9068
/// §2.1) elsewhere.
const TYPES: &[&str] = &["JWT", "at+jwt"];

/// Verifies access tokens: signature once per token, then expiry, epochs and revocations at every call.
pub struct TokenVerifier {
    state: Arc<TokenState>,
    issuers: Issuers,
    clock: Arc<dyn Clock>,
    is_current: Box<dyn Fn() -> bool + Send + Sync>,
    signatures: Cache<Sha256Digest, Remembered>,
}

/// A token whose signature was verified with a set of keys that has not been replaced since.
#[derive(Clone)]
struct Remembered {
    token: Arc<AccessToken>,
    keys: Arc<jws::JwkSet>,
}

impl TokenVerifier {
    /// A verifier over a state; `is_current` tells whether the state is young enough to say yes.
    pub fn new(
        state: Arc<TokenState>,
        issuers: Issuers,
        clock: Arc<dyn Clock>,
        is_current: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let signatures = Cache::new(REMEMBERED);
        Self { state, issuers, clock, is_current: Box::new(is_current), signatures }
    }

    fn signed(&self, token: &str) -> Result<Arc<AccessToken>, VerifyFault> {
        let digest = Sha256Digest::of(token.as_bytes());
        let keys = self.state.keys();
        if let Some(remembered) = self.signatures.get(&digest)
            && Arc::ptr_eq(&remembered.keys, &keys)
        {
            return Ok(remembered.token);
        }
        let verified = jws::verify(token, &keys, TYPES).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            // A key that was never heard of may be one that was not heard of yet.
            if fault == jws::JwtFault::UnknownKey && !(self.is_current)() {
                VerifyFault::Stale
            } else {
                VerifyFault::Invalid
            }
        })?;
        let token = AccessToken::parse(&verified.claims, &self.issuers, self.clock.now()).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            VerifyFault::Invalid
        })?;
        let token = Arc::new(token);
        self.signatures.insert(digest, Remembered { token: Arc::clone(&token), keys });
        Ok(token)
    }
}

impl Verifier for TokenVerifier {
    fn verify(&self, token: &str) -> Result<AccessToken, VerifyFault> {
        let token = self.signed(token)?;
        if !token.is_unexpired(self.clock.now()) || self.state.has_ended(&token) {
            return Err(VerifyFault::Invalid);
        }
        // A no above stands on what is known for sure; a yes needs the present.
        if !(self.is_current)() {
            return Err(VerifyFault::Stale);
        }
        Ok((*token).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crypto::jws::{Algorithm, JwkSet, SigningKey};
    use domain::{Slug, SystemClock};

    use super::*;

    /// A verifier over a state without keys, and the word on whether that state is young.
    fn verifier() -> (TokenVerifier, Arc<TokenState>, Arc<AtomicBool>) {
        let state = Arc::new(TokenState::new(JwkSet::from_public(&[]).unwrap()));
        let issuers = Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap();
        let is_young = Arc::new(AtomicBool::new(false));
        let young = Arc::clone(&is_young);
        let is_current = move || young.load(Ordering::Relaxed);
        (TokenVerifier::new(Arc::clone(&state), issuers, Arc::new(SystemClock), is_current), state, is_young)
    }

    #[test]
    fn a_key_that_was_not_heard_of_yet_is_no_reason_to_throw_a_token_away() {
        let (verifier, state, is_young) = verifier();
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = key.sign("JWT", &serde_json::json!({ "sub": "somebody" })).unwrap();
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Stale));
        is_young.store(true, Ordering::Relaxed);
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Invalid));
        // Once the keys are known, what they did not sign rightly is refused for good.
        state.set_keys(JwkSet::from_public(&[key.public_jwk().clone()]).unwrap());
        is_young.store(false, Ordering::Relaxed);
        assert_eq!(verifier.verify(&token), Err(VerifyFault::Invalid));
        assert_eq!(verifier.verify("x.y.z"), Err(VerifyFault::Invalid));
    }
}
