//! What a group permits: of its own, and through its roles.

use std::collections::BTreeSet;

use domain::Slug;
use domain::id::TenantId;
use domain::permission::Permission;
use error_codes::{Result, ide};
use identity::group::Group;
use identity_store::{groups, permissions, roles};
use serde_json::{Value, json};
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
        self.act(acting.event("group.set_permissions", "group", &slug), move |unit, event| {
            let group = hold_changeable(unit, acting.tenant, &slug)?;
            let was = permissions::own_of_group(unit, &group)?;
            let before = unended_of_group(unit, &group)?;
            permissions::replace_own(unit, &group, &wanted)?;
            let after = unended_of_group(unit, &group)?;
            acting.may_act_on(&before, &after)?;
            unit.audit(&telling(event, changes(&was, &wanted)))?;
            GroupPermissions::of(unit, &group)
        })
        .await
    }
}

impl GroupPermissions {
    fn of(unit: &mut Unit<'_>, group: &Group) -> Result<Self> {
        Ok(Self { own: permissions::own_of_group(unit, group)?, roles: roles::of_group(unit, group)? })
    }
}

/// What was taken and what was given, for the trail.
fn changes(was: &BTreeSet<Permission>, is: &BTreeSet<Permission>) -> Value {
    let shown = |permission: &Permission| {
        let Permission { product, resource, action } = permission;
        format!("{product}:{resource}:{action}")
    };
    let taken: Vec<_> = was.difference(is).map(shown).collect();
    let given: Vec<_> = is.difference(was).map(shown).collect();
    json!({ "taken": taken, "given": given })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_tells_what_was_taken_and_what_was_given() {
        let [get, post, delete] = ["get", "post", "delete"].map(|action| Permission::new("midaz", "ledgers", action));
        let told = changes(&BTreeSet::from([get.clone(), post]), &BTreeSet::from([get, delete]));
        assert_eq!(told, json!({ "taken": ["midaz:ledgers:post"], "given": ["midaz:ledgers:delete"] }));
    }
}
