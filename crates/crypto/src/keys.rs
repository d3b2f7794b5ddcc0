//! The deployment's keys, and one key for each purpose out of each of them.

use std::num::NonZeroU8;

use domain::{Entropy, Secret};
use hmac::Mac as _;

use crate::mac::keyed;
use crate::ring::Ring;

pub use self::edit::{Edit, EditError, edit};
pub use self::file::KeyFileError;

mod edit;
mod file;
#[cfg(test)]
mod tests;

/// 256 bits of key.
pub(crate) type Key = Secret<[u8; 32]>;

/// The master keys of a deployment: the current one and, while a rotation lasts, the previous one.
///
/// They never touch data themselves: everything works with a key derived for its [`Purpose`]. Whoever has the key file
/// and a copy of the database can read the sealed columns, so the two are kept apart, also in backups.
#[derive(Debug)]
pub struct DeploymentKeys {
    ring: Ring<Key>,
}

/// What a derived key is for. Keys of two purposes have nothing to do with each other (RFC 5869 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tags of refresh tokens.
    RefreshToken,
    /// Encryption of columns that hold secrets.
    SealedRow,
    /// The step that makes long passwords short enough for bcrypt.
    PasswordPrehash,
    /// Pseudonyms of login names in the counters of failed logins.
    LoginThrottle,
}

/// The keys of one purpose, under the numbers of the deployment keys that they come from.
#[derive(Debug)]
pub struct PurposeKeys {
    ring: Ring<Key>,
}

impl Purpose {
    /// The HKDF `info` of the purpose. Changing one makes everything unreadable that was made for it.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"gatehouse v1 refresh-token",
            Self::SealedRow => b"gatehouse v1 sealed-row",
            Self::PasswordPrehash => b"gatehouse v1 password-prehash",
            Self::LoginThrottle => b"gatehouse v1 login-throttle",
        }
    }
}

impl DeploymentKeys {
    /// Reads the text of a key file.
    ///
    /// One key a line, `id:key`: `id` is a number from 1 to 255, `key` is 32 bytes as unpadded base64url. The first is
    /// used for new work; a second one keeps what it made readable until everything has been made anew. Blank lines
    /// and lines that begin with `#` do not count.
    ///
    /// # Errors
    /// A sentence for the operator, which names the line and never shows it.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        file::parse(text).map(|ring| Self { ring })
    }

    /// The text of a fresh key file with one key of this number.
    ///
    /// To rotate, see [`edit`].
    #[must_use]
    pub fn generate(id: NonZeroU8, entropy: &dyn Entropy) -> Secret<String> {
        Secret::new(format!("{}{}\n", edit::HEAD, *edit::fresh_line(id, entropy)))
    }

    /// The number of the key for new work.
    #[must_use]
    pub fn current_id(&self) -> u8 {
        self.ring.current_id()
    }

    /// The number of the other key, which is there while a rotation lasts.
    #[must_use]
    pub fn previous_id(&self) -> Option<u8> {
        self.ring.previous_id()
    }

    /// The keys for one purpose.
    #[must_use]
    pub fn purpose(&self, purpose: Purpose) -> PurposeKeys {
        PurposeKeys { ring: self.ring.map(|key| hkdf_sha256(key, purpose.label())) }
    }
}

impl PurposeKeys {
    /// The keys by number, for the modules that use them.
    pub(crate) fn ring(&self) -> &Ring<Key> {
        &self.ring
    }
}

/// HKDF-SHA-256 without salt (RFC 5869 §2.2, §2.3), for exactly one block of output.
///
/// One block is one HMAC over `info` and the block's number, so nothing here can fail, which the general function with
/// its free length could not promise.
fn hkdf_sha256(key: &Key, info: &[u8]) -> Key {
    let no_salt = Secret::new([0; 32]);
    let extracted = Secret::new(keyed(&no_salt).chain_update(key.expose()).finalize().into_bytes().into());
    Secret::new(keyed(&extracted).chain_update(info).chain_update([1]).finalize().into_bytes().into())
}
