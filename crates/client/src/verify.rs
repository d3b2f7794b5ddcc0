//! Verifies access tokens from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crypto::digest::Sha256Digest;
use crypto::jws;
use dashmap::DashMap;
use domain::token::AccessToken;
use domain::{Clock, Issuers, Timestamp};
use moka::sync::Cache;
use service_kit::metrics::CacheMeter;
use service_kit::{Verifier, VerifyFault};

use crate::{Lease, TokenState};

/// Verified signatures that are remembered: about 16 MiB at most.
const REMEMBERED: u64 = 16_384;
/// The `typ` values of access tokens: `JWT` on the Access Manager surface, whose clients parse it; `at+jwt` (RFC 9068
/// §2.1) elsewhere.
const TYPES: &[&str] = &["JWT", "at+jwt"];

/// How young the knowledge of keys must be for a key that is not among them to be nobody's: auth signs with no key that it
/// published less than this ago.
const EVERY_KEY_IS_KNOWN: Duration = Duration::from_secs(2);
/// How exactly it is remembered when a key was last needed, so that a verification seldom writes.
const NEEDED_PRECISION_MICROS: i64 = 1_000_000;

/// Verifies access tokens: signature once per token, then expiry, epochs and revocations at every call.
pub struct TokenVerifier {
    state: Arc<TokenState>,
    issuers: Issuers,
    clock: Arc<dyn Clock>,
    age: Box<dyn Fn() -> Option<Duration> + Send + Sync>,
    signatures: Cache<Sha256Digest, Remembered>,
    needed: DashMap<String, LastNeeded>,
    /// How often a signature was remembered.
    pub meter: CacheMeter,
}

/// When a token of a key was last accepted, in microseconds; shared by everything remembered of that key.
type LastNeeded = Arc<AtomicI64>;

/// A token whose signature was verified with a set of keys that has not been replaced since.
#[derive(Clone)]
struct Remembered {
    token: Arc<AccessToken>,
    keys: Arc<jws::JwkSet>,
    needed: LastNeeded,
}

impl TokenVerifier {
    /// A verifier over a state; `age` tells how old the state is, `None` before anything is known.
    pub fn new(
        state: Arc<TokenState>,
        issuers: Issuers,
        clock: Arc<dyn Clock>,
        age: impl Fn() -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        let signatures = Cache::new(REMEMBERED);
        let meter = CacheMeter::default();
        Self { state, issuers, clock, age: Box::new(age), signatures, needed: DashMap::new(), meter }
    }

    /// When a token of each key was last accepted here, to the second; keys that are gone are left out and forgotten.
    pub fn needed(&self) -> Vec<(String, Timestamp)> {
        let keys = self.state.keys();
        self.needed.retain(|kid, _| keys.algorithm(kid).is_some());
        let read = |at: &LastNeeded| Timestamp::from_micros(at.load(Ordering::Relaxed));
        self.needed.iter().map(|held| (held.key().clone(), read(held.value()))).collect()
    }

    fn remember_need(&self, needed: &LastNeeded) {
        let now = self.clock.now().micros();
        if now - needed.load(Ordering::Relaxed) >= NEEDED_PRECISION_MICROS {
            needed.store(now, Ordering::Relaxed);
        }
    }

    fn signed(&self, token: &str) -> Result<Remembered, VerifyFault> {
        let digest = Sha256Digest::of(token.as_bytes());
        let keys = self.state.keys();
        let remembered = self.signatures.get(&digest).filter(|remembered| Arc::ptr_eq(&remembered.keys, &keys));
        self.meter.count(remembered.is_some());
        if let Some(remembered) = remembered {
            return Ok(remembered);
        }
        let verified = jws::verify(token, &keys, TYPES).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            // A key that was never heard of may be one that was not heard of yet.
            let is_complete = || (self.age)().is_some_and(|age| age < EVERY_KEY_IS_KNOWN);
            if fault == jws::JwtFault::UnknownKey && !is_complete() { VerifyFault::Stale } else { VerifyFault::Invalid }
        })?;
        let token = AccessToken::parse(&verified.claims, &self.issuers, self.clock.now()).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            VerifyFault::Invalid
        })?;
        let needed = Arc::clone(&self.needed.entry(verified.kid).or_default());
        let remembered = Remembered { token: Arc::new(token), keys, needed };
        self.signatures.insert(digest, remembered.clone());
        Ok(remembered)
    }
}

impl Verifier for TokenVerifier {
    fn verify(&self, token: &str) -> Result<Arc<AccessToken>, VerifyFault> {
        let Remembered { token, needed, .. } = self.signed(token)?;
        if !token.is_unexpired(self.clock.now()) || self.state.has_ended(&token) {
            return Err(VerifyFault::Invalid);
        }
        // A no above stands on what is known for sure; a yes needs the present.
        if !Lease::is_young((self.age)()) {
            return Err(VerifyFault::Stale);
        }
        self.remember_need(&needed);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

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
