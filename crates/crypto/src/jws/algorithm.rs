//! The signature algorithms that we use, and no others.

use std::fmt;

/// An asymmetric signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// `none` and the symmetric ones cannot even be written: nobody can be made to verify with a public key as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: understood by everybody, about ten times slower to sign than the others.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// EdDSA, here on Ed25519 alone.
    EdDsa,
}

impl Algorithm {
    /// The name, as it stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name, letter by letter: `rs256` is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256, Self::EdDsa].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_algorithm() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        }
    }

    #[test]
    fn other_spellings_and_other_algorithms_are_none_of_ours() {
        for name in ["", "none", "rs256", "RS256 ", "eddsa", "EDDSA", "Ed25519", "HS256", "RS512", "PS256", "ES256K"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
