//! Private keys that an operator brings: PKCS#8 PEM (RFC 7468 §10) or a private JWK (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::json;
use openssl::bn::BigNumContext;
use openssl::ec::EcKeyRef;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::RsaRef;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::fault::SigningKeyFault;
use super::signing::SigningKey;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Over an RSA key of 8192 bits in either form.
const MAX_BYTES: usize = 16 * 1024;
/// The length of a coordinate and of a private value on P-256 and Ed25519.
const FIELD_BYTES: i32 = 32;

impl SigningKey {
    /// Reads the one private key of a text: RSA from 2048 bits, EC on P-256, or Ed25519.
    ///
    /// PEM is one block `PRIVATE KEY` without a password and nothing else; a JWK that says what it is for must say
    /// signatures. The `kid` is computed and not read; a certificate is not a key.
    ///
    /// # Errors
    /// Any [`SigningKeyFault`].
    pub fn import(text: &str) -> Result<Self, SigningKeyFault> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(SigningKeyFault::Malformed);
        }
        if text.starts_with('{') {
            let jwk = json::parse_object(text.as_bytes(), 2).map_err(|_| SigningKeyFault::Malformed)?;
            if !is_meant_for_signing(&jwk) {
                return Err(SigningKeyFault::Malformed);
            }
            let key = Self::from_private_jwk(text)?;
            let names_another = jwk.get("alg").is_some_and(|named| named != key.algorithm().name());
            return if names_another { Err(SigningKeyFault::Malformed) } else { Ok(key) };
        }
        let body =
            text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(SigningKeyFault::Malformed)?;
        let encoded: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(encoded.as_bytes()).map_err(|_| SigningKeyFault::Malformed)?);
        let key = PKey::private_key_from_pkcs8(&der).map_err(|_| SigningKeyFault::Malformed)?;
        let jwk = members(&key).ok_or(SigningKeyFault::Malformed)?;
        Self::from_private_jwk(&Zeroizing::new(Value::Object(jwk).to_string()))
    }
}

/// Whether neither `use` nor `key_ops` says otherwise (RFC 7517 §4.2, §4.3).
fn is_meant_for_signing(jwk: &Map<String, Value>) -> bool {
    let usage = jwk.get("use").is_none_or(|usage| usage == "sig");
    let signs = |operations: &Value| operations.as_array().is_some_and(|list| list.iter().any(|one| one == "sign"));
    usage && jwk.get("key_ops").is_none_or(signs)
}

fn members(key: &PKey<Private>) -> Option<Map<String, Value>> {
    let texts = match key.id() {
        Id::RSA => rsa(&*key.rsa().ok()?)?,
        Id::EC => p256(&*key.ec_key().ok()?)?,
        Id::ED25519 => vec![
            ("kty", "OKP".to_owned()),
            ("crv", "Ed25519".to_owned()),
            ("x", encode(&key.raw_public_key().ok()?)),
            ("d", encode(&key.raw_private_key().ok()?)),
        ],
        _ => return None,
    };
    Some(texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect())
}

fn rsa(key: &RsaRef<Private>) -> Option<Vec<(&'static str, String)>> {
    key.check_key().ok().filter(|sound| *sound)?;
    Some(vec![
        ("kty", "RSA".to_owned()),
        ("n", encode(&key.n().to_vec())),
        ("e", encode(&key.e().to_vec())),
        ("d", encode(&key.d().to_vec())),
        ("p", encode(&key.p()?.to_vec())),
        ("q", encode(&key.q()?.to_vec())),
        ("dp", encode(&key.dmp1()?.to_vec())),
        ("dq", encode(&key.dmq1()?.to_vec())),
        ("qi", encode(&key.iqmp()?.to_vec())),
    ])
}

fn p256(key: &EcKeyRef<Private>) -> Option<Vec<(&'static str, String)>> {
    if key.group().curve_name() != Some(Nid::X9_62_PRIME256V1) {
        return None;
    }
    key.check_key().ok()?;
    let mut context = BigNumContext::new().ok()?;
    let (mut x, mut y) = (openssl::bn::BigNum::new().ok()?, openssl::bn::BigNum::new().ok()?);
    key.public_key().affine_coordinates(key.group(), &mut x, &mut y, &mut context).ok()?;
    Some(vec![
        ("kty", "EC".to_owned()),
        ("crv", "P-256".to_owned()),
        ("x", encode(&x.to_vec_padded(FIELD_BYTES).ok()?)),
        ("y", encode(&y.to_vec_padded(FIELD_BYTES).ok()?)),
        ("d", encode(&key.private_key().to_vec_padded(FIELD_BYTES).ok()?)),
    ])
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use openssl::ec::{EcGroup, EcKey};
    use openssl::rsa::Rsa;

    use super::*;
    use crate::jws::{Algorithm, JwkSet, verify};

    fn p256() -> PKey<Private> {
        curve(Nid::X9_62_PRIME256V1)
    }

    fn curve(name: Nid) -> PKey<Private> {
        PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(name).unwrap()).unwrap()).unwrap()
    }

    fn rsa(bits: u32) -> PKey<Private> {
        PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
    }

    fn pem(key: &PKey<Private>) -> String {
        String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    #[test]
    fn a_key_of_each_kind_comes_in_as_pem_and_as_jwk() {
        let keys = [
            (rsa(2048), Algorithm::Rs256),
            (p256(), Algorithm::Es256),
            (PKey::generate_ed25519().unwrap(), Algorithm::EdDsa),
        ];
        for (key, algorithm) in keys {
            let imported = SigningKey::import(&pem(&key)).unwrap();
            assert_eq!(imported.algorithm(), algorithm);
            let again = SigningKey::import(imported.private_jwk().expose()).unwrap();
            assert_eq!(again.kid(), imported.kid());
            let token = imported.sign("JWT", &serde_json::json!({"sub": "u"})).unwrap();
            let set = JwkSet::from_public(&[again.public_jwk().clone()]).unwrap();
            assert!(verify(&token, &set, &["JWT"]).is_ok());
        }
    }

    #[test]
    fn small_keys_and_other_kinds_are_refused() {
        for key in [rsa(1024), curve(Nid::SECP384R1), PKey::generate_ed448().unwrap(), PKey::generate_x25519().unwrap()]
        {
            assert!(SigningKey::import(&pem(&key)).is_err());
        }
    }

    #[test]
    fn only_one_plain_private_key_and_nothing_else_is_read() {
        let key = p256();
        let text = pem(&key);
        let public = String::from_utf8(key.public_key_to_pem().unwrap()).unwrap();
        let old = String::from_utf8(key.ec_key().unwrap().private_key_to_pem().unwrap()).unwrap();
        let locked = key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"word").unwrap();
        let wrong = [
            String::new(),
            format!("{text}{text}"),
            format!("a comment\n{text}"),
            text.replace("BEGIN PRIVATE", "BEGIN PUBLIC"),
            text[..text.len() - 40].to_owned(),
            public,
            old,
            String::from_utf8(locked).unwrap(),
            " ".repeat(3) + "x".repeat(MAX_BYTES + 1).as_str(),
        ];
        for text in wrong {
            assert!(SigningKey::import(&text).is_err(), "{text}");
        }
        assert!(SigningKey::import(&format!("\n{text}\n\n")).is_ok());
    }

    #[test]
    fn a_jwk_for_something_else_is_refused() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let with = |name: &str, value: Value| {
            let mut jwk: Map<String, Value> = serde_json::from_str(key.private_jwk().expose()).unwrap();
            jwk.insert(name.to_owned(), value);
            SigningKey::import(&Value::Object(jwk).to_string())
        };
        assert!(with("use", "sig".into()).is_ok() && with("kid", "theirs".into()).unwrap().kid() == key.kid());
        assert!(with("use", "enc".into()).is_err());
        assert!(with("alg", "RS256".into()).is_err());
        assert!(with("key_ops", serde_json::json!(["verify"])).is_err());
        assert!(SigningKey::import(&Value::Object(key.public_jwk().clone()).to_string()).is_err());
    }
}
