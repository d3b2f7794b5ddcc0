//! Usernames: shown as given, compared after folding.

use std::fmt;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Profile;

use crate::InvalidText;
use crate::text;

/// A username of 3 to 255 characters. `/` is refused, because `tenant/username` is a way to write a login.
///
/// Two usernames are the same when their [folded](Username::folded) forms are (RFC 8265 §3.3: letter case, width and
/// normalisation do not count).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Username {
    shown: String,
    folded: String,
}

impl Username {
    /// Reads a username that is about to be given to somebody.
    pub fn parse(input: &str) -> Result<Self, InvalidText> {
        text::line(input, 3, 255)?;
        if input.contains('/') {
            return Err(InvalidText::new("must not hold '/'"));
        }
        let folded = fold(input).ok_or_else(|| InvalidText::new("holds characters that a username cannot have"))?;
        Ok(Self { shown: input.to_owned(), folded })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form that is compared, stored in the unique index and counted by limits.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The comparison form of a name somebody typed; `None` where no username can have it.
///
/// A form that folding would change or refuse once more is none (RFC 8264 §7): it could never be typed as it is stored.
pub fn fold(input: &str) -> Option<String> {
    let profile = UsernameCaseMapped::new();
    let folded = profile.enforce(input).ok()?.into_owned();
    let again = profile.enforce(folded.as_str()).ok()?;
    (again == folded).then_some(folded)
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(f)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_and_width_do_not_make_another_name() {
        let plain = Username::parse("Ana.Souza").unwrap();
        assert_eq!(plain.folded(), "ana.souza");
        assert_eq!(Username::parse("ＡＮＡ.souza").unwrap().folded(), "ana.souza");
        assert_eq!(plain.as_str(), "Ana.Souza");
    }

    #[test]
    fn a_slash_a_space_or_a_control_character_is_no_username() {
        for wrong in ["lerian/ana", "ana souza", "an\u{0}a", "ab", "\u{200b}ana", ""] {
            assert!(Username::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
