//! JSON Web Tokens: signed by one of our keys, verified against a set of public keys.
//!
//! Three decisions make forging hard (RFC 8725). The algorithm belongs to the key, and a token that names another is
//! refused. The key is found by `kid` in a set that the verifier brought, and a token that carries or points to a key
//! is refused. And what a token says is read once, strictly: canonical base64url, no name twice, bounded size.
//!
//! The rules on time, issuer and audience are not here: [`verify`] answers who signed which claims, and no more.

pub use self::algorithm::Algorithm;
pub use self::fault::{JwkSetFault, JwtFault, SignError, SigningKeyFault};
pub use self::key_set::JwkSet;
pub use self::signing::SigningKey;
pub use self::verify::{MAX_TOKEN_BYTES, Verified, verify};

mod algorithm;
mod compact;
mod fault;
mod header;
mod import;
mod key_set;
mod public_key;
mod public_members;
mod signer;
mod signing;
mod verify;

#[cfg(test)]
mod forgery_tests;
#[cfg(test)]
mod wycheproof;
