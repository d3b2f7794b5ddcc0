//! What a new tenant begins with: roles, groups, and the application through which people log in.

use std::collections::BTreeSet;

use domain::id::{ApplicationId, GroupId, RoleId};
use domain::permission::Permission;
use domain::{Entropy, Epoch, InvalidText, Slug, Timestamp};

use crate::application::{Application, ClientId, Grant, Grants};
use crate::group::{ADMINISTRATORS, Group};
use crate::role::Role;
use crate::tenant::Tenant;

mod policies;

/// The slug of the tenant that a login without path or prefix belongs to, unless the settings name another.
pub const DEFAULT_TENANT: &str = "lerian";

/// The role with the permissions that reach beyond a tenant; only the system tenant has it.
pub const PLATFORM_ROLE: &str = "platform-role";

/// The permissions of the platform role. A start gives it those that a newer build knows.
pub fn platform_permissions() -> BTreeSet<Permission> {
    policies::platform().collect()
}

/// A tenant and everything it begins with; all of it built in, and protected.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The tenant.
    pub tenant: Tenant,
    /// Every role with its permissions.
    pub roles: Vec<(Role, Vec<Permission>)>,
    /// Every group with its roles.
    pub groups: Vec<(Group, Vec<RoleId>)>,
    /// The default application; it has no secret.
    pub application: Application,
}

impl Seed {
    /// A new tenant.
    ///
    /// # Errors
    /// None with the names of this build; they are checked like any others.
    pub fn new(tenant: Tenant, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, InvalidText> {
        let mut seed = Self { application: application(&tenant, now, entropy), tenant, roles: vec![], groups: vec![] };
        let mut administrator_roles = Vec::new();
        for product in policies::PRODUCTS {
            for level in product.levels {
                let stem = format!("{}-{}", product.stem, level.stem);
                let name = format!("{} {}", product.name, level.name);
                let role = seed.add_role(&stem, &name, product.permissions(level), now, entropy)?;
                if level.is_editor() {
                    administrator_roles.push(role);
                }
                if product.has_groups {
                    seed.add_group(&format!("{stem}-group"), &name, vec![role], now, entropy)?;
                }
            }
        }
        seed.add_group(ADMINISTRATORS, "Administrator", administrator_roles, now, entropy)?;
        Ok(seed)
    }

    /// The group of the administrators.
    pub fn administrators(&self) -> Option<&Group> {
        self.groups.iter().map(|(group, _)| group).find(|group| group.slug.as_str() == ADMINISTRATORS)
    }

    fn add_role(
        &mut self,
        stem: &str,
        name: &str,
        permissions: Vec<Permission>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<RoleId, InvalidText> {
        let id = RoleId::new(now, entropy);
        let slug = Slug::parse(&format!("{stem}-role"))?;
        let name = name.to_owned();
        let role = Role { id, tenant: self.tenant.id, slug, name, built_in: true, declared_by: None, created_at: now };
        self.roles.push((role, permissions));
        Ok(id)
    }

    fn add_group(
        &mut self,
        slug: &str,
        name: &str,
        roles: Vec<RoleId>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), InvalidText> {
        let group = Group {
            id: GroupId::new(now, entropy),
            tenant: self.tenant.id,
            slug: Slug::parse(slug)?,
            name: name.to_owned(),
            built_in: true,
            created_at: now,
        };
        self.groups.push((group, roles));
        Ok(())
    }
}

/// The default application of a tenant, `app-<slug>`.
fn application(tenant: &Tenant, now: Timestamp, entropy: &dyn Entropy) -> Application {
    Application {
        id: ApplicationId::new(now, entropy),
        tenant: tenant.id,
        client_id: ClientId::new(entropy),
        name: format!("app-{}", tenant.slug),
        product: None,
        description: "People log in through this application when they name no other.".to_owned(),
        grants: Grants::of(Grant::ALL),
        is_default: true,
        built_in: true,
        declares: false,
        epoch: Epoch::default(),
        revision: 0,
        created_at: now,
    }
}

#[cfg(test)]
mod tests;
