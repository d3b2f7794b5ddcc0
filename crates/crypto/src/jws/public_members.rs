//! The public members of a JWK of a kind that we use, checked one by one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::algorithm::Algorithm;

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The smallest exponent that FIPS 186-5 §A.1.1 allows.
const SMALLEST_RSA_EXPONENT: u64 = 65_537;

/// The members that make a public key, in the base64url of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicMembers {
    /// `kty` RSA (RFC 7518 §6.3.1).
    Rsa { modulus: String, exponent: String, modulus_bytes: usize },
    /// `kty` EC on P-256 (RFC 7518 §6.2.1).
    P256 { x: String, y: String },
    /// `kty` OKP on Ed25519 (RFC 8037 §2).
    Ed25519 { x: String },
}

impl PublicMembers {
    /// The members of a JWK; none if its kind is not ours or a member is missing, too weak or not canonical.
    pub(super) fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (modulus, exponent) = (text("n")?, text("e")?);
                let modulus_bytes = sound_modulus(&decode(modulus)?)?;
                sound_exponent(&decode(exponent)?)?;
                Some(Self::Rsa { modulus: modulus.to_owned(), exponent: exponent.to_owned(), modulus_bytes })
            }
            ("EC", Some("P-256")) => Some(Self::P256 { x: coordinate(text("x")?)?, y: coordinate(text("y")?)? }),
            ("OKP", Some("Ed25519")) => Some(Self::Ed25519 { x: coordinate(text("x")?)? }),
            _ => None,
        }
    }

    /// The one algorithm that we use with keys of this kind.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// The length of every signature of the key.
    pub(super) fn signature_bytes(&self) -> usize {
        match self {
            Self::Rsa { modulus_bytes, .. } => *modulus_bytes,
            Self::P256 { .. } | Self::Ed25519 { .. } => 64,
        }
    }

    /// Name and value of each member, `kty` among them, in the order of their names.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Rsa { modulus, exponent, .. } => vec![("e", exponent), ("kty", "RSA"), ("n", modulus)],
            Self::P256 { x, y } => vec![("crv", "P-256"), ("kty", "EC"), ("x", x), ("y", y)],
            Self::Ed25519 { x } => vec![("crv", "Ed25519"), ("kty", "OKP"), ("x", x)],
        }
    }

    /// The SHA-256 thumbprint (RFC 7638 §3): a name that any two parties give to the same key.
    pub(super) fn thumbprint(&self) -> String {
        // No value holds a character that JSON would escape, and the pairs stand in the order that the RFC asks for.
        let members: Vec<String> = self.pairs().iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", members.join(","))))
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A coordinate of 32 bytes, leading zeros included.
fn coordinate(text: &str) -> Option<String> {
    (decode(text)?.len() == 32).then(|| text.to_owned())
}

/// The length of an odd modulus without leading zeros and of an allowed size.
fn sound_modulus(modulus: &[u8]) -> Option<usize> {
    let (first, last) = (modulus.first()?, modulus.last()?);
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    (*first != 0 && last % 2 == 1 && RSA_BITS.contains(&bits)).then_some(modulus.len())
}

/// An odd exponent without leading zeros that is neither small nor absurd.
fn sound_exponent(exponent: &[u8]) -> Option<()> {
    if exponent.len() > 8 || exponent.first() == Some(&0) {
        return None;
    }
    let value = exponent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    (value >= SMALLEST_RSA_EXPONENT && value % 2 == 1).then_some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(jwk: Value) -> Option<PublicMembers> {
        PublicMembers::parse(jwk.as_object().unwrap())
    }

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<PublicMembers> {
        let [n, e] = [modulus, exponent].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        parse(json!({"kty": "RSA", "n": n, "e": e}))
    }

    #[test]
    fn the_thumbprint_of_an_rsa_key_is_that_of_the_rfc() {
        // RFC 7638 §3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
                 knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6\
                 qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJ\
                 zKnqDKgw";
        let key = parse(json!({"kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "n": n, "e": "AQAB"})).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!((key.algorithm(), key.signature_bytes()), (Algorithm::Rs256, 256));
    }

    #[test]
    fn the_thumbprint_of_an_ed25519_key_is_that_of_the_rfc() {
        // RFC 8037 A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = parse(json!({"kty": "OKP", "crv": "Ed25519", "x": x})).unwrap();
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!((key.algorithm(), key.signature_bytes()), (Algorithm::EdDsa, 64));
    }

    #[test]
    fn weak_and_absurd_rsa_keys_are_none_of_ours() {
        let sound = [0xff; 256];
        assert!(rsa(&sound, &[1, 0, 1]).is_some());
        assert!(rsa(&[0xff; 1024], &[1, 0, 1]).is_some());
        for modulus in [vec![], vec![0xff; 128], vec![0xff; 255], vec![0xff; 1025], [&[0][..], &sound].concat()] {
            assert_eq!(rsa(&modulus, &[1, 0, 1]), None, "{} bytes", modulus.len());
        }
        assert_eq!(rsa(&[&[0x7f][..], &[0xff; 255]].concat(), &[1, 0, 1]), None, "2047 bits");
        assert_eq!(rsa(&[&[0xff; 255][..], &[0xfe]].concat(), &[1, 0, 1]), None, "even");
        for exponent in [&[][..], &[0], &[1], &[3], &[1, 0, 0], &[1, 0, 2], &[0, 1, 0, 1], &[0xff; 9]] {
            assert_eq!(rsa(&sound, exponent), None, "{exponent:?}");
        }
    }

    #[test]
    fn coordinates_have_exactly_32_bytes() {
        let text = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![1; bytes]);
        assert!(parse(json!({"kty": "EC", "crv": "P-256", "x": text(32), "y": text(32)})).is_some());
        for (x, y) in [(31, 33), (33, 31), (32, 31), (0, 64), (32, 0)] {
            assert_eq!(parse(json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})), None);
        }
        assert_eq!(parse(json!({"kty": "OKP", "crv": "Ed25519", "x": text(57)})), None);
        assert_eq!(parse(json!({"kty": "OKP", "crv": "Ed25519", "x": text(32) + "="})), None);
    }

    #[test]
    fn other_kinds_of_keys_are_none_of_ours() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        for (kty, crv) in [("oct", "P-256"), ("EC", "P-384"), ("EC", "secp256k1"), ("OKP", "X25519"), ("ec", "P-256")] {
            assert_eq!(parse(json!({"kty": kty, "crv": crv, "x": x, "y": x, "k": x})), None, "{kty} {crv}");
        }
        assert_eq!(parse(json!({"kty": 1})), None);
        assert_eq!(parse(json!({"kty": "EC", "x": x, "y": x})), None);
    }
}
