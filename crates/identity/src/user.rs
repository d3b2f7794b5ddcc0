//! Users: people who log in.

use std::collections::BTreeSet;

use domain::id::{TenantId, UserId};
use domain::{Email, Entropy, Epoch, InvalidText, Slug, Timestamp, Username, text};
use error_codes::{Failure, Result, ide};

use crate::fields::Fields;
use crate::phone::PhoneNumber;

pub use change::{RawUserChange, UserChange};

mod change;

/// The most groups that one request may put a user into.
const GROUPS_AT_ONCE: usize = 1_000;

/// A living user. What becomes of a deleted one is a tombstone of the store, not a user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The id; never given again.
    pub id: UserId,
    /// The tenant, for ever.
    pub tenant: TenantId,
    /// The name to log in with, for ever; never given again in the tenant.
    pub username: Username,
    /// First name, 1 to 255 characters.
    pub first_name: String,
    /// Last name, 1 to 255 characters.
    pub last_name: String,
    /// The address; unique among the living of the tenant.
    pub email: Email,
    /// Whether a mail to the address was answered.
    pub email_verified: bool,
    /// The number for short messages.
    pub phone: Option<PhoneNumber>,
    /// Whether a message to the number was answered.
    pub phone_verified: bool,
    /// Whether the user may log in.
    pub active: bool,
    /// Tokens issued under a smaller number are dead.
    pub epoch: Epoch,
    /// Counts every change, also of groups.
    pub revision: u64,
    /// When the user was made.
    pub created_at: Timestamp,
}

impl User {
    /// First and last name, as tokens and mails show them.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// What a request says about a user to be made; nothing in it was checked.
#[derive(Clone, Debug, Default)]
pub struct RawNewUser<'a> {
    /// `firstName`.
    pub first_name: &'a str,
    /// `lastName`.
    pub last_name: &'a str,
    /// `username`.
    pub username: &'a str,
    /// `email`.
    pub email: &'a str,
    /// `phoneNumber`.
    pub phone_number: Option<&'a str>,
    /// `groups`, by id.
    pub groups: Vec<&'a str>,
}

/// A user about to be made; the password goes its own way.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The name to log in with.
    pub username: Username,
    /// The address.
    pub email: Email,
    /// The number for short messages.
    pub phone: Option<PhoneNumber>,
    /// The groups to be put into.
    pub groups: BTreeSet<Slug>,
}

impl NewUser {
    /// Checks every member.
    ///
    /// # Errors
    /// IDE-0002 with every member that breaks a limit; IDE-1006 for a group that cannot exist.
    pub fn parse(raw: &RawNewUser<'_>) -> Result<Self> {
        let mut fields = Fields::default();
        let first_name = fields.read("firstName", raw.first_name, name);
        let last_name = fields.read("lastName", raw.last_name, name);
        let username = fields.read("username", raw.username, Username::parse);
        let email = fields.read("email", raw.email, Email::parse);
        let phone = fields.read_optional("phoneNumber", raw.phone_number, PhoneNumber::parse);
        let (Some(first_name), Some(last_name), Some(username), Some(email), true) =
            (first_name, last_name, username, email, fields.are_sound())
        else {
            return Err(fields.into_failure());
        };
        Ok(Self { first_name, last_name, username, email, phone, groups: groups(&raw.groups)? })
    }

    /// The user it becomes: active, nothing verified.
    pub fn make(self, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> User {
        User {
            id: UserId::new(now, entropy),
            tenant,
            username: self.username,
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            email_verified: false,
            phone: self.phone,
            phone_verified: false,
            active: true,
            epoch: Epoch::default(),
            revision: 0,
            created_at: now,
        }
    }
}

/// A first or last name.
fn name(input: &str) -> Result<String, InvalidText> {
    text::line(input, 1, 255).map(str::to_owned)
}

/// The groups of a request. An id that no group can have is one that no group has.
fn groups(raw: &[&str]) -> Result<BTreeSet<Slug>> {
    if raw.len() > GROUPS_AT_ONCE {
        let mut fields = Fields::default();
        fields.refuse("groups", format!("must hold at most {GROUPS_AT_ONCE} groups"));
        return Err(fields.into_failure());
    }
    raw.iter().map(|id| Slug::parse(id).map_err(|_| unknown_group())).collect()
}

/// A request names a group that does not exist.
pub fn unknown_group() -> Failure {
    Failure::new(ide::GROUP_NOT_FOUND).with_field("groups", "holds an id of no group")
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;
    use proptest::prelude::*;

    use super::*;

    fn raw() -> RawNewUser<'static> {
        RawNewUser {
            first_name: "Ana",
            last_name: "Souza",
            username: "Ana.Souza",
            email: "ana@example.com",
            phone_number: None,
            groups: vec!["midaz-viewer-group", "midaz-viewer-group"],
        }
    }

    #[test]
    fn a_new_user_is_active_and_nothing_is_verified() {
        let now = Timestamp::from_seconds(1_000);
        let parsed = NewUser::parse(&raw()).unwrap();
        assert_eq!(parsed.groups.len(), 1);
        let user = parsed.make(TenantId::new(now, &OsEntropy), now, &OsEntropy);
        assert!(user.active && !user.email_verified && !user.phone_verified);
        assert_eq!((user.display_name().as_str(), user.epoch), ("Ana Souza", Epoch(0)));
    }

    #[test]
    fn every_wrong_member_is_named_at_once() {
        let wrong = RawNewUser { first_name: "", email: "ana", phone_number: Some("11"), ..raw() };
        let failure = NewUser::parse(&wrong).unwrap_err();
        assert_eq!(failure.code(), ide::INVALID_FIELD_TYPE);
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["email", "firstName", "phoneNumber"]);
    }

    #[test]
    fn a_group_that_cannot_exist_does_not_exist() {
        let failure = NewUser::parse(&RawNewUser { groups: vec!["No Slug"], ..raw() }).unwrap_err();
        assert_eq!(failure.code(), ide::GROUP_NOT_FOUND);
    }

    proptest! {
        #[test]
        fn an_accepted_username_has_one_fold_and_no_slash(input in "\\PC{0,12}") {
            let username = input.clone();
            if let Ok(user) = NewUser::parse(&RawNewUser { username: &username, ..raw() }) {
                let again = Username::parse(user.username.folded());
                prop_assert!(!input.contains('/'));
                prop_assert_eq!(again.map(|name| name.folded().to_owned()), Ok(user.username.folded().to_owned()));
            }
        }
    }
}
