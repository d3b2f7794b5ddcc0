//! The grants an application may use.

use std::collections::BTreeSet;
use std::fmt;

/// One grant (RFC 6749 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// A code from the login page (§4.1).
    AuthorizationCode,
    /// The application for itself (§4.4).
    ClientCredentials,
    /// A person's password (§4.3).
    Password,
    /// A token to get another (§6).
    RefreshToken,
}

impl Grant {
    /// Every grant.
    pub const ALL: [Self; 4] = [Self::AuthorizationCode, Self::ClientCredentials, Self::Password, Self::RefreshToken];

    /// Its `grant_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The grant of a `grant_type`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// A set of grants, written with single spaces between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeSet<Grant>);

impl Grants {
    /// A set of these grants.
    pub fn of(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self(grants.into_iter().collect())
    }

    /// Reads a stored set; `None` when a name is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().map(Grant::find).collect::<Option<_>>().map(Self)
    }

    /// Whether the set holds a grant.
    pub fn contains(&self, grant: Grant) -> bool {
        self.0.contains(&grant)
    }

    /// The grants in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = Grant> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, grant) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(grant.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_as_it_was_written() {
        let all = Grants::of(Grant::ALL);
        assert_eq!(all.to_string(), "authorization_code client_credentials password refresh_token");
        assert_eq!(Grants::parse(&all.to_string()), Some(all));
        assert_eq!(Grants::parse(""), Some(Grants::default()));
        assert_eq!(Grants::parse("password implicit"), None);
    }
}
