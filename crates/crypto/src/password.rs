//! Password hashes: bcrypt, with a pre-hash where bcrypt alone would cut.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::{Entropy, Secret};

use self::stored::{Scheme, Stored};
use crate::keys::PurposeKeys;
use crate::mac::Mac;

pub use self::error::PasswordError;

mod error;
mod stored;
#[cfg(test)]
mod tests;

/// The longest password that bcrypt reads to its end, in bytes.
const BCRYPT_LIMIT_BYTES: usize = 72;
/// The costs that may be configured, and that a stored hash may have: beyond them a login takes seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

/// Hashes and verifies passwords at one cost.
///
/// Every method but the constructor blocks its thread for one bcrypt computation, about 2^cost × 58 µs (15 ms at 8,
/// 60 ms at 10, 240 ms at 12); the caller runs it behind a gate and never on a thread that serves requests.
///
/// A stored hash names its scheme: `b1$` and a bcrypt string where the password itself was hashed; `b2$`, a key number,
/// `$` and a bcrypt string where the password is longer than 72 bytes or holds a NUL, which bcrypt would cut, and its
/// HMAC-SHA-256 as base64 was hashed instead. The HMAC has a key, so that digests from elsewhere cannot be tried
/// against it.
#[derive(Debug)]
pub struct Passwords {
    prehash: Mac,
    cost: u32,
    nobody: String,
}

/// What a password is to a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is the password.
    pub matches: bool,
    /// Whether the hash has another cost, scheme or key than a new one would: after a match it should be made anew.
    pub stale: bool,
}

impl Passwords {
    /// Hashes at this cost, from 4 to 16, with the keys of [`Purpose::PasswordPrehash`](crate::keys::Purpose).
    ///
    /// # Errors
    /// [`PasswordError::Cost`] for a cost out of range.
    pub fn new(prehash: &PurposeKeys, cost: u32) -> Result<Self, PasswordError> {
        if !COSTS.contains(&cost) {
            return Err(PasswordError::Cost(cost));
        }
        // Well-formed, so that it takes the full time; the hash of no known password; and its verdict is thrown away.
        let nobody = format!("$2b${cost:02}${}", ".".repeat(53));
        Ok(Self { prehash: Mac::new(prehash), cost, nobody })
    }

    /// The hash to store for a password, with a fresh salt. Blocks.
    ///
    /// # Errors
    /// [`PasswordError::Library`] alone.
    pub fn hash(&self, password: &str, entropy: &dyn Entropy) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let bcrypt = |input: &[u8]| bcrypt::hash_with_salt(input, self.cost, salt).map_err(PasswordError::Library);
        if is_cut(password) {
            let key_id = self.prehash.current_key_id();
            let input = self.shorten(key_id, password)?;
            Ok(stored::prehashed(key_id, &bcrypt(input.expose().as_bytes())?))
        } else {
            Ok(stored::direct(&bcrypt(password.as_bytes())?))
        }
    }

    /// Compares a password with a stored hash, of ours or imported (`$2a$`, `$2b$`, `$2y$`). Blocks.
    ///
    /// An imported hash keeps the meaning of its origin, which read 72 bytes and no further; it is stale, so the first
    /// login replaces it by one that reads everything.
    ///
    /// # Errors
    /// [`PasswordError::Corrupt`] for text that is no such hash, [`PasswordError::UnknownKey`] when the deployment key
    /// of its pre-hash is gone.
    pub fn verify(&self, password: &str, stored: &str) -> Result<Verdict, PasswordError> {
        let stored = Stored::parse(stored)?;
        let compare = |input: &[u8]| bcrypt::verify(input, stored.bcrypt).map_err(PasswordError::Library);
        let (matches, current_scheme) = match stored.scheme {
            // A password that is cut cannot have made this hash. It is compared all the same, to take the same time.
            Scheme::Direct => (compare(password.as_bytes())? & !is_cut(password), true),
            Scheme::Prehashed { key_id } => {
                let input = self.shorten(key_id, password)?;
                (compare(input.expose().as_bytes())?, key_id == self.prehash.current_key_id())
            }
            Scheme::Imported => (compare(password.as_bytes())?, false),
        };
        Ok(Verdict { matches, stale: !current_scheme || stored.cost != self.cost })
    }

    /// Takes as long as [`verify`](Self::verify) with a hash of the current cost, for a user who is not there. Blocks.
    pub fn verify_nobody(&self, password: &str) {
        let _ = black_box(bcrypt::verify(black_box(password), &self.nobody));
    }

    /// The pre-hash of a password under the key of this number: 43 characters, none of them NUL.
    fn shorten(&self, key_id: u8, password: &str) -> Result<Secret<String>, PasswordError> {
        let tag = self.prehash.tag_with(key_id, &[password.as_bytes()]).ok_or(PasswordError::UnknownKey(key_id))?;
        Ok(Secret::new(STANDARD_NO_PAD.encode(tag)))
    }
}

/// Whether bcrypt would not read this password to its end.
fn is_cut(password: &str) -> bool {
    password.len() > BCRYPT_LIMIT_BYTES || password.contains('\0')
}
