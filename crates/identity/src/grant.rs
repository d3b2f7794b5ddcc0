//! Grants: who holds a permission or a role of their own, and the ways on which they reach a subject.

use std::collections::HashMap;

use domain::Slug;
use domain::id::{ApplicationId, GroupId, RoleId, UserId};
use domain::permission::{Permission, Way};
use uuid::Uuid;

use crate::membership::{Reach, Validity};

/// Who may be granted something. A role is granted permissions alone; the others have roles as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// A role: what it holds, holds whoever has it.
    Role(RoleId),
    /// A group: what it holds, holds whoever is in it.
    Group(GroupId),
    /// A person.
    User(UserId),
    /// An application.
    Application(ApplicationId),
}

impl Holder {
    /// The key of its grants.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Role(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
            Self::User(id) => id.uuid(),
            Self::Application(id) => id.uuid(),
        }
    }
}

/// A holder whose grants reach a subject, and how and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The key of the holder's grants.
    pub holder: Uuid,
    /// How the subject comes to the holder.
    pub way: Way,
    /// When every step of the way holds.
    pub validity: Validity,
}

impl Link {
    /// The subject itself.
    pub fn own(holder: Holder) -> Self {
        Self { holder: holder.uuid(), way: Way::default(), validity: Validity::ALWAYS }
    }

    /// A group that the subject is in.
    pub fn membership(group: GroupId, slug: Slug, validity: Validity) -> Self {
        Self { holder: group.uuid(), way: Way { group: Some(slug), ..Way::default() }, validity }
    }

    /// A role as which the subject acts without having been given it.
    pub fn acting_as(role: RoleId, slug: Slug) -> Self {
        Self { holder: role.uuid(), way: Way { role: Some(slug), ..Way::default() }, validity: Validity::ALWAYS }
    }
}

/// A role that a holder has.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleGrant {
    /// The key of the holder.
    pub holder: Uuid,
    /// The role.
    pub role: RoleId,
    /// Its name.
    pub slug: Slug,
    /// Whether a product declared it.
    pub declared: bool,
    /// When the holder has it.
    pub validity: Validity,
}

/// A permission that a holder has of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct PermissionGrant {
    /// The key of the holder.
    pub holder: Uuid,
    /// The permission.
    pub permission: Permission,
    /// When the holder has it.
    pub validity: Validity,
}

/// The roles that these links lead to, as links of their own.
pub fn through_roles(links: &[Link], given: Vec<RoleGrant>) -> Vec<Link> {
    let by_holder = by_holder(links);
    let mut roles = Vec::with_capacity(given.len());
    for RoleGrant { holder, role, slug, declared, validity } in given {
        for link in by_holder.get(&holder).into_iter().flatten() {
            let way = Way { declared, group: link.way.group.clone(), role: Some(slug.clone()) };
            roles.push(Link { holder: role.uuid(), way, validity: link.validity.and(validity) });
        }
    }
    roles
}

/// Every way in which a permission reaches the subject of these links.
pub fn reaches(links: &[Link], granted: Vec<PermissionGrant>) -> Vec<Reach> {
    let by_holder = by_holder(links);
    let mut reaches = Vec::with_capacity(granted.len());
    for PermissionGrant { holder, permission, validity } in granted {
        for link in by_holder.get(&holder).into_iter().flatten() {
            let validity = link.validity.and(validity);
            reaches.push(Reach { permission: permission.clone(), way: link.way.clone(), validity });
        }
    }
    reaches
}

fn by_holder(links: &[Link]) -> HashMap<Uuid, Vec<&Link>> {
    let mut by_holder: HashMap<Uuid, Vec<&Link>> = HashMap::new();
    for link in links {
        by_holder.entry(link.holder).or_default().push(link);
    }
    by_holder
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    fn until(second: i64) -> Validity {
        Validity { from: None, until: Some(Timestamp::from_seconds(second)) }
    }

    #[test]
    fn a_role_reaches_a_subject_on_each_way_that_leads_to_it() {
        let user = Holder::User(Uuid::from_u128(1).into());
        let group = GroupId::from(Uuid::from_u128(2));
        let role = RoleId::from(Uuid::from_u128(3));
        let mut links = vec![Link::own(user), Link::membership(group, slug("desk"), until(20))];
        let given = |holder, validity| RoleGrant { holder, role, slug: slug("clerk"), declared: false, validity };
        let roles = through_roles(&links, vec![given(group.uuid(), until(30)), given(user.uuid(), until(10))]);
        links.extend(roles);

        let see = Permission::new("fraud", "cases", "get");
        let granted = |holder| PermissionGrant { holder, permission: see.clone(), validity: Validity::ALWAYS };
        let found = reaches(&links, vec![granted(role.uuid()), granted(user.uuid()), granted(Uuid::from_u128(9))]);
        let way = |group: Option<&str>, role: Option<&str>| Way {
            declared: false,
            group: group.map(slug),
            role: role.map(slug),
        };
        let reach = |way, validity| Reach { permission: see.clone(), way, validity };
        assert_eq!(
            found,
            [
                reach(way(Some("desk"), Some("clerk")), until(20)),
                reach(way(None, Some("clerk")), until(10)),
                reach(way(None, None), Validity::ALWAYS),
            ]
        );
    }
}
