//! Roles: named sets of permissions, seeded with the tenant or made by its administrators.

use domain::id::{RoleId, TenantId};
use domain::permission::{IDENTITY_PRODUCT, Permission};
use domain::{Entropy, Slug, Timestamp};
use error_codes::{Failure, Result, ide};

use crate::group::NewGroup;

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
    /// When it was made.
    pub created_at: Timestamp,
}

impl Role {
    /// Refuses a change of what was seeded with the tenant.
    ///
    /// # Errors
    /// IDE-1014.
    pub fn changeable(&self) -> Result<()> {
        if self.built_in { Err(Failure::new(ide::BUILT_IN)) } else { Ok(()) }
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
        NewGroup::parse(id, name).map(|NewGroup { slug, name }| Self { slug, name })
    }

    /// The role it becomes: nobody has it, and it permits nothing.
    pub fn make(self, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> Role {
        let Self { slug, name } = self;
        Role { id: RoleId::new(now, entropy), tenant, slug, name, built_in: false, created_at: now }
    }
}

/// What every person who can log in may do: change their own password.
pub fn everyone() -> Permission {
    Permission::new(IDENTITY_PRODUCT, "update-password", "patch")
}
