//! Tokens that somebody would like us to believe.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac as _};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jwk::{Jwk, KeyPair};
use josekit::jws::{ES256, EdDSA, JwsSigner, RS256};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Algorithm, JwkSet, JwtFault, SigningKey, verify};

const CLAIMS: &str = r#"{"sub":"administrator"}"#;

/// A token of any header and claims, signed over exactly what it carries.
fn forge(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Signs with a key of ours what the key itself would never sign.
fn signed_by(key: &SigningKey) -> impl Fn(&[u8]) -> Vec<u8> {
    let jwk = Jwk::from_bytes(key.private_jwk().expose()).unwrap();
    let signer: Box<dyn JwsSigner> = match key.algorithm() {
        Algorithm::Rs256 => Box::new(RS256.signer_from_jwk(&jwk).unwrap()),
        Algorithm::Es256 => Box::new(ES256.signer_from_jwk(&jwk).unwrap()),
        Algorithm::EdDsa => Box::new(EdDSA.signer_from_jwk(&jwk).unwrap()),
    };
    move |input| signer.sign(input).unwrap()
}

fn hs256(secret: &[u8], input: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(input).finalize().into_bytes().to_vec()
}

fn keys_of(keys: &[&SigningKey]) -> JwkSet {
    JwkSet::from_public(&keys.iter().map(|key| key.public_jwk().clone()).collect::<Vec<_>>()).unwrap()
}

fn header(alg: &str, kid: &str) -> String {
    json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string()
}

fn fault(token: &str, keys: &JwkSet) -> JwtFault {
    verify(token, keys, &["JWT"]).unwrap_err()
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_token() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = forge(&header(algorithm.name(), key.kid()), CLAIMS, signed_by(&key));
        assert!(verify(&token, &keys_of(&[&key]), &["JWT"]).is_ok());
    }
}

#[test]
fn a_public_key_is_no_hs256_secret() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let keys = keys_of(&[&key]);
    let jwk = Jwk::from_map(key.public_jwk().clone()).unwrap();
    let pair = RsaKeyPair::from_jwk(&Jwk::from_bytes(key.private_jwk().expose()).unwrap()).unwrap();
    let secrets = [
        pair.to_pem_public_key(),
        pair.to_der_public_key(),
        keys.json().to_vec(),
        jwk.to_string().into_bytes(),
        URL_SAFE_NO_PAD.decode(key.public_jwk()["n"].as_str().unwrap()).unwrap(),
        key.public_jwk()["n"].as_str().unwrap().as_bytes().to_vec(),
        Vec::new(),
    ];
    for secret in secrets {
        let unlabelled = forge(&header("HS256", key.kid()), CLAIMS, |input| hs256(&secret, input));
        assert_eq!(fault(&unlabelled, &keys), JwtFault::UnsupportedAlgorithm);
        let labelled = forge(&header("RS256", key.kid()), CLAIMS, |input| hs256(&secret, input));
        assert_eq!(fault(&labelled, &keys), JwtFault::Signature);
    }
}

#[test]
fn a_token_without_signature_is_refused_however_none_is_spelled() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = keys_of(&[&key]);
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        let token = forge(&header(alg, key.kid()), CLAIMS, |_| vec![0]);
        assert_eq!(fault(&token, &keys), JwtFault::UnsupportedAlgorithm, "{alg}");
        let token = forge(&header(alg, key.kid()), CLAIMS, |_| Vec::new());
        assert_eq!(fault(&token, &keys), JwtFault::Malformed, "{alg}");
    }
    let token = forge(&format!(r#"{{"alg":null,"kid":"{}"}}"#, key.kid()), CLAIMS, |_| vec![0]);
    assert_eq!(fault(&token, &keys), JwtFault::Header);
    let token = forge(&format!(r#"{{"kid":"{}"}}"#, key.kid()), CLAIMS, |_| vec![0]);
    assert_eq!(fault(&token, &keys), JwtFault::Header);
}

#[test]
fn the_algorithm_is_that_of_the_key_and_not_that_of_the_token() {
    let all: Vec<_> = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]
        .into_iter()
        .map(|algorithm| SigningKey::generate(algorithm).unwrap())
        .collect();
    let keys = keys_of(&all.iter().collect::<Vec<_>>());
    for key in &all {
        for other in all.iter().filter(|other| other.kid() != key.kid()) {
            let alg = other.algorithm().name();
            let token = forge(&header(alg, key.kid()), CLAIMS, signed_by(other));
            assert_eq!(fault(&token, &keys), JwtFault::AlgorithmMismatch);
            let token = forge(&header(key.algorithm().name(), key.kid()), CLAIMS, signed_by(other));
            assert_eq!(fault(&token, &keys), JwtFault::Signature);
        }
    }
}

#[test]
fn a_signature_of_zeros_is_refused() {
    // CVE-2022-21449: r = s = 0 fits any message for a verifier that forgets to look at the range.
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let good = signed_by(&key);
        for length in [1, 32, 63, 64, 65, 72, 128, 256] {
            let token = forge(&header(algorithm.name(), key.kid()), CLAIMS, |_| vec![0; length]);
            assert_eq!(fault(&token, &keys_of(&[&key])), JwtFault::Signature);
        }
        for half in [0..32, 32..64] {
            let token = forge(&header(algorithm.name(), key.kid()), CLAIMS, |input| {
                let mut signature = good(input);
                signature[half.clone()].fill(0);
                signature
            });
            assert_eq!(fault(&token, &keys_of(&[&key])), JwtFault::Signature);
        }
    }
}

#[test]
fn a_signature_has_exactly_the_length_of_its_key() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let good = signed_by(&key);
        let with = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            forge(&header(algorithm.name(), key.kid()), CLAIMS, |input| change(good(input)))
        };
        let changes: [&dyn Fn(Vec<u8>) -> Vec<u8>; 4] = [
            &|signature| [&[0], signature.as_slice()].concat(),
            &|signature| [signature.as_slice(), &[0]].concat(),
            &|signature| signature[1..].to_vec(),
            &|signature| signature[..signature.len() - 1].to_vec(),
        ];
        for change in changes {
            assert_eq!(fault(&with(change), &keys_of(&[&key])), JwtFault::Signature);
        }
    }
}

#[test]
fn an_es256_signature_in_der_is_refused() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let good = signed_by(&key);
    let token = forge(&header("ES256", key.kid()), CLAIMS, |input| {
        let raw = good(input);
        let [r, s] = [&raw[..32], &raw[32..]].map(|half| openssl::bn::BigNum::from_slice(half).unwrap());
        openssl::ecdsa::EcdsaSig::from_private_components(r, s).unwrap().to_der().unwrap()
    });
    assert_eq!(fault(&token, &keys_of(&[&key])), JwtFault::Signature);
}

#[test]
fn a_key_of_somebody_else_convinces_nobody() {
    let ours = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let theirs = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = keys_of(&[&ours]);
    let foreign = forge(&header("EdDSA", theirs.kid()), CLAIMS, signed_by(&theirs));
    assert_eq!(fault(&foreign, &keys), JwtFault::UnknownKey);
    for kid in ["", "../../dev/null", "' OR 1=1 --", "0"] {
        assert_eq!(fault(&forge(&header("EdDSA", kid), CLAIMS, signed_by(&theirs)), &keys), JwtFault::UnknownKey);
    }
    let stolen_name = forge(&header("EdDSA", ours.kid()), CLAIMS, signed_by(&theirs));
    assert_eq!(fault(&stolen_name, &keys), JwtFault::Signature);
}

#[test]
fn a_token_cannot_bring_its_own_key() {
    let ours = SigningKey::generate(Algorithm::Es256).unwrap();
    let theirs = SigningKey::generate(Algorithm::Es256).unwrap();
    let brought = [
        ("jwk", json!(theirs.public_jwk())),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/chain")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
    ];
    for (name, value) in brought {
        let header = json!({"alg": "ES256", "kid": ours.kid(), "typ": "JWT", name: value}).to_string();
        for signer in [&ours, &theirs] {
            let token = forge(&header, CLAIMS, signed_by(signer));
            assert_eq!(fault(&token, &keys_of(&[&ours])), JwtFault::ForbiddenHeader(name));
        }
    }
}

#[test]
fn what_two_parsers_would_read_differently_is_refused() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = keys_of(&[&key]);
    let kid = key.kid();
    for header in [
        format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"other","\u006bid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}} {{}}"#),
    ] {
        assert_eq!(fault(&forge(&header, CLAIMS, signed_by(&key)), &keys), JwtFault::Header);
    }
    for claims in [
        r#"{"sub":"user","sub":"administrator"}"#,
        r#"{"act":{"sub":"user","sub":"administrator"}}"#,
        r#"["sub"]"#,
        "sub",
        "{}{}",
        &format!(r#"{{"a":{}{}}}"#, "[".repeat(16), "]".repeat(16)),
    ] {
        let token = forge(&header("EdDSA", kid), claims, signed_by(&key));
        assert_eq!(fault(&token, &keys), JwtFault::Claims, "{claims}");
    }
    assert_eq!(fault(&forge(&header("EdDSA", kid), "", signed_by(&key)), &keys), JwtFault::Malformed);
}

#[test]
fn parts_of_good_tokens_make_no_other_token() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = keys_of(&[&key]);
    let [one, other] = ["a", "b"].map(|sub| key.sign("JWT", &json!({"sub": sub})).unwrap());
    let (one, other): (Vec<_>, Vec<_>) = (one.split('.').collect(), other.split('.').collect());
    assert_eq!(fault(&[one[0], one[1], other[2]].join("."), &keys), JwtFault::Signature);
    assert_eq!(fault(&[one[0], other[1], one[2]].join("."), &keys), JwtFault::Signature);
    assert_eq!(fault(&[one[1], one[1], one[2]].join("."), &keys), JwtFault::Header);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_changed_character_is_refused(
        algorithm in prop::sample::select(vec![Algorithm::Es256, Algorithm::EdDsa]),
        sub in "[a-z]{0,12}",
        at in any::<prop::sample::Index>(),
        to in 0..128_u8,
    ) {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("JWT", &json!({"sub": sub})).unwrap();
        let at = at.index(token.len());
        prop_assume!(token.as_bytes()[at] != to);
        let mut changed = token.into_bytes();
        changed[at] = to;
        prop_assert!(verify(std::str::from_utf8(&changed).unwrap(), &keys_of(&[&key]), &["JWT"]).is_err());
    }
}

#[test]
fn any_changed_bit_of_an_rs256_token_is_refused() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let keys = keys_of(&[&key]);
    let token = key.sign("JWT", &json!({"sub": "u"})).unwrap();
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut changed = token.clone().into_bytes();
            changed[at] ^= 1 << bit;
            assert!(verify(std::str::from_utf8(&changed).unwrap(), &keys, &["JWT"]).is_err());
        }
    }
    assert_eq!(verify(&token, &keys, &["JWT"]).unwrap().claims["sub"], Value::from("u"));
}
