//! The doors through which tokens are handed out, and which of them redeems whose refresh tokens.

use domain::id::ApplicationId;

use crate::refresh::Refusal;

/// A token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/v1/login/oauth/…`: JSON; a refresh token may come without the client's credentials.
    AccessManager,
    /// `/oauth2/token`: the client always authenticates.
    OAuth,
    /// `/token`: the short one; a refresh token may come without the client's credentials.
    Token,
}

impl Door {
    const ALL: [Self; 3] = [Self::AccessManager, Self::OAuth, Self::Token];

    /// Its name in rows and audit events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessManager => "access_manager",
            Self::OAuth => "oauth",
            Self::Token => "token",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.name() == name)
    }

    /// Its number in refresh tokens, which never changes.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::AccessManager => 1,
            Self::OAuth => 2,
            Self::Token => 3,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.number() == number)
    }

    /// Whether nobody gets a refresh token redeemed here without authenticating.
    pub const fn needs_client(self) -> bool {
        match self {
            Self::OAuth => true,
            Self::AccessManager | Self::Token => false,
        }
    }

    /// Decides whether a refresh token may be redeemed at this door: it must be as strong as the one that issued it, and
    /// a client that authenticated must be the one it was issued to (RFC 6749 §6).
    pub(crate) fn admits(
        self,
        issued_at: Self,
        issued_to: ApplicationId,
        client: Option<ApplicationId>,
    ) -> Result<(), Refusal> {
        if client.is_some_and(|client| client != issued_to) {
            return Err(Refusal::OtherClient);
        }
        if issued_at.needs_client() && !self.needs_client() || self.needs_client() && client.is_none() {
            return Err(Refusal::WeakDoor);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{OsEntropy, Timestamp};

    use super::*;

    #[test]
    fn a_door_is_found_by_its_name_and_number() {
        for door in Door::ALL {
            assert_eq!(Door::parse(door.name()), Some(door));
            assert_eq!(Door::from_number(door.number()), Some(door));
        }
        assert_eq!((Door::parse("OAuth"), Door::from_number(0)), (None, None));
    }

    #[test]
    fn a_refresh_token_is_redeemed_only_at_a_door_as_strong_as_its_own() {
        let [owner, other] = [(); 2].map(|()| ApplicationId::new(Timestamp::from_seconds(1), &OsEntropy));
        for issued_at in Door::ALL {
            for door in Door::ALL {
                let alone = door.admits(issued_at, owner, None);
                let authenticated = door.admits(issued_at, owner, Some(owner));
                let strong = [issued_at, door].contains(&Door::OAuth);
                assert_eq!(alone.is_ok(), !strong, "{issued_at:?} at {door:?}, alone");
                assert_eq!(
                    authenticated.is_ok(),
                    issued_at != Door::OAuth || door == Door::OAuth,
                    "{issued_at:?} at {door:?}, authenticated"
                );
                assert_eq!(door.admits(issued_at, owner, Some(other)), Err(Refusal::OtherClient));
            }
        }
    }
}
