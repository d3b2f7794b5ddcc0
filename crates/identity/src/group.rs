//! Groups: what people are put into to get permissions.

use domain::id::{GroupId, TenantId};
use domain::{Entropy, InvalidText, Slug, Timestamp, text};
use error_codes::{Failure, Result, ide};

use crate::fields::Fields;

/// The group of the administrators, in every tenant.
pub const ADMINISTRATORS: &str = "admin-group";

/// A group. Outside it goes by its slug.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The key of its rows.
    pub id: GroupId,
    /// The tenant, for ever.
    pub tenant: TenantId,
    /// The `id` of the Access Manager API, such as `midaz-viewer-group`; for ever, and never given again.
    pub slug: Slug,
    /// The name for people, 1 to 255 characters.
    pub name: String,
    /// Seeded with the tenant, and protected.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Group {
    /// Refuses a change of what was seeded with the tenant.
    pub fn changeable(&self) -> Result<()> {
        if self.built_in { Err(Failure::new(ide::BUILT_IN)) } else { Ok(()) }
    }
}

/// A group about to be made.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// Its slug.
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

impl NewGroup {
    /// Checks the members of a request. Without an `id` the slug is made of the name.
    ///
    /// # Errors
    /// IDE-0002 with every member that breaks a limit.
    pub fn parse(id: Option<&str>, name: &str) -> Result<Self> {
        let mut fields = Fields::default();
        let name = fields.read("name", name, parse_name);
        let slug = match (id, &name) {
            (Some(id), _) => fields.read("id", id, Slug::parse),
            (None, Some(name)) => fields.read("name", name.as_str(), slug_of),
            (None, None) => None,
        };
        match (slug, name) {
            (Some(slug), Some(name)) => Ok(Self { slug, name }),
            _ => Err(fields.into_failure()),
        }
    }

    /// The group it becomes: nobody is in it, and it permits nothing.
    pub fn make(self, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> Group {
        Group {
            id: GroupId::new(now, entropy),
            tenant,
            slug: self.slug,
            name: self.name,
            built_in: false,
            created_at: now,
        }
    }
}

/// Reads the name of a group or a role.
pub fn parse_name(input: &str) -> Result<String, InvalidText> {
    text::line(input, 1, 255).map(str::to_owned)
}

/// `Fraud Desk (BR)` becomes `fraud-desk-br`.
fn slug_of(name: &str) -> Result<Slug, InvalidText> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let cut = joined.get(..Slug::LONGEST).unwrap_or(&joined).trim_end_matches('-');
    Slug::parse(cut).map_err(|_| InvalidText::new("gives no id; send one as 'id'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_the_name_where_none_is_given() {
        assert_eq!(NewGroup::parse(None, "Fraud Desk (BR)").unwrap().slug.as_str(), "fraud-desk-br");
        assert_eq!(NewGroup::parse(Some("desk"), "Fraud Desk").unwrap().slug.as_str(), "desk");
        let long = NewGroup::parse(None, "a ".repeat(100).trim_end()).unwrap();
        assert!(long.slug.as_str().len() <= Slug::LONGEST);
    }

    #[test]
    fn a_name_without_any_letter_of_a_slug_needs_an_id() {
        let failure = NewGroup::parse(None, "支払い").unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["name"]);
        assert!(NewGroup::parse(Some("shiharai"), "支払い").is_ok());
    }

    #[test]
    fn every_wrong_member_is_named() {
        let failure = NewGroup::parse(Some("No Slug"), "").unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["id", "name"]);
    }
}
