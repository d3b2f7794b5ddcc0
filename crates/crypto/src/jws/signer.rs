//! What makes signatures with a private key.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{EdDSA, JwsSigner, RS256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::algorithm::Algorithm;

/// The first byte of a point that is written with both coordinates (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A private key that is ready to sign.
pub(super) enum Signer {
    /// ES256 by ring, which takes a third less time for it than OpenSSL.
    Es256(Box<EcdsaKeyPair>, SystemRandom),
    /// RS256 and EdDSA by OpenSSL, which takes less than half of ring's time for RSA.
    OpenSsl(Box<dyn JwsSigner>),
}

impl Signer {
    /// Reads a private JWK whose public members were checked.
    pub(super) fn new(algorithm: Algorithm, private: Map<String, Value>) -> Result<Self> {
        Ok(match algorithm {
            Algorithm::Rs256 => Self::OpenSsl(Box::new(RS256.signer_from_jwk(&Jwk::from_map(private)?)?)),
            Algorithm::Es256 => Self::es256(&private)?,
            Algorithm::EdDsa => Self::OpenSsl(Box::new(EdDSA.signer_from_jwk(&Jwk::from_map(private)?)?)),
        })
    }

    fn es256(private: &Map<String, Value>) -> Result<Self> {
        let member = |name: &str| -> Result<Zeroizing<Vec<u8>>> {
            let text = private.get(name).and_then(Value::as_str).ok_or_else(|| format!("the key has no '{name}'"))?;
            Ok(Zeroizing::new(URL_SAFE_NO_PAD.decode(text)?))
        };
        let point = [&[UNCOMPRESSED][..], &member("x")?, &member("y")?].concat();
        let chance = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &member("d")?, &point, &chance);
        Ok(Self::Es256(Box::new(pair.map_err(|fault| fault.to_string())?), chance))
    }

    /// Signs in the form of RFC 7518 §3; an ES256 signature is both numbers, 32 bytes each.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Es256(pair, chance) => {
                let signature = pair.sign(chance, message).map_err(|_| "the system gave no random bytes")?;
                Ok(signature.as_ref().to_vec())
            }
            Self::OpenSsl(signer) => Ok(signer.sign(message)?),
        }
    }
}
