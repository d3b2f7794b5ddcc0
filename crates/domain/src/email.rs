//! E-mail addresses.

use std::fmt;

use crate::InvalidText;
use crate::text;

/// An e-mail address of at most 255 characters, compared without letter case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email {
    shown: String,
    folded: String,
}

impl Email {
    /// Reads an address. The form is checked as HTML's `email` input does it, which is stricter than RFC 5321 and is
    /// what people's addresses look like; whether it exists only a mail can tell.
    pub fn parse(input: &str) -> Result<Self, InvalidText> {
        text::line(input, 3, 255)?;
        let (local, domain) = input.rsplit_once('@').ok_or_else(invalid)?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
        let domain_fits = domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        if !local_fits || !domain_fits {
            return Err(invalid());
        }
        Ok(Self { shown: input.to_owned(), folded: input.to_lowercase() })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form that is compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

fn invalid() -> InvalidText {
    InvalidText::new("must be an e-mail address such as ana@example.com")
}

/// An address is a person's: logs show only that there is one.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[e-mail]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_nonsense() {
        for right in ["ana@example.com", "a.b+c@sub.example.org", "josé@exämple.com", "root@localhost"] {
            assert!(Email::parse(right).is_ok(), "{right}");
        }
        for wrong in ["ana", "@example.com", "ana@", "a b@example.com", "a@b@c.d", "ana@-x.com", "ana@x..com", ".a@x.y"]
        {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
    }
}
