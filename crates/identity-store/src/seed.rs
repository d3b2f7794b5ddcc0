//! Plants a new tenant with everything it begins with.

use error_codes::Result;
use identity::grant::Holder;
use identity::membership::Validity;
use identity::seed::Seed;
use store::Unit;

use crate::{applications, grants, groups, roles, tenants};

/// Adds a tenant, its roles, groups and default application, all in one unit of work.
///
/// # Errors
/// IDE-1009 when the tenant exists; of two processes that start together one meets it, and finds the tenant planted.
pub fn plant(unit: &mut Unit<'_>, seed: &Seed) -> Result<()> {
    tenants::insert(unit, &seed.tenant)?;
    for (role, permissions) in &seed.roles {
        roles::insert(unit, role, permissions)?;
    }
    for (group, roles) in &seed.groups {
        groups::insert(unit, group)?;
        for &role in roles {
            grants::give(unit, group.tenant, Holder::Group(group.id), role, Validity::ALWAYS)?;
        }
    }
    applications::insert(unit, &seed.application)
}
