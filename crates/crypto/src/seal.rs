//! Encryption of single columns: AES-256-GCM, bound to the place where the value stands.

use std::error::Error;
use std::fmt;

use domain::{Entropy, Secret};
use openssl::error::ErrorStack;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use crate::framing::frame;
use crate::keys::{Key, PurposeKeys};
use crate::ring::Ring;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Seals and opens values that are stored, for one purpose.
///
/// A sealed value is `version (1) | key id (1) | nonce (12) | ciphertext | tag (16)`: 30 bytes longer than what it
/// hides, and its length is not hidden. Nonces are random, which is safe for 2³² values per key (NIST SP 800-38D
/// §8.3), far more than a deployment has secrets.
#[derive(Debug)]
pub struct Sealer {
    keys: Ring<Key>,
}

/// The place a sealed value belongs to. A value copied to any other place does not open.
#[derive(Clone, Copy, Debug)]
pub struct RowIdentity<'a> {
    /// The tenant that owns the row.
    pub tenant: &'a str,
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// What names the row in its table, usually its id.
    pub row: &'a str,
}

/// Why a value was not sealed or did not open.
#[derive(Debug)]
pub enum SealError {
    /// Too short, or of a layout that this version does not know: the column holds no sealed value.
    Malformed,
    /// Sealed with a deployment key of this number, which the key file does not hold.
    UnknownKey(u8),
    /// Changed, sealed for another place, or sealed with another key of the same number.
    NotAuthentic,
    /// The cryptographic library failed while sealing.
    Library(ErrorStack),
}

impl Sealer {
    /// Seals and opens with the keys of one purpose.
    #[must_use]
    pub fn new(keys: &PurposeKeys) -> Self {
        Self { keys: keys.ring().map(Key::clone) }
    }

    /// Encrypts a value for its place, with the current key and a fresh nonce.
    ///
    /// # Errors
    /// [`SealError::Library`] alone.
    pub fn seal(&self, row: &RowIdentity<'_>, plaintext: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        let key_id = self.keys.current_id();
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let mut tag = [0; TAG_BYTES];
        let key = self.keys.current().expose();
        let associated = row.associated_data(key_id);
        let ciphertext = encrypt_aead(Cipher::aes_256_gcm(), key, Some(&nonce), &associated, plaintext, &mut tag)
            .map_err(SealError::Library)?;
        Ok([[VERSION, key_id].as_slice(), &nonce, &ciphertext, &tag].concat())
    }

    /// Decrypts a value that was sealed for this place.
    ///
    /// # Errors
    /// All but [`SealError::Library`]; which of them is for the log of the operator, never for a caller of the service.
    pub fn open(&self, row: &RowIdentity<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let (&[version, key_id], rest) = sealed.split_first_chunk().ok_or(SealError::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(SealError::Malformed)?;
        if version != VERSION {
            return Err(SealError::Malformed);
        }
        let key = self.keys.find(key_id).ok_or(SealError::UnknownKey(key_id))?.expose();
        let associated = row.associated_data(key_id);
        decrypt_aead(Cipher::aes_256_gcm(), key, Some(nonce), &associated, ciphertext, tag)
            .map(Secret::new)
            .map_err(|_| SealError::NotAuthentic)
    }

    /// Whether a sealed value was made with the current key; if not, it should be sealed anew before the rotation ends.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&[VERSION, self.keys.current_id()])
    }
}

/// The number of the deployment key that a value was sealed with; `None` for what is no sealed value.
#[must_use]
pub fn key_id(sealed: &[u8]) -> Option<u8> {
    match sealed.split_first_chunk() {
        Some((&[VERSION, key_id], rest)) if rest.len() >= NONCE_BYTES + TAG_BYTES => Some(key_id),
        Some(_) | None => None,
    }
}

impl RowIdentity<'_> {
    /// The place, and the two bytes before the nonce, as the associated data of the seal.
    fn associated_data(&self, key_id: u8) -> Vec<u8> {
        let parts = [self.tenant, self.table, self.column, self.row].map(str::as_bytes);
        let mut data = vec![VERSION, key_id];
        frame(&parts, |bytes| data.extend_from_slice(bytes));
        data
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the value is not a sealed one"),
            Self::UnknownKey(id) => {
                write!(f, "the value was sealed with deployment key {id}, which is not in the key file")
            }
            Self::NotAuthentic => f.write_str("the sealed value was changed, moved, or sealed with another key"),
            Self::Library(_) => f.write_str("the value could not be sealed"),
        }
    }
}

impl Error for SealError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Library(cause) => Some(cause),
            Self::Malformed | Self::UnknownKey(_) | Self::NotAuthentic => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::{DeploymentKeys, Purpose};

    const ONE: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const TWO: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const ROW: RowIdentity<'_> = RowIdentity { tenant: "t", table: "factors", column: "seed", row: "7" };

    fn sealer(file: &str) -> Sealer {
        Sealer::new(&DeploymentKeys::parse(file).unwrap().purpose(Purpose::SealedRow))
    }

    #[test]
    fn the_layout_is_version_key_nonce_ciphertext_tag() {
        let sealed = sealer(TWO).seal(&ROW, b"seed", &OsEntropy).unwrap();
        assert_eq!(sealed.len(), 2 + 12 + 4 + 16);
        assert_eq!(sealed[..2], [1, 2]);
        assert_eq!(key_id(&sealed), Some(2));
        assert_eq!(key_id(&sealed[..29]), None);
    }

    #[test]
    fn the_same_value_sealed_twice_looks_different() {
        let sealer = sealer(ONE);
        assert_ne!(sealer.seal(&ROW, b"seed", &OsEntropy).unwrap(), sealer.seal(&ROW, b"seed", &OsEntropy).unwrap());
    }

    #[test]
    fn a_value_opens_only_in_its_place() {
        let sealer = sealer(ONE);
        let sealed = sealer.seal(&ROW, b"seed", &OsEntropy).unwrap();
        let elsewhere = [
            RowIdentity { tenant: "u", ..ROW },
            RowIdentity { table: "providers", ..ROW },
            RowIdentity { column: "name", ..ROW },
            RowIdentity { row: "8", ..ROW },
            RowIdentity { tenant: "tf", table: "actors", ..ROW },
        ];
        for row in elsewhere {
            assert!(matches!(sealer.open(&row, &sealed), Err(SealError::NotAuthentic)));
        }
        assert_eq!(sealer.open(&ROW, &sealed).unwrap().expose(), b"seed");
    }

    #[test]
    fn the_previous_key_opens_during_a_rotation_and_not_after() {
        let old = sealer(ONE).seal(&ROW, b"seed", &OsEntropy).unwrap();
        let rotating = sealer(&format!("{TWO}\n{ONE}"));
        assert_eq!(rotating.open(&ROW, &old).unwrap().expose(), b"seed");
        assert!(!rotating.is_current(&old));
        assert!(rotating.is_current(&rotating.seal(&ROW, b"seed", &OsEntropy).unwrap()));
        assert!(matches!(sealer(TWO).open(&ROW, &old), Err(SealError::UnknownKey(1))));
    }

    #[test]
    fn another_key_of_the_same_number_opens_nothing() {
        let sealed = sealer(ONE).seal(&ROW, b"seed", &OsEntropy).unwrap();
        assert!(matches!(sealer(&TWO.replace("2:", "1:")).open(&ROW, &sealed), Err(SealError::NotAuthentic)));
    }

    #[test]
    fn what_is_too_short_is_malformed() {
        let sealer = sealer(ONE);
        let sealed = sealer.seal(&ROW, b"", &OsEntropy).unwrap();
        assert_eq!(sealer.open(&ROW, &sealed).unwrap().expose(), b"");
        for length in 0..sealed.len() {
            assert!(matches!(sealer.open(&ROW, &sealed[..length]), Err(SealError::Malformed)));
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(plaintext in any::<Vec<u8>>(), tenant in ".*", row in ".*") {
            let place = RowIdentity { tenant: &tenant, row: &row, ..ROW };
            let sealer = sealer(ONE);
            let sealed = sealer.seal(&place, &plaintext, &OsEntropy).unwrap();
            let opened = sealer.open(&place, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plaintext);
        }

        #[test]
        fn any_changed_byte_is_refused(plaintext in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
            let sealer = sealer(&format!("{ONE}\n{TWO}"));
            let mut sealed = sealer.seal(&ROW, &plaintext, &OsEntropy).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= change;
            prop_assert!(sealer.open(&ROW, &sealed).is_err());
        }
    }
}
