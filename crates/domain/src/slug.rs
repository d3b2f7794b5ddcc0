//! Slugs: names that stand in paths, claims and role names.

use std::fmt;
use std::str::FromStr;

use crate::InvalidText;

/// 1 to 63 lower-case letters, digits and inner hyphens, such as `lerian` or `midaz-viewer-group`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// The longest slug.
    pub const LONGEST: usize = 63;

    /// Reads a slug; letter case is not folded, so that there is one spelling.
    pub fn parse(input: &str) -> Result<Self, InvalidText> {
        let fits = (1..=Self::LONGEST).contains(&input.len())
            && !input.starts_with('-')
            && !input.ends_with('-')
            && input.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(input.to_owned()))
        } else {
            Err(InvalidText::new("must be 1 to 63 lower-case letters, digits or inner hyphens"))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidText;

    fn from_str(input: &str) -> Result<Self, InvalidText> {
        Self::parse(input)
    }
}

/// A text from outside is compared as it came: what is no slug equals none.
impl PartialEq<Slug> for &str {
    fn eq(&self, slug: &Slug) -> bool {
        *self == slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_one_spelling() {
        assert!(Slug::parse("midaz-viewer-group").is_ok());
        for wrong in ["", "-a", "a-", "Lerian", "a_b", "a/b", "ä"] {
            assert!(Slug::parse(wrong).is_err(), "{wrong}");
        }
    }
}
