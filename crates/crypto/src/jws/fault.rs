//! Why a key, a set of keys, or a token was refused.

use std::error::Error;
use std::fmt;

/// Why a token was refused. For a log and a counter: whoever presented the token hears only that it is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JwtFault {
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    TooLong,
    /// Not three parts of canonical unpadded base64url, none of them empty.
    Malformed,
    /// A header that is no strict JSON object, or whose `alg` or `kid` is not a string.
    Header,
    /// A header member of this name, which would change what is verified or with which key.
    ForbiddenHeader(&'static str),
    /// An `alg` that is none of ours.
    UnsupportedAlgorithm,
    /// A `kid` that names no key of the set. The one fault that fresh keys may cure.
    UnknownKey,
    /// An `alg` that is not the algorithm of the key.
    AlgorithmMismatch,
    /// A signature that the key did not make.
    Signature,
    /// A `typ` that is missing or not accepted here.
    Type,
    /// Signed, but no strict JSON object.
    Claims,
}

impl fmt::Display for JwtFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token is not three parts of base64url",
            Self::Header => "the header of the token is malformed",
            Self::ForbiddenHeader(name) => return write!(f, "the header of the token has a member `{name}`"),
            Self::UnsupportedAlgorithm => "the algorithm of the token is not supported",
            Self::UnknownKey => "the key of the token is not known",
            Self::AlgorithmMismatch => "the algorithm of the token is not that of its key",
            Self::Signature => "the signature of the token is wrong",
            Self::Type => "the type of the token is not accepted here",
            Self::Claims => "the claims of the token are malformed",
        })
    }
}

impl Error for JwtFault {}

/// Why a set of public keys was refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwkSetFault {
    /// More than 1 MiB of text.
    TooLarge,
    /// No strict JSON object with an array `keys` of objects.
    Malformed,
    /// More than 64 keys.
    TooManyKeys,
    /// Two keys of the same `kid`.
    DuplicateKid,
    /// A key of our own that is not a usable public key.
    UnusableKey,
}

impl fmt::Display for JwkSetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the key set is larger than 1 MiB",
            Self::Malformed => "the key set is not a JSON object with an array `keys`",
            Self::TooManyKeys => "the key set has more than 64 keys",
            Self::DuplicateKid => "the key set has two keys of the same `kid`",
            Self::UnusableKey => "the key set has a key that is not a usable public key",
        })
    }
}

impl Error for JwkSetFault {}

/// Why there is no signing key.
#[derive(Debug)]
pub enum SigningKeyFault {
    /// The text is not a private JWK of one of our algorithms.
    Malformed,
    /// The private half of the key does not belong to the public one.
    HalvesDiffer,
    /// The cryptographic library could not make or read the key.
    Library(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for SigningKeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the text is not a private key of a supported algorithm",
            Self::HalvesDiffer => "the private half of the key does not belong to the public one",
            Self::Library(_) => "the signing key could not be made or read",
        })
    }
}

impl Error for SigningKeyFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Library(cause) => Some(&**cause),
            Self::Malformed | Self::HalvesDiffer => None,
        }
    }
}

/// Why a token was not signed: a fault of the program, not of a caller.
#[derive(Debug)]
pub enum SignError {
    /// The claims could not be written as JSON.
    Claims(serde_json::Error),
    /// The claims are JSON, but not an object.
    NotAnObject,
    /// The token would be longer than a verifier takes.
    TooLong,
    /// The cryptographic library failed.
    Library(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims(_) => "the claims could not be written as JSON",
            Self::NotAnObject => "the claims are not a JSON object",
            Self::TooLong => "the token would be too long to be accepted",
            Self::Library(_) => "the token could not be signed",
        })
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(cause) => Some(cause),
            Self::Library(cause) => Some(&**cause),
            Self::NotAnObject | Self::TooLong => None,
        }
    }
}
