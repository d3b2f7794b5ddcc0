//! Private keys, and the tokens they sign.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use josekit::jwk::{Ed25519, KeyPair};
use josekit::jws::{ES256, EdDSA, RS256};
use serde::Serialize;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::fault::{SignError, SigningKeyFault};
use super::public_key::PublicKey;
use super::public_members::PublicMembers;
use super::signer::Signer;
use super::verify::MAX_TOKEN_BYTES;
use domain::json;

const RSA_BITS: u32 = 2048;
/// In bytes, of the keys that we make.
const LONGEST_SIGNATURE: usize = 256;
/// The private members of our kinds of keys (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2).
const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// A private key that signs tokens. Parsed once; signing may be done from several threads at a time.
///
/// Its `kid` is its thumbprint (RFC 7638), so that it never has to be chosen and never collides.
pub struct SigningKey {
    public: PublicKey,
    private: Secret<String>,
    /// The header of every token up to the value of `typ`.
    header_start: String,
    signer: Signer,
}

impl SigningKey {
    /// Makes a new key; RSA keys have 2048 bits. Its chance comes from OpenSSL.
    ///
    /// RSA takes a tenth of a second or more: not on a thread that serves requests.
    ///
    /// # Errors
    /// [`SigningKeyFault::Library`] alone.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningKeyFault> {
        let jwk = match algorithm {
            Algorithm::Rs256 => RS256.generate_key_pair(RSA_BITS).map(|pair| pair.to_jwk_key_pair()),
            Algorithm::Es256 => ES256.generate_key_pair().map(|pair| pair.to_jwk_key_pair()),
            Algorithm::EdDsa => EdDSA.generate_key_pair(Ed25519).map(|pair| pair.to_jwk_key_pair()),
        };
        Self::from_members(jwk.map_err(|cause| SigningKeyFault::Library(cause.into()))?.as_ref())
    }

    /// Reads a key that [`private_jwk`](Self::private_jwk) wrote, or any private JWK of our kinds. Its `kid` is computed
    /// and not read.
    ///
    /// # Errors
    /// Any [`SigningKeyFault`]; the key is tried once before it is used.
    pub fn from_private_jwk(text: &str) -> Result<Self, SigningKeyFault> {
        let jwk = json::parse_object(text.as_bytes(), 2).map_err(|_| SigningKeyFault::Malformed)?;
        Self::from_members(&jwk)
    }

    fn from_members(jwk: &Map<String, Value>) -> Result<Self, SigningKeyFault> {
        let members = PublicMembers::parse(jwk).ok_or(SigningKeyFault::Malformed)?;
        let public = PublicKey::new(&members.thumbprint(), &members).ok_or(SigningKeyFault::Malformed)?;
        let mut private = public.jwk().clone();
        private.extend(
            PRIVATE
                .iter()
                .filter_map(|name| jwk.get_key_value(*name))
                .map(|(name, value)| (name.clone(), value.clone())),
        );

        let text = Secret::new(Value::Object(private.clone()).to_string());
        let signer = Signer::new(public.algorithm(), private).map_err(SigningKeyFault::Library)?;
        let trial = b"do the halves belong together?";
        let signature = signer.sign(trial).map_err(SigningKeyFault::Library)?;
        if !public.verifies(trial, &signature) {
            return Err(SigningKeyFault::HalvesDiffer);
        }
        // Neither value holds a character that JSON would escape.
        let header_start = format!(r#"{{"alg":"{}","kid":"{}","typ":"#, public.algorithm(), public.kid());
        Ok(Self { public, private: text, header_start, signer })
    }

    /// The name of the key: its SHA-256 thumbprint, 43 characters.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The algorithm that the key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The public half as it is published: `kty`, `use`, `alg`, `kid` and the public members of its kind.
    #[must_use]
    pub fn public_jwk(&self) -> &Map<String, Value> {
        self.public.jwk()
    }

    /// The whole key as the text of a JWK, to be sealed and stored, and shown to nobody.
    #[must_use]
    pub fn private_jwk(&self) -> &Secret<String> {
        &self.private
    }

    /// Signs claims as a token of this type (`at+jwt`, `JWT`) in the compact form of RFC 7515 §7.1.
    ///
    /// The claims are written as serde writes them: whole numbers stay whole. Takes as long as the signature, 20 µs for
    /// ES256 and 250 µs for RS256, which a thread that serves requests can afford.
    ///
    /// # Errors
    /// A fault of the program: claims that are no JSON object, or so many that
    /// [`verify`](super::verify()) would refuse the token.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignError> {
        let claims = serde_json::to_vec(claims).map_err(SignError::Claims)?;
        if !claims.starts_with(b"{") {
            return Err(SignError::NotAnObject);
        }
        let header = format!("{}{}}}", self.header_start, Value::from(typ));
        let mut token = String::with_capacity((header.len() + claims.len() + LONGEST_SIGNATURE) * 4 / 3 + 8);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signer.sign(token.as_bytes()).map_err(SignError::Library)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN_BYTES { Err(SignError::TooLong) } else { Ok(token) }
    }
}

impl fmt::Debug for SigningKey {
    /// Shows the public half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

    fn part(token: &str, index: usize) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()
    }

    #[test]
    fn the_public_half_has_public_members_alone() {
        let expected = [
            (Algorithm::Rs256, ["alg", "e", "kid", "kty", "n", "use"].as_slice()),
            (Algorithm::Es256, &["alg", "crv", "kid", "kty", "use", "x", "y"]),
            (Algorithm::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
        ];
        for (algorithm, expected) in expected {
            let key = SigningKey::generate(algorithm).unwrap();
            let mut names: Vec<_> = key.public_jwk().keys().collect();
            names.sort();
            assert_eq!(names, expected);
            assert_eq!(key.public_jwk()["kid"], key.kid());
            assert_eq!(key.public_jwk()["use"], "sig");
            assert_eq!((key.algorithm(), key.kid().len()), (algorithm, 43));
        }
    }

    #[test]
    fn a_stored_key_is_the_same_key() {
        for algorithm in ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let read = SigningKey::from_private_jwk(key.private_jwk().expose()).unwrap();
            assert_eq!((read.kid(), read.public_jwk()), (key.kid(), key.public_jwk()));
            assert_eq!(read.private_jwk().expose(), key.private_jwk().expose());
        }
    }

    #[test]
    fn halves_of_different_keys_make_no_key() {
        for algorithm in ALL {
            let [mut one, other] = [(); 2].map(|()| {
                let key = SigningKey::generate(algorithm).unwrap();
                serde_json::from_str::<Map<String, Value>>(key.private_jwk().expose()).unwrap()
            });
            for name in PRIVATE.iter().filter(|name| other.contains_key(**name)) {
                one[*name] = other[*name].clone();
            }
            assert!(SigningKey::from_private_jwk(&Value::Object(one).to_string()).is_err());
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let public = Value::Object(key.public_jwk().clone()).to_string();
        assert!(matches!(SigningKey::from_private_jwk(&public), Err(SigningKeyFault::Library(_))));
        for text in ["", "{}", "[]", r#"{"kty":"oct","k":"AAAA"}"#] {
            assert!(matches!(SigningKey::from_private_jwk(text), Err(SigningKeyFault::Malformed)));
        }
    }

    #[test]
    fn a_token_says_its_algorithm_its_key_and_its_type() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = key.sign("at+jwt", &json!({"sub": "u"})).unwrap();
        let header: Value = serde_json::from_slice(&part(&token, 0)).unwrap();
        assert_eq!(header, json!({"alg": "ES256", "kid": key.kid(), "typ": "at+jwt"}));
    }

    #[test]
    fn a_type_cannot_break_out_of_the_header() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let token = key.sign(r#"JWT","jku":"evil"#, &json!({})).unwrap();
        let header: Value = serde_json::from_slice(&part(&token, 0)).unwrap();
        assert_eq!(header["typ"], r#"JWT","jku":"evil"#);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let token = key.sign("JWT", &json!({"exp": 1_795_406_702_i64})).unwrap();
        assert_eq!(part(&token, 1), br#"{"exp":1795406702}"#);
    }

    #[test]
    fn only_objects_of_bounded_size_are_signed() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert!(matches!(key.sign("JWT", &"text"), Err(SignError::NotAnObject)));
        assert!(matches!(key.sign("JWT", &[1, 2]), Err(SignError::NotAnObject)));
        assert!(matches!(key.sign("JWT", &json!({"x": "x".repeat(8192)})), Err(SignError::TooLong)));
    }

    #[test]
    fn the_debug_form_shows_the_public_half_alone() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let expected =
            format!("SigningKey {{ public: PublicKey {{ kid: \"{}\", algorithm: EdDsa, .. }}, .. }}", key.kid());
        assert_eq!(format!("{key:?}"), expected);
    }
}
