//! Roles: named sets of permissions, seeded with the tenant, made by its administrators, or declared by a product.

use domain::id::{RoleId, TenantId};
use domain::permission::{IDENTITY_PRODUCT, Permission};
use domain::{Entropy, Slug, Timestamp};
use error_codes::{Failure, Result, ide};

use crate::group::NewGroup;
use crate::seed::PLATFORM_ROLE;

/// A role.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// The key of its rows.
    pub id: RoleId,
    /// The tenant, for ever.
    pub tenant: TenantId,
    /// Its name in policies, such as `midaz-editor-role`.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Seeded with the tenant, and protected.
    pub built_in: bool,
    /// The product whose declaration it comes from, and which alone changes it; whoever may can still be given it.
    pub declared_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Role {
    /// Refuses a change of what was seeded with the tenant, or declared by a product.
    ///
    /// # Errors
    /// IDE-1014.
    pub fn changeable(&self) -> Result<()> {
        if self.built_in || self.declared_by.is_some() { Err(Failure::new(ide::BUILT_IN)) } else { Ok(()) }
    }
}

/// A role about to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// Its slug.
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

impl NewRole {
    /// Checks the members of a request, which are those of a group to be made.
    ///
    /// # Errors
    /// IDE-0002 with every member that breaks a limit.
    pub fn parse(id: Option<&str>, name: &str) -> Result<Self> {
        let NewGroup { slug, name } = NewGroup::parse(id, name)?;
        if slug.as_str() == PLATFORM_ROLE {
            return Err(
                Failure::new(ide::INVALID_FIELD_TYPE).with_field("id", "is the role of the platform's administrators")
            );
        }
        Ok(Self { slug, name })
    }

    /// The role it becomes: nobody has it, and it permits nothing.
    pub fn make(self, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> Role {
        let Self { slug, name } = self;
        Role { id: RoleId::new(now, entropy), tenant, slug, name, built_in: false, declared_by: None, created_at: now }
    }
}

/// What every person who can log in may do: change their own password.
pub fn everyone() -> Permission {
    Permission::new(IDENTITY_PRODUCT, "update-password", "patch")
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    #[test]
    fn what_was_seeded_or_declared_is_nobody_elses_to_change() {
        let now = Timestamp::from_seconds(1);
        let role = |built_in, declared_by: Option<&str>| Role {
            id: RoleId::new(now, &OsEntropy),
            tenant: TenantId::new(now, &OsEntropy),
            slug: Slug::parse("midaz-clerk").unwrap(),
            name: "Clerk".to_owned(),
            built_in,
            declared_by: declared_by.map(str::to_owned),
            created_at: now,
        };
        assert!(role(false, None).changeable().is_ok());
        for protected in [role(true, None), role(false, Some("midaz"))] {
            assert_eq!(protected.changeable().unwrap_err().code(), ide::BUILT_IN);
        }
    }
}
