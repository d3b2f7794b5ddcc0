//! A public key, ready to verify.

use std::fmt;

use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::public_members::PublicMembers;

const MAX_KID_BYTES: usize = 255;
/// Members that only a private or a symmetric key has.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key with its name and its one algorithm, parsed once.
pub(super) struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    signature_bytes: usize,
    jwk: Map<String, Value>,
    verifier: Box<dyn JwsVerifier>,
}

impl PublicKey {
    /// The key of a JWK that somebody published for the verification of signatures.
    ///
    /// None if it is not of our kinds, not sound, without `kid`, meant for something else (`use`, `key_ops`, `alg`), or
    /// published together with its private half, after which it proves nothing.
    pub(super) fn from_published(jwk: &Map<String, Value>) -> Option<Self> {
        let exposed = PRIVATE.iter().any(|name| jwk.contains_key(*name));
        let kid = jwk.get("kid")?.as_str().filter(|kid| !kid.is_empty() && kid.len() <= MAX_KID_BYTES)?;
        let members = PublicMembers::parse(jwk)?;
        (!exposed && is_meant_for_verifying(jwk, members.algorithm())).then(|| Self::new(kid, &members)).flatten()
    }

    /// The key with these members under this name; none if the library finds them wrong, as a point off its curve.
    pub(super) fn new(kid: &str, members: &PublicMembers) -> Option<Self> {
        let algorithm = members.algorithm();
        let labels = [("use", "sig"), ("alg", algorithm.name()), ("kid", kid)];
        let pairs = members.pairs().into_iter().chain(labels);
        let jwk: Map<String, Value> = pairs.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let verifier = verifier(algorithm, &Jwk::from_map(jwk.clone()).ok()?)?;
        Some(Self { kid: kid.to_owned(), algorithm, signature_bytes: members.signature_bytes(), jwk, verifier })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as it is published: its public members, `use`, `alg` and `kid`, and nothing else.
    pub(super) fn jwk(&self) -> &Map<String, Value> {
        &self.jwk
    }

    /// Whether the key made this signature over this input.
    pub(super) fn verifies(&self, signing_input: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.signature_bytes && self.verifier.verify(signing_input, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn verifier(algorithm: Algorithm, jwk: &Jwk) -> Option<Box<dyn JwsVerifier>> {
    Some(match algorithm {
        Algorithm::Rs256 => Box::new(RS256.verifier_from_jwk(jwk).ok()?),
        Algorithm::Es256 => Box::new(ES256.verifier_from_jwk(jwk).ok()?),
        Algorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(jwk).ok()?),
    })
}

/// Whether none of `use`, `key_ops` and `alg` (RFC 7517 §4.2 to §4.4) says otherwise. All three may be absent.
fn is_meant_for_verifying(jwk: &Map<String, Value>, algorithm: Algorithm) -> bool {
    let usage = jwk.get("use").is_none_or(|usage| usage == "sig");
    let named = jwk.get("alg").is_none_or(|name| name == algorithm.name());
    let operations = jwk.get("key_ops").is_none_or(|operations| match operations {
        Value::Array(operations) => operations.iter().any(|operation| operation == "verify"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    });
    usage && named && operations
}
