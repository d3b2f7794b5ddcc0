//! The text form of a stored password hash.

use bcrypt::HashParts;

use super::{COSTS, PasswordError};

/// A stored hash, taken apart.
pub(super) struct Stored<'a> {
    pub(super) scheme: Scheme,
    /// The bcrypt string, with its own version, cost and salt.
    pub(super) bcrypt: &'a str,
    pub(super) cost: u32,
}

/// What was given to bcrypt.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    /// The password.
    Direct,
    /// The HMAC of the password under the pre-hash key of this number.
    Prehashed { key_id: u8 },
    /// What another system thought the password was.
    Imported,
}

impl<'a> Stored<'a> {
    /// Reads a stored hash; its cost is bounded, so that a planted one cannot hold a thread for hours.
    pub(super) fn parse(text: &'a str) -> Result<Self, PasswordError> {
        let (scheme, bcrypt) = if let Some(bcrypt) = text.strip_prefix("b1$") {
            (Scheme::Direct, bcrypt)
        } else if let Some(rest) = text.strip_prefix("b2$") {
            let (key_id, bcrypt) = rest.split_once('$').ok_or(PasswordError::Corrupt)?;
            (Scheme::Prehashed { key_id: key_id.parse().map_err(|_| PasswordError::Corrupt)? }, bcrypt)
        } else {
            (Scheme::Imported, text)
        };
        // `$2x$` marks hashes of a faulty implementation, which the library would verify as if they were sound.
        let known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| bcrypt.starts_with(version));
        let parts: HashParts = bcrypt.parse().map_err(|_| PasswordError::Corrupt)?;
        let cost = parts.get_cost();
        if known && COSTS.contains(&cost) { Ok(Self { scheme, bcrypt, cost }) } else { Err(PasswordError::Corrupt) }
    }
}

/// The text to store for a bcrypt hash of the password itself.
pub(super) fn direct(hash: &HashParts) -> String {
    format!("b1${hash}")
}

/// The text to store for a bcrypt hash of the pre-hash under the key of this number.
pub(super) fn prehashed(key_id: u8, hash: &HashParts) -> String {
    format!("b2${key_id}${hash}")
}
