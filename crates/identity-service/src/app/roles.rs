//! Roles: read, made, renamed and deleted. What they permit, and who has them, is in [`grants`](super::grants).

use domain::Slug;
use domain::audit::{action, changes};
use domain::id::TenantId;
use domain::page::{Listed, Page};
use domain::permission::PermissionSet;
use error_codes::{Result, ide};
use identity::grant::Holder;
use identity::membership::unended;
use identity::role::{NewRole, Role};
use identity_store::{permissions, roles};
use serde_json::json;
use store::Unit;

use super::App;
use super::access::Acting;
use super::acts::telling;
use super::grants::Grants;

impl App {
    /// The roles of a tenant by slug.
    pub async fn list_roles(&self, tenant: TenantId, page: Page) -> Result<Listed<Role>> {
        self.store.read(move |unit| roles::list(unit, tenant, &page)).await
    }

    /// One role.
    ///
    /// # Errors
    /// IDE-1021.
    pub async fn read_role(&self, tenant: TenantId, slug: Slug) -> Result<Role> {
        self.store.read(move |unit| roles::find(unit, tenant, &slug)?.ok_or_else(|| ide::ROLE_NOT_FOUND.into())).await
    }

    /// Makes a role that nobody has and that permits nothing.
    ///
    /// # Errors
    /// IDE-1009 when a role has the id.
    pub async fn create_role(&self, acting: Acting, new: NewRole) -> Result<Role> {
        let role = new.make(acting.tenant, self.clock.now(), &*self.entropy);
        let event = acting.event(action::ROLE_CREATE, &role.slug);
        let made = json!({ "id": role.slug.as_str(), "name": role.name });
        self.act(telling(&event, changes(None, Some(made))), move |unit, event| {
            roles::insert(unit, &role, &[])?;
            unit.audit(event)?;
            Ok(role.clone())
        })
        .await
    }

    /// Gives a role another name; its id stays.
    ///
    /// # Errors
    /// IDE-1021, IDE-1014.
    pub async fn rename_role(&self, acting: Acting, slug: Slug, name: String) -> Result<Role> {
        self.act(acting.event(action::ROLE_UPDATE, &slug), move |unit, event| {
            let role = hold_changeable(unit, acting.tenant, &slug)?;
            roles::rename(unit, &role, &name)?;
            let named = |name: &str| Some(json!({ "name": name }));
            unit.audit(&telling(event, changes(named(&role.name), named(&name))))?;
            Ok(Role { name: name.clone(), ..role })
        })
        .await
    }

    /// Deletes a role: nobody has it any more.
    ///
    /// # Errors
    /// IDE-1021, IDE-1014, IDE-0023 for a role above the caller.
    pub async fn delete_role(&self, acting: Acting, slug: Slug) -> Result<()> {
        self.act(acting.event(action::ROLE_DELETE, &slug), move |unit, event| {
            let role = hold_changeable(unit, acting.tenant, &slug)?;
            let now = unit.now();
            let holder = Holder::Role(role.id);
            let permits = unended(&permissions::of_holders(unit, acting.tenant, &[holder])?, now);
            acting.may_act_on(&permits, &PermissionSet::default())?;
            let permitted = Grants::of(unit, acting.tenant, holder)?;
            roles::delete(unit, &role)?;
            let before = json!({
                "id": role.slug.as_str(),
                "name": role.name,
                "permissions": permitted.told_permissions(),
            });
            unit.audit(&telling(event, changes(Some(before), None)))
        })
        .await
    }
}

/// Holds a role that is not built in until the commit.
///
/// # Errors
/// IDE-1021, IDE-1014.
pub(super) fn hold_changeable(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Role> {
    let role = roles::hold(unit, tenant, slug)?.ok_or(ide::ROLE_NOT_FOUND)?;
    role.changeable()?;
    Ok(role)
}
