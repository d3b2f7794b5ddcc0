//! Scopes (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;

use crate::InvalidText;

/// The scope with which a person's token may do everything the person may, on `/v1` of both services.
pub const ACCESS_MANAGER: &str = "access_manager";
/// The scope that asks for an ID token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// The scope that asks for a person's names (OpenID Connect Core §5.4).
pub const PROFILE: &str = "profile";
/// The scope that asks for a person's e-mail address (OpenID Connect Core §5.4).
pub const EMAIL: &str = "email";

/// A set of scope names, shown in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads a list separated by single spaces: at most 64 names of at most 128 characters (RFC 6749 Appendix A.4).
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut names = BTreeSet::new();
        for name in text.split(' ') {
            let fits =
                (1..=128).contains(&name.len()) && name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if !fits || names.len() == 64 {
                return Err(InvalidText::new("must be at most 64 scope names separated by single spaces"));
            }
            names.insert(name.to_owned());
        }
        Ok(Self(names))
    }

    /// A set of known names.
    pub fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|&name| name.to_owned()).collect())
    }

    /// Whether the set holds a name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether every name of this set is in the other.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_with_one_spelling() {
        assert_eq!(Scopes::parse("profile openid openid").unwrap().to_string(), "openid profile");
        for wrong in [" ", "a  b", "a\"b", "a\\b", "ä"] {
            assert!(Scopes::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
