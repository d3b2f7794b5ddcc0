//! The grants, and which members of a JSON token request each of them needs.

/// How tokens are asked for. The implicit grant is not among them and never will be (RFC 9700 §2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A person's name and password.
    Password,
    /// An application for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// The code of a browser login (RFC 6749 §4.1).
    AuthorizationCode,
}

impl GrantType {
    /// Every grant.
    pub const ALL: [Self; 4] = [Self::Password, Self::ClientCredentials, Self::RefreshToken, Self::AuthorizationCode];

    /// Its name on the wire, the same in both dialects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
        }
    }

    /// Reads a name, letter by letter.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }

    /// The members of a JSON request that this grant cannot do without.
    pub const fn needed_members(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["username", "password"],
            Self::ClientCredentials => &["clientId", "clientSecret"],
            Self::RefreshToken => &["refreshToken"],
            Self::AuthorizationCode => &["code", "redirectUri"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_found_by_its_exact_name() {
        for grant in GrantType::ALL {
            assert_eq!(GrantType::parse(grant.name()), Some(grant));
        }
        for wrong in ["", "Password", "client-credentials", "implicit", "password "] {
            assert_eq!(GrantType::parse(wrong), None, "{wrong}");
        }
    }
}
