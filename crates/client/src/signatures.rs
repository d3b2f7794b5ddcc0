//! Signatures of access tokens, verified once per token.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crypto::digest::Sha256Digest;
use crypto::jws;
use dashmap::DashMap;
use domain::token::AccessToken;
use domain::{Clock, Issuers, Timestamp};
use moka::sync::Cache;
use service_kit::metrics::CacheMeter;

/// Verified signatures that are remembered: about 16 MiB at most.
const REMEMBERED: u64 = 16_384;
/// The `typ` values of access tokens: `JWT` on the Access Manager surface, whose clients parse it; `at+jwt` (RFC 9068
/// §2.1) elsewhere.
const TYPES: &[&str] = &["JWT", "at+jwt"];
/// How exactly it is remembered when a key was last needed, so that a verification seldom writes.
const NEEDED_PRECISION_MICROS: i64 = 1_000_000;

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Its key is none of these, and may be one that was not heard of yet.
    UnknownKey,
    /// It is none of ours, or its time is not now.
    Invalid,
}

/// Reads tokens, and remembers whose signature was right.
pub(crate) struct Signatures {
    issuers: Issuers,
    clock: Arc<dyn Clock>,
    verified: Cache<Sha256Digest, Signed>,
    needed: DashMap<String, LastNeeded>,
    /// How often a signature was remembered.
    pub(crate) meter: CacheMeter,
}

/// When a token of a key was last accepted, in microseconds; shared by everything remembered of that key.
type LastNeeded = Arc<AtomicI64>;

/// A token whose signature was verified with a set of keys that has not been replaced since.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) token: Arc<AccessToken>,
    keys: Arc<jws::JwkSet>,
    needed: LastNeeded,
}

impl Signatures {
    pub(crate) fn new(issuers: Issuers, clock: Arc<dyn Clock>) -> Self {
        let verified = Cache::new(REMEMBERED);
        Self { issuers, clock, verified, needed: DashMap::new(), meter: CacheMeter::default() }
    }

    /// What a token says that one of these keys has signed. It may have expired since its signature was first read.
    pub(crate) fn read(&self, token: &str, keys: Arc<jws::JwkSet>) -> Result<Signed, Unread> {
        let digest = Sha256Digest::of(token.as_bytes());
        let known = self.verified.get(&digest).filter(|known| Arc::ptr_eq(&known.keys, &keys));
        self.meter.count(known.is_some());
        if let Some(known) = known {
            return Ok(known);
        }
        let verified = jws::verify(token, &keys, TYPES).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            if fault == jws::JwtFault::UnknownKey { Unread::UnknownKey } else { Unread::Invalid }
        })?;
        let token = AccessToken::parse(&verified.claims, &self.issuers, self.clock.now()).map_err(|fault| {
            tracing::debug!(%fault, "a token was refused");
            Unread::Invalid
        })?;
        let needed = Arc::clone(&self.needed.entry(verified.kid).or_default());
        let signed = Signed { token: Arc::new(token), keys, needed };
        self.verified.insert(digest, signed.clone());
        Ok(signed)
    }

    /// Takes note that a token was accepted.
    pub(crate) fn accepted(&self, signed: &Signed) {
        let now = self.clock.now().micros();
        if now - signed.needed.load(Ordering::Relaxed) >= NEEDED_PRECISION_MICROS {
            signed.needed.store(now, Ordering::Relaxed);
        }
    }

    /// When a token of each of these keys was last accepted, to the second; other keys are forgotten.
    pub(crate) fn needed(&self, keys: &jws::JwkSet) -> Vec<(String, Timestamp)> {
        self.needed.retain(|kid, _| keys.algorithm(kid).is_some());
        let read = |at: &LastNeeded| Timestamp::from_micros(at.load(Ordering::Relaxed));
        self.needed.iter().map(|held| (held.key().clone(), read(held.value()))).collect()
    }
}
