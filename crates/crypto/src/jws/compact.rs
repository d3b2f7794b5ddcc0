//! The compact serialization of a JWS (RFC 7515 §7.1), taken apart strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::fault::JwtFault;

/// The parts of a token, decoded; nothing in them is believed yet.
pub(super) struct Compact<'a> {
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// What the signature is over: the first two parts as they were sent, with the dot between them.
    pub(super) signing_input: &'a [u8],
}

impl<'a> Compact<'a> {
    /// Splits at exactly two dots and decodes. Padding, other alphabets, white space, and bits that decode to nothing
    /// are refused, so that no two texts are the same token.
    pub(super) fn parse(token: &'a str) -> Result<Self, JwtFault> {
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwtFault::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwtFault::Malformed)?;
        Ok(Self {
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
            signing_input: signing_input.as_bytes(),
        })
    }
}

/// A third dot fails here too: it is no letter of the alphabet.
fn decode(part: &str) -> Result<Vec<u8>, JwtFault> {
    if part.is_empty() {
        return Err(JwtFault::Malformed);
    }
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_are_decoded() {
        let compact = Compact::parse("e30.Zm9v.__79").unwrap();
        assert_eq!(compact.header, b"{}");
        assert_eq!(compact.payload, b"foo");
        assert_eq!(compact.signature, [0xff, 0xfe, 0xfd]);
        assert_eq!(compact.signing_input, b"e30.Zm9v");
    }

    #[test]
    fn anything_but_three_canonical_parts_is_refused() {
        let wrong = [
            "",
            ".",
            "..",
            "e30",
            "e30.Zm9v",
            "e30.Zm9v.",
            ".Zm9v.QQ",
            "e30..QQ",
            "e30.Zm9v.QQ.",
            ".e30.Zm9v.QQ",
            "e30.Zm9v.QQ.QQ",
            "e30=.Zm9v.QQ",
            "e30.Zm9v.QQ==",
            "e30.Zm9v.QR",
            "e31.Zm9v.QQ",
            "e30.Zm9v.Q",
            "e30.Zm 9v.QQ",
            "e30.Zm9v.QQ\n",
            " e30.Zm9v.QQ",
            "e30.Zm9v.//79",
            "e30.Zm9v.++79",
            "e30.Zm9v.Qé",
        ];
        for token in wrong {
            assert_eq!(Compact::parse(token).err(), Some(JwtFault::Malformed), "{token:?}");
        }
    }
}
