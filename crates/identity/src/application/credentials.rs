//! What an application proves itself with.

use std::fmt;

use domain::{Entropy, Secret};

/// Random bytes of a client id, which is public.
const CLIENT_ID_BYTES: usize = 10;
/// Random bytes of a client secret: 160 bits of chance.
const SECRET_BYTES: usize = 20;

/// The public name of an application: 20 lower-case hexadecimal digits, unique in the deployment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// A fresh one.
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self(hex(CLIENT_ID_BYTES, entropy))
    }

    /// One that was stored, also an imported one of another form.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it to tell the applications of a tenant apart.
    pub(super) fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fresh client secret of 40 lower-case hexadecimal digits.
pub(super) fn secret(entropy: &dyn Entropy) -> Secret<String> {
    Secret::new(hex(SECRET_BYTES, entropy))
}

/// Whether a text has the form of a client secret.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == 2 * SECRET_BYTES && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn hex(size_bytes: usize, entropy: &dyn Entropy) -> String {
    let mut random = vec![0; size_bytes];
    entropy.fill(&mut random);
    // Moved into custody, so that the bytes of a secret are wiped.
    let random = Secret::new(random);
    random.expose().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    #[test]
    fn ids_and_secrets_are_fresh_lower_case_hexadecimal_digits() {
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let client_id = ClientId::new(&OsEntropy);
        assert!(is_hex(client_id.as_str(), 20) && is_hex(client_id.short(), 12), "{client_id}");
        assert!(is_secret(secret(&OsEntropy).expose()) && secret(&OsEntropy).expose().len() == 40);
        for wrong in ["", "change-me", &"A".repeat(40), &"a".repeat(41)] {
            assert!(!is_secret(wrong), "{wrong}");
        }
        assert_ne!(secret(&OsEntropy).expose(), secret(&OsEntropy).expose());
    }
}
