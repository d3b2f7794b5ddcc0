//! What may change about a user, and what a change ends.

use std::collections::BTreeSet;

use domain::{Email, Slug};
use error_codes::Result;

use super::{User, groups, name};
use crate::fields::Fields;
use crate::phone::PhoneNumber;

/// What a request wants to change; nothing in it was checked. Absent members stay as they are.
#[derive(Clone, Debug, Default)]
pub struct RawUserChange<'a> {
    /// `firstName`.
    pub first_name: Option<&'a str>,
    /// `lastName`.
    pub last_name: Option<&'a str>,
    /// `email`.
    pub email: Option<&'a str>,
    /// `phoneNumber`; `Some(None)` takes the number away.
    pub phone_number: Option<Option<&'a str>>,
    /// `active`.
    pub active: Option<bool>,
    /// `groups`, by id: all of them, not those to be added.
    pub groups: Option<Vec<&'a str>>,
}

/// A checked change of a user. The username is for ever, and the password goes its own way.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// The new first name.
    pub first_name: Option<String>,
    /// The new last name.
    pub last_name: Option<String>,
    /// The new address.
    pub email: Option<Email>,
    /// The new number; `Some(None)` takes it away.
    pub phone: Option<Option<PhoneNumber>>,
    /// Whether the user may log in from now on.
    pub active: Option<bool>,
    /// All groups from now on.
    pub groups: Option<BTreeSet<Slug>>,
}

impl UserChange {
    /// Checks every member that is there.
    ///
    /// # Errors
    /// As [`NewUser::parse`](super::NewUser::parse).
    pub fn parse(raw: &RawUserChange<'_>) -> Result<Self> {
        let mut fields = Fields::default();
        let change = Self {
            first_name: fields.read_optional("firstName", raw.first_name, name),
            last_name: fields.read_optional("lastName", raw.last_name, name),
            email: fields.read_optional("email", raw.email, Email::parse),
            phone: raw.phone_number.map(|number| fields.read_optional("phoneNumber", number, PhoneNumber::parse)),
            active: raw.active,
            groups: None,
        };
        if !fields.are_sound() {
            return Err(fields.into_failure());
        }
        Ok(Self { groups: raw.groups.as_deref().map(groups).transpose()?, ..change })
    }

    /// Whether it could give somebody access, or take it: then nobody may do it to those above them. Only the names of a
    /// person are free of that.
    pub fn concerns_access(&self) -> bool {
        self.email.is_some() || self.phone.is_some() || self.active.is_some() || self.groups.is_some()
    }

    /// The user afterwards, groups aside.
    ///
    /// A new address or number is not verified. Locking a user raises the epoch, so that every token of the user is
    /// dead; unlocking leaves it.
    pub fn apply(&self, user: &User) -> User {
        let mut changed = user.clone();
        if let Some(first_name) = &self.first_name {
            changed.first_name.clone_from(first_name);
        }
        if let Some(last_name) = &self.last_name {
            changed.last_name.clone_from(last_name);
        }
        if let Some(email) = &self.email {
            changed.email_verified = user.email_verified && email.folded() == user.email.folded();
            changed.email = email.clone();
        }
        if let Some(phone) = &self.phone {
            changed.phone_verified = user.phone_verified && *phone == user.phone;
            changed.phone.clone_from(phone);
        }
        if let Some(active) = self.active {
            changed.active = active;
            if user.active && !active {
                changed.epoch = user.epoch.next();
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use domain::{Epoch, OsEntropy, Timestamp};
    use error_codes::ide;

    use super::*;
    use crate::user::{NewUser, RawNewUser};

    fn verified_user() -> User {
        let now = Timestamp::from_seconds(1_000);
        let raw = RawNewUser {
            first_name: "Ana",
            last_name: "Souza",
            username: "ana",
            email: "ana@example.com",
            phone_number: Some("+5511987654321"),
            groups: vec![],
        };
        let user = NewUser::parse(&raw).unwrap().make(domain::id::TenantId::new(now, &OsEntropy), now, &OsEntropy);
        User { email_verified: true, phone_verified: true, ..user }
    }

    fn changed(raw: &RawUserChange<'_>) -> User {
        UserChange::parse(raw).unwrap().apply(&verified_user())
    }

    #[test]
    fn absent_members_stay_as_they_are() {
        let before = verified_user();
        assert_eq!(UserChange::default().apply(&before), before);
    }

    #[test]
    fn a_new_address_is_not_verified_and_another_spelling_of_the_old_one_is() {
        assert!(!changed(&RawUserChange { email: Some("ana@example.org"), ..Default::default() }).email_verified);
        assert!(changed(&RawUserChange { email: Some("Ana@Example.com"), ..Default::default() }).email_verified);
    }

    #[test]
    fn a_number_can_be_taken_away() {
        let user = changed(&RawUserChange { phone_number: Some(None), ..Default::default() });
        assert_eq!((user.phone, user.phone_verified), (None, false));
    }

    #[test]
    fn locking_raises_the_epoch_and_unlocking_does_not() {
        let locked = changed(&RawUserChange { active: Some(false), ..Default::default() });
        assert_eq!((locked.active, locked.epoch), (false, Epoch(1)));
        let unlock = UserChange { active: Some(true), ..Default::default() };
        assert_eq!(unlock.apply(&locked).epoch, Epoch(1));
    }

    #[test]
    fn only_the_names_of_a_person_do_not_concern_access() {
        let names = UserChange { first_name: Some("Bea".into()), last_name: Some("Lima".into()), ..Default::default() };
        assert!(!names.concerns_access());
        assert!(UserChange { active: Some(true), ..Default::default() }.concerns_access());
        assert!(UserChange { phone: Some(None), ..Default::default() }.concerns_access());
    }

    #[test]
    fn a_wrong_member_is_named() {
        let failure = UserChange::parse(&RawUserChange { last_name: Some(" "), ..Default::default() }).unwrap_err();
        assert_eq!(failure.code(), ide::INVALID_FIELD_TYPE);
        assert!(failure.fields().contains_key("lastName"));
    }
}
