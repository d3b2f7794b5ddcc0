//! The verification of tokens.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::compact::Compact;
use super::fault::JwtFault;
use super::header::Header;
use super::key_set::JwkSet;
use domain::json;

/// The longest token that is looked at, in bytes; we sign none that is longer.
pub const MAX_TOKEN_BYTES: usize = 8192;
/// Claims may nest: `act`, `cnf`, `authorization_details`.
const MAX_CLAIMS_DEPTH: usize = 16;

/// What a key of the set has signed. Not yet whether it is meant for us, or still or already good.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<'a> {
    /// The type, in the spelling of the caller's list.
    pub typ: &'a str,
    /// The key that signed.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The claims, none of them looked at.
    pub claims: Map<String, Value>,
}

/// Verifies a token against a set of keys: its form, its signature and its type.
///
/// `accepted` lists the values of `typ` that are tokens of the kind at hand (RFC 8725 §3.11), compared without case and
/// with or without `application/`. What is still to be checked are the claims: issuer, audience, times, subject.
///
/// # Errors
/// The first fault in the order of [`JwtFault`]. Claims are parsed only after the signature has proved who wrote them.
pub fn verify<'a>(token: &str, keys: &JwkSet, accepted: &[&'a str]) -> Result<Verified<'a>, JwtFault> {
    let Authentic { header, payload } = authenticate(token, keys)?;
    let typ = header.accepted_type(accepted)?;
    let claims = json::parse_object(&payload, MAX_CLAIMS_DEPTH).map_err(|_| JwtFault::Claims)?;
    Ok(Verified { typ, kid: header.kid, algorithm: header.algorithm, claims })
}

/// A header and a payload that a key of the set has signed.
pub(super) struct Authentic {
    header: Header,
    payload: Vec<u8>,
}

/// Verifies the form and the signature, whatever was signed.
pub(super) fn authenticate(token: &str, keys: &JwkSet) -> Result<Authentic, JwtFault> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwtFault::TooLong);
    }
    let compact = Compact::parse(token)?;
    let header = Header::parse(&compact.header)?;
    let key = keys.find(&header.kid).ok_or(JwtFault::UnknownKey)?;
    if key.algorithm() != header.algorithm {
        return Err(JwtFault::AlgorithmMismatch);
    }
    if !key.verifies(compact.signing_input, &compact.signature) {
        return Err(JwtFault::Signature);
    }
    Ok(Authentic { header, payload: compact.payload })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::jws::SigningKey;

    fn keys_of(key: &SigningKey) -> JwkSet {
        JwkSet::from_public(&[key.public_jwk().clone()]).unwrap()
    }

    #[test]
    fn what_a_key_signed_verifies_with_its_public_half() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let claims = json!({"sub": "u", "exp": 1_795_406_702_i64, "aud": ["a", "b"], "act": {"sub": "é"}});
            let token = key.sign("at+jwt", &claims).unwrap();
            let verified = verify(&token, &keys_of(&key), &["JWT", "Application/AT+JWT"]).unwrap();
            let expected = Verified {
                typ: "Application/AT+JWT",
                kid: key.kid().to_owned(),
                algorithm,
                claims: claims.as_object().unwrap().clone(),
            };
            assert_eq!(verified, expected);
        }
    }

    #[test]
    fn a_token_of_another_type_is_refused() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let token = key.sign("JWT", &json!({})).unwrap();
        assert_eq!(verify(&token, &keys_of(&key), &["at+jwt"]), Err(JwtFault::Type));
        assert_eq!(verify(&token, &keys_of(&key), &[]), Err(JwtFault::Type));
    }

    #[test]
    fn a_token_of_an_unknown_key_is_refused() {
        let [key, other] = [(); 2].map(|()| SigningKey::generate(Algorithm::EdDsa).unwrap());
        let token = key.sign("JWT", &json!({})).unwrap();
        assert_eq!(verify(&token, &keys_of(&other), &["JWT"]), Err(JwtFault::UnknownKey));
        assert_eq!(verify(&token, &JwkSet::from_public(&[]).unwrap(), &["JWT"]), Err(JwtFault::UnknownKey));
    }

    #[test]
    fn a_token_that_is_too_long_is_not_looked_at() {
        let keys = JwkSet::from_public(&[]).unwrap();
        assert_eq!(verify(&"A".repeat(MAX_TOKEN_BYTES + 1), &keys, &["JWT"]), Err(JwtFault::TooLong));
        assert_eq!(verify(&"A".repeat(MAX_TOKEN_BYTES), &keys, &["JWT"]), Err(JwtFault::Malformed));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_claims_come_back_as_they_were_signed(sub in ".*", number in any::<i64>(), list in any::<Vec<u32>>()) {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
            let claims = json!({"sub": sub, "n": number, "list": list});
            let token = key.sign("JWT", &claims).unwrap();
            let verified = verify(&token, &keys_of(&key), &["JWT"]).unwrap();
            prop_assert_eq!(Value::Object(verified.claims), claims);
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in ".*") {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
            prop_assert!(verify(&text, &keys_of(&key), &["JWT"]).is_err());
        }
    }
}
