//! Sets of public keys (JWKS, RFC 7517 §5).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::fault::JwkSetFault;
use super::public_key::PublicKey;
use domain::json;

const MAX_BYTES: usize = 1 << 20;
const MAX_KEYS: usize = 64;
/// The document, its array, a key, and an array or an object in the key.
const MAX_DEPTH: usize = 5;

/// The public keys that a verifier trusts, by `kid`. Built once, shared, and replaced as a whole.
#[derive(Debug)]
pub struct JwkSet {
    keys: HashMap<String, PublicKey>,
    json: Vec<u8>,
}

impl JwkSet {
    /// Reads a published set.
    ///
    /// Keys that we could not verify with are left out, as RFC 7517 §5 asks: other kinds and purposes, too weak, without
    /// `kid`, or with private members. A key without `alg` gets the only algorithm that we use with its kind.
    ///
    /// # Errors
    /// Any [`JwkSetFault`] but the last: a set that is ambiguous or without bounds is not used at all.
    pub fn parse(text: &[u8]) -> Result<Self, JwkSetFault> {
        if text.len() > MAX_BYTES {
            return Err(JwkSetFault::TooLarge);
        }
        let document = json::parse_object(text, MAX_DEPTH).map_err(|_| JwkSetFault::Malformed)?;
        let listed = document.get("keys").and_then(Value::as_array).ok_or(JwkSetFault::Malformed)?;
        let jwks: Option<Vec<_>> = listed.iter().map(Value::as_object).collect();
        let jwks = jwks.ok_or(JwkSetFault::Malformed)?;
        refuse_ambiguous(&jwks)?;
        Ok(Self::of(jwks.into_iter().filter_map(PublicKey::from_published).collect()))
    }

    /// The set of keys that we publish, as [`SigningKey::public_jwk`](super::SigningKey::public_jwk) gives them.
    ///
    /// # Errors
    /// [`JwkSetFault::TooManyKeys`], [`JwkSetFault::DuplicateKid`], and [`JwkSetFault::UnusableKey`] for a key that
    /// [`parse`](Self::parse) would have left out.
    pub fn from_public(jwks: &[Map<String, Value>]) -> Result<Self, JwkSetFault> {
        refuse_ambiguous(&jwks.iter().collect::<Vec<_>>())?;
        let keys: Option<Vec<_>> = jwks.iter().map(PublicKey::from_published).collect();
        keys.map(Self::of).ok_or(JwkSetFault::UnusableKey)
    }

    /// The set as a JSON document: the keys in their order, each with its public members, `use`, `alg` and `kid`.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The algorithm of the key of this name; none if it is not in the set.
    #[must_use]
    pub fn algorithm(&self, kid: &str) -> Option<Algorithm> {
        self.keys.get(kid).map(PublicKey::algorithm)
    }

    /// How many keys there are to verify with.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing can be verified with this set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of this name.
    pub(super) fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.get(kid)
    }

    fn of(keys: Vec<PublicKey>) -> Self {
        let listed: Vec<Value> = keys.iter().map(|key| Value::Object(key.jwk().clone())).collect();
        let json = serde_json::json!({ "keys": listed }).to_string().into_bytes();
        Self { keys: keys.into_iter().map(|key| (key.kid().to_owned(), key)).collect(), json }
    }
}

/// Bounds the set and refuses two keys of one name, whether we understand them or not: which of them verifies would
/// otherwise depend on who reads the set.
fn refuse_ambiguous(jwks: &[&Map<String, Value>]) -> Result<(), JwkSetFault> {
    if jwks.len() > MAX_KEYS {
        return Err(JwkSetFault::TooManyKeys);
    }
    let mut seen = HashSet::new();
    let mut kids = jwks.iter().filter_map(|jwk| jwk.get("kid")?.as_str());
    if kids.all(|kid| seen.insert(kid)) { Ok(()) } else { Err(JwkSetFault::DuplicateKid) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jws::SigningKey;

    fn jwk(algorithm: Algorithm) -> Map<String, Value> {
        SigningKey::generate(algorithm).unwrap().public_jwk().clone()
    }

    fn parse(keys: &[Value]) -> Result<JwkSet, JwkSetFault> {
        JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn with(mut jwk: Map<String, Value>, name: &str, value: Value) -> Value {
        jwk.insert(name.to_owned(), value);
        Value::Object(jwk)
    }

    #[test]
    fn a_set_reads_what_it_wrote() {
        let keys = [jwk(Algorithm::Rs256), jwk(Algorithm::Es256), jwk(Algorithm::EdDsa)];
        let set = JwkSet::from_public(&keys).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(set.json()).unwrap(), json!({ "keys": keys }));
        let read = JwkSet::parse(set.json()).unwrap();
        assert_eq!((read.len(), read.is_empty(), read.json()), (3, false, set.json()));
        for key in &keys {
            let kid = key["kid"].as_str().unwrap();
            assert_eq!(read.algorithm(kid).unwrap().name(), key["alg"]);
        }
        assert_eq!(read.algorithm("another"), None);
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let key = jwk(Algorithm::Es256);
        let other = |kid: &str, name: &str, value: Value| {
            with(with(key.clone(), "kid", json!(kid)).as_object().unwrap().clone(), name, value)
        };
        let set = parse(&[
            json!({}),
            json!({"kty": "oct", "kid": "symmetric", "k": "AAAA"}),
            other("1", "use", json!("enc")),
            other("2", "use", json!(null)),
            other("3", "key_ops", json!(["sign"])),
            other("4", "key_ops", json!("verify")),
            other("5", "alg", json!("ES384")),
            other("6", "alg", json!("RS256")),
            other("7", "d", json!("AAAA")),
            other("8", "x", json!("AAAA")),
            other("9", "x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            with(key.clone(), "kid", json!("")),
            with(key.clone(), "kid", json!(7)),
            with(key.clone(), "kid", json!("k".repeat(256))),
            Value::Object(key.clone()),
        ])
        .unwrap();
        assert_eq!(set.len(), 1);
        assert_eq!(set.algorithm(key["kid"].as_str().unwrap()), Some(Algorithm::Es256));
    }

    #[test]
    fn a_key_without_labels_is_used_as_its_kind_allows() {
        let mut key = jwk(Algorithm::Rs256);
        key.retain(|name, _| name != "alg" && name != "use");
        key.insert("key_ops".to_owned(), json!(["verify"]));
        key.insert("x5c".to_owned(), json!(["AAAA"]));
        let kid = key["kid"].as_str().unwrap().to_owned();
        assert_eq!(parse(&[Value::Object(key)]).unwrap().algorithm(&kid), Some(Algorithm::Rs256));
    }

    #[test]
    fn two_keys_of_one_name_spoil_the_set() {
        let key = jwk(Algorithm::Es256);
        assert_eq!(parse(&[json!(key), json!(key)]).err(), Some(JwkSetFault::DuplicateKid));
        let symmetric = json!({"kty": "oct", "kid": key["kid"]});
        assert_eq!(parse(&[json!(key), symmetric]).err(), Some(JwkSetFault::DuplicateKid));
        assert_eq!(JwkSet::from_public(&[key.clone(), key]).err(), Some(JwkSetFault::DuplicateKid));
    }

    #[test]
    fn a_set_without_bounds_is_refused() {
        let keys: Vec<Value> = (0..65).map(|kid| json!({"kid": kid.to_string()})).collect();
        assert!(parse(&keys[..64]).unwrap().is_empty());
        assert_eq!(parse(&keys).err(), Some(JwkSetFault::TooManyKeys));
        let mut text = br#"{"keys":[]}"#.to_vec();
        text.resize(MAX_BYTES, b' ');
        assert!(JwkSet::parse(&text).is_ok());
        text.push(b' ');
        assert_eq!(JwkSet::parse(&text).err(), Some(JwkSetFault::TooLarge));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[1]}"#,
            r#"{"keys":[],"keys":[]}"#,
            r#"{"keys":[{"a":1,"a":1}]}"#,
        ] {
            assert_eq!(JwkSet::parse(text.as_bytes()).err(), Some(JwkSetFault::Malformed), "{text}");
        }
    }

    #[test]
    fn a_key_of_ours_must_be_usable() {
        let mut key = jwk(Algorithm::Es256);
        key.insert("d".to_owned(), json!("AAAA"));
        assert_eq!(JwkSet::from_public(&[key]).err(), Some(JwkSetFault::UnusableKey));
        assert!(JwkSet::from_public(&[]).unwrap().is_empty());
    }
}
