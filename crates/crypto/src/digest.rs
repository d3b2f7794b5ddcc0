//! SHA-256 of what is random and long, or public: fast, without a key, compared in constant time.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::framing::frame;

/// A SHA-256 digest. Equality takes the same time wherever the first difference is.
///
/// Only for values with at least 128 bits of chance in them (secrets that we made, tokens) or for fingerprints of what
/// is no secret; passwords go to [`Passwords`](crate::password::Passwords), short codes to [`Mac`](crate::mac::Mac).
#[derive(Clone, Copy, Eq)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of these bytes, as any other SHA-256 (FIPS 180-4) would give it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a list of parts, each behind its length, so that no other list has the same digest.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        frame(parts, |bytes| hasher.update(bytes));
        Self(hasher.finalize().into())
    }

    /// A digest that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The digest of a client secret that we generated, in the form in which it is stored.
///
/// A plain digest is enough because the secret is random and long (see [`random_token`](crate::token::random_token));
/// it must never be used for a secret that a person chose.
#[must_use]
pub fn client_secret_digest(secret: &str) -> Sha256Digest {
    Sha256Digest::of(secret.as_bytes())
}

impl PartialEq for Sha256Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Hash for Sha256Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Sha256Digest {
    /// Shows the first four bytes: enough to tell two apart in a failed test, too few to search for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Sha256Digest({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_plain_sha_256() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hex: String = client_secret_digest("abc").as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
        assert_eq!(Sha256Digest::of(b"abc"), client_secret_digest("abc"));
    }

    #[test]
    fn shifted_parts_have_another_digest() {
        assert_ne!(Sha256Digest::of_parts(&[b"ab", b"c"]), Sha256Digest::of_parts(&[b"a", b"bc"]));
        assert_ne!(Sha256Digest::of_parts(&[b"abc"]), Sha256Digest::of_parts(&[b"abc", b""]));
    }

    #[test]
    fn a_stored_digest_equals_a_fresh_one_only_if_every_byte_does() {
        let fresh = Sha256Digest::of(b"secret");
        assert_eq!(Sha256Digest::from_bytes(*fresh.as_bytes()), fresh);
        for index in 0..32 {
            let mut bytes = *fresh.as_bytes();
            bytes[index] ^= 1;
            assert_ne!(Sha256Digest::from_bytes(bytes), fresh);
        }
    }

    #[test]
    fn the_debug_form_does_not_give_the_digest_away() {
        assert_eq!(format!("{:?}", Sha256Digest::of(b"abc")), "Sha256Digest(ba7816bf…)");
    }
}
