//! Roles: named sets of permissions, seeded with the tenant.

use domain::id::{RoleId, TenantId};
use domain::permission::{IDENTITY_PRODUCT, Permission};
use domain::{Slug, Timestamp};
use error_codes::{Failure, Result, ide};

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

/// What every person who can log in may do: change their own password.
pub fn everyone() -> Permission {
    Permission::new(IDENTITY_PRODUCT, "update-password", "patch")
}
