//! Random text that stands for a right: client secrets, device tokens, identifiers nobody may guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Entropy, Secret};
use zeroize::Zeroizing;

/// `bytes` random bytes as unpadded base64url (RFC 4648 §5), which passes through URLs, headers and forms unchanged.
///
/// 32 bytes (43 characters) suit everything that must not be guessed; fewer than 16 are no secret.
#[must_use]
pub fn random_token(bytes: usize, entropy: &dyn Entropy) -> Secret<String> {
    let mut random = Zeroizing::new(vec![0_u8; bytes]);
    entropy.fill(&mut random);
    Secret::new(URL_SAFE_NO_PAD.encode(&*random))
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    #[test]
    fn a_token_holds_the_bytes_it_was_asked_for() {
        for bytes in [0, 1, 16, 31, 32, 33] {
            let token = random_token(bytes, &OsEntropy);
            assert_eq!(URL_SAFE_NO_PAD.decode(token.expose()).unwrap().len(), bytes);
        }
    }

    #[test]
    fn two_tokens_differ() {
        assert_ne!(random_token(32, &OsEntropy).expose(), random_token(32, &OsEntropy).expose());
    }
}
