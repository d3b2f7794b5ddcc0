//! Who may do something: which permissions lead to it, and the order in which their holders are listed.

use std::fmt;

use domain::Slug;
use domain::id::{GroupId, RoleId};
use domain::permission::{ANY, Permission};
use uuid::Uuid;

use crate::membership::Reach;
use crate::role::everyone;

/// What kind of subject holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A person.
    User,
    /// An application.
    Application,
}

impl SubjectKind {
    /// Its name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Application => "application",
        }
    }
}

/// A person or an application, as an answer names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which of both.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
    /// The username, or the name of the application.
    pub name: String,
}

/// Whatever a key of grants belongs to, with the name it goes by.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// A role.
    Role(RoleId, Slug),
    /// A group.
    Group(GroupId, Slug),
    /// A subject that lives and is active.
    Subject(Subject),
}

/// A subject who may do what was asked, on one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Who.
    pub subject: Subject,
    /// By which permission, how, and when.
    pub reach: Reach,
    /// Where the row stands.
    pub place: Place,
}

/// Where a row of the list stands: grants of the first permission by holder, below a role those who have it, below a group
/// those who are in it; then the second permission.
///
/// Every part is the key of an index, so a list goes on after any place at the same cost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the [`patterns`]; their number is that of what everybody may do.
    pub pattern: usize,
    /// Who was granted the permission.
    pub grant: Uuid,
    /// Where that is a role: to whom it was given. Before all of them come the applications that act as it.
    pub given: Option<Uuid>,
    /// Who is in the group, or acts as the role.
    pub member: Option<Uuid>,
}

impl Place {
    /// The place of a grant itself, with everything below it.
    pub fn of_grant(pattern: usize, grant: Uuid) -> Self {
        Self { pattern, grant, given: None, member: None }
    }

    /// Whether it lies below its grant, which is then not done with.
    pub fn is_inside(&self) -> bool {
        self.given.is_some() || self.member.is_some()
    }

    /// Reads a place from a cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let pattern = parts.next()?.parse().ok().filter(|pattern| *pattern <= MOST_PATTERNS)?;
        let mut key = || match parts.next() {
            Some("") => Some(None),
            Some(text) => Uuid::try_parse(text).ok().map(Some),
            None => None,
        };
        let (grant, given, member) = (key()??, key()?, key()?);
        parts.next().is_none().then_some(Self { pattern, grant, given, member })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |key: Option<Uuid>| key.map(|key| key.to_string()).unwrap_or_default();
        write!(f, "{}/{}/{}/{}", self.pattern, self.grant, text(self.given), text(self.member))
    }
}

/// The most permissions that lead to one question.
const MOST_PATTERNS: usize = 4;

/// The permissions by which somebody may do this, the most exact first. No star leads to a platform permission.
pub fn patterns(asked: &Permission) -> Vec<Permission> {
    let Permission { product, resource, action } = asked;
    let mut patterns = vec![asked.clone()];
    if !asked.is_platform() {
        for (resource, action) in [(resource.as_str(), ANY), (ANY, action.as_str()), (ANY, ANY)] {
            let pattern = Permission::new(product, resource, action);
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    patterns
}

/// Whether every person who can log in may do this, without a grant.
pub fn is_everyones(asked: &Permission) -> bool {
    *asked == everyone()
}

#[cfg(test)]
mod tests {
    use domain::permission::IDENTITY_PRODUCT;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_comes_back_from_its_cursor() {
        let [grant, given, member] = [1, 2, 3].map(Uuid::from_u128);
        for (given, member) in [(None, None), (Some(given), None), (None, Some(member)), (Some(given), Some(member))] {
            let place = Place { pattern: 4, grant, given, member };
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        for wrong in ["", "0", "0///", "5/00000000-0000-0000-0000-000000000001//", "x/y/z", "0/x//"] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
        let long = format!("{}/", Place::of_grant(0, grant));
        assert_eq!(Place::parse(&long), None);
    }

    #[test]
    fn those_who_act_as_a_role_come_before_those_who_were_given_it() {
        let place = |given, member| Place { given, member, ..Place::of_grant(0, Uuid::from_u128(1)) };
        let some = Some(Uuid::from_u128(9));
        let sorted = [place(None, None), place(None, some), place(some, None), place(some, some)];
        assert!(sorted.is_sorted());
    }

    proptest! {
        #[test]
        fn the_patterns_are_the_permissions_that_match(
            product in prop::sample::select(vec!["p", IDENTITY_PRODUCT]),
            resource in prop::sample::select(vec!["a", "tenants", "*"]), action in "[ab*]",
            held_resource in prop::sample::select(vec!["a", "b", "tenants", "*"]), held_action in "[ab*]",
        ) {
            let asked = Permission::new(product, resource, &action);
            let held = Permission::new(product, held_resource, &held_action);
            let listed = patterns(&asked);
            prop_assert_eq!(listed.contains(&held), held.matches(Some(product), resource, &action));
            prop_assert!(listed.len() <= MOST_PATTERNS);
        }
    }
}
