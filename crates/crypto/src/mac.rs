//! HMAC-SHA-256 tags with numbered keys.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::framing::frame;
use crate::keys::{Key, PurposeKeys};
use crate::ring::Ring;

/// Makes and checks tags (RFC 2104) for one purpose.
///
/// For values that are short or that we hand out and want to know again: codes, device tokens, refresh tokens. The keys
/// are expanded once, so a tag over a short message costs two or three runs of the compression function.
#[derive(Debug)]
pub struct Mac {
    keys: Ring<Hmac<Sha256>>,
}

/// A tag and the number of the key that made it; both are stored, or handed out, together.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// The key that made the tag, to be given back to [`Mac::verify`].
    pub key_id: u8,
    /// The 32 bytes of the tag.
    pub bytes: [u8; 32],
}

impl Mac {
    /// Makes and checks tags with the keys of one purpose.
    #[must_use]
    pub fn new(keys: &PurposeKeys) -> Self {
        Self { keys: keys.ring().map(keyed) }
    }

    /// The tag of a list of parts under the current key.
    ///
    /// Each part is taken behind its length: `["ab", "c"]` and `["a", "bc"]` have different tags.
    #[must_use]
    pub fn tag(&self, message: &[&[u8]]) -> Tag {
        Tag { key_id: self.keys.current_id(), bytes: compute(self.keys.current(), message) }
    }

    /// Whether `tag` is what the key of this number gives for these parts, compared in constant time.
    ///
    /// False for a number that is not, or no longer, in the key file.
    #[must_use]
    pub fn verify(&self, key_id: u8, message: &[&[u8]], tag: &[u8]) -> bool {
        self.tag_with(key_id, message).is_some_and(|expected| expected.ct_eq(tag).into())
    }

    /// The number of the key that [`tag`](Self::tag) uses; what carries another number should be made anew when it can.
    #[must_use]
    pub fn current_key_id(&self) -> u8 {
        self.keys.current_id()
    }

    /// The tag under the live key of this number.
    pub(crate) fn tag_with(&self, key_id: u8, message: &[&[u8]]) -> Option<[u8; 32]> {
        self.keys.find(key_id).map(|key| compute(key, message))
    }
}

/// HMAC-SHA-256 ready for a message. A key of 32 bytes is filled with zeros to the block of the hash (RFC 2104 §2).
pub(crate) fn keyed(key: &Key) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(key.expose());
    let keyed = Hmac::new(&block);
    block.as_mut_slice().zeroize();
    keyed
}

fn compute(key: &Hmac<Sha256>, message: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    frame(message, |bytes| mac.update(bytes));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use domain::Secret;

    use super::*;
    use crate::keys::{DeploymentKeys, Purpose};

    const ONE: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const TWO: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn mac(file: &str) -> Mac {
        Mac::new(&DeploymentKeys::parse(file).unwrap().purpose(Purpose::RefreshToken))
    }

    #[test]
    fn the_primitive_is_hmac_sha_256() {
        // RFC 4231 §4.2; its key of 20 bytes and ours of 32 that ends in zeros are one key to HMAC.
        let mut key = [0x0b; 32];
        key[20..].fill(0);
        let tag = keyed(&Secret::new(key)).chain_update(b"Hi There").finalize().into_bytes();
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn a_tag_is_good_for_its_message_only() {
        let mac = mac(ONE);
        let tag = mac.tag(&[b"tenant", b"code"]);
        assert!(mac.verify(tag.key_id, &[b"tenant", b"code"], &tag.bytes));
        assert!(!mac.verify(tag.key_id, &[b"tenantc", b"ode"], &tag.bytes));
        assert!(!mac.verify(tag.key_id, &[b"tenantcode"], &tag.bytes));
        assert!(!mac.verify(tag.key_id, &[b"tenant", b"code", b""], &tag.bytes));
    }

    #[test]
    fn a_changed_or_shortened_tag_is_refused() {
        let mac = mac(ONE);
        let tag = mac.tag(&[b"code"]);
        for index in 0..32 {
            let mut bytes = tag.bytes;
            bytes[index] ^= 0x80;
            assert!(!mac.verify(tag.key_id, &[b"code"], &bytes));
        }
        assert!(!mac.verify(tag.key_id, &[b"code"], &tag.bytes[..31]));
        assert!(!mac.verify(tag.key_id, &[b"code"], &[]));
    }

    #[test]
    fn an_unknown_key_verifies_nothing() {
        let mac = mac(ONE);
        let tag = mac.tag(&[b"code"]);
        assert!(!mac.verify(2, &[b"code"], &tag.bytes));
        assert!(!mac.verify(0, &[b"code"], &tag.bytes));
    }

    #[test]
    fn tags_of_the_previous_key_stay_good_during_a_rotation_and_not_after() {
        let old = mac(ONE).tag(&[b"code"]);
        let rotating = mac(&format!("{TWO}\n{ONE}"));
        assert!(rotating.verify(old.key_id, &[b"code"], &old.bytes));
        assert_eq!(rotating.tag(&[b"code"]).key_id, 2);
        assert_eq!(rotating.current_key_id(), 2);
        assert!(!mac(TWO).verify(old.key_id, &[b"code"], &old.bytes));
    }

    #[test]
    fn a_tag_of_one_purpose_is_none_of_another() {
        let keys = DeploymentKeys::parse(ONE).unwrap();
        let tag = Mac::new(&keys.purpose(Purpose::RefreshToken)).tag(&[b"code"]);
        assert!(!Mac::new(&keys.purpose(Purpose::LoginThrottle)).verify(tag.key_id, &[b"code"], &tag.bytes));
    }

    #[test]
    fn the_debug_form_shows_no_key() {
        assert_eq!(format!("{:?}", mac(ONE)), "Mac { keys: Ring { current: 1, previous: None } }");
    }
}
