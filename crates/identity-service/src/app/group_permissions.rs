//! What a group permits: of its own, and through its roles.

use std::collections::BTreeSet;

use domain::Slug;
use domain::audit::{action, changes};
use domain::id::TenantId;
use domain::permission::Permission;
use error_codes::{Result, ide};
use identity::group::Group;
use identity_store::{groups, permissions, roles};
use serde_json::json;
use store::Unit;

use super::App;
use super::access::Acting;
use super::acts::telling;
use super::groups::{hold_changeable, unended_of_group};

/// What a group permits.
#[derive(Clone, Debug)]
pub struct GroupPermissions {
    /// Of its own.
    pub own: BTreeSet<Permission>,
    /// The roles whose permissions it gives as well, by slug.
    pub roles: Vec<Slug>,
}

impl App {
    /// What a group permits.
    ///
    /// # Errors
    /// IDE-1006.
    pub async fn read_group_permissions(&self, tenant: TenantId, slug: Slug) -> Result<GroupPermissions> {
        self.store
            .read(move |unit| {
                let group = groups::find(unit, tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
                GroupPermissions::of(unit, &group)
            })
            .await
    }

    /// Lets a group permit exactly this of its own; its roles stay.
    ///
    /// # Errors
    /// IDE-1006, IDE-1014, IDE-0023 when the group permits, or would permit, what the caller may not do.
    pub async fn set_group_permissions(
        &self,
        acting: Acting,
        slug: Slug,
        wanted: BTreeSet<Permission>,
    ) -> Result<GroupPermissions> {
        self.act(acting.event(action::GROUP_SET_PERMISSIONS, &slug), move |unit, event| {
            let group = hold_changeable(unit, acting.tenant, &slug)?;
            let was = GroupPermissions::of(unit, &group)?;
            let before = unended_of_group(unit, &group)?;
            permissions::replace_own(unit, &group, &wanted)?;
            let after = unended_of_group(unit, &group)?;
            acting.may_act_on(&before, &after)?;
            let is = GroupPermissions::of(unit, &group)?;
            let told = |permissions: &GroupPermissions| Some(json!({ "permissions": permissions.told() }));
            unit.audit(&telling(event, changes(told(&was), told(&is))))?;
            Ok(is)
        })
        .await
    }
}

impl GroupPermissions {
    /// What the group permits of its own, for the trail.
    pub(super) fn told(&self) -> Vec<String> {
        let told = |Permission { product, resource, action }: &Permission| format!("{product}:{resource}:{action}");
        self.own.iter().map(told).collect()
    }

    pub(super) fn of(unit: &mut Unit<'_>, group: &Group) -> Result<Self> {
        Ok(Self { own: permissions::own_of_group(unit, group)?, roles: roles::of_group(unit, group)? })
    }
}
