//! Identifiers: UUIDv7, a type each, so that one can never be taken for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{Entropy, Timestamp};

/// The text is not a UUID in its hyphenated lower- or upper-case form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a UUID")
    }
}

impl std::error::Error for InvalidId {}

/// Makes a UUIDv7 (RFC 9562 §5.7) of a time and 74 random bits.
pub fn new_uuid(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let milliseconds = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

/// The hyphenated form only: no braces, no URN, no bare digits, so that one id has one spelling (but for letter case).
fn parse_uuid(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != 36 {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id, sortable by the time it was made.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(new_uuid(now, entropy))
            }

            /// Reads an id that comes from outside.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }

            /// The value for the database and for the wire.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A tenant: the boundary that nothing crosses.
    TenantId;
    /// A person.
    UserId;
    /// A group of people.
    GroupId;
    /// A role: a named set of permissions.
    RoleId;
    /// An application: software that authenticates for itself, or for people.
    ApplicationId;
    /// One of the secrets of an application.
    SecretId;
    /// A session: what a login or a credentials exchange began; the `sid` of its tokens.
    SessionId;
    /// An access or ID token; its `jti`.
    TokenId;
    /// An audit event.
    EventId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsEntropy;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = UserId::new(Timestamp::from_seconds(1_000), &OsEntropy);
        let late = UserId::new(Timestamp::from_seconds(1_001), &OsEntropy);
        assert!(early < late);
        assert_eq!(early.uuid().get_version_num(), 7);
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        assert_eq!(UserId::parse(id).map(|id| id.to_string()), Ok(id.to_owned()));
        for wrong in ["", "x", "{0198c0de-0000-7000-8000-000000000001}", "0198c0de000070008000000000000001"] {
            assert_eq!(UserId::parse(wrong), Err(InvalidId), "{wrong}");
        }
    }
}
