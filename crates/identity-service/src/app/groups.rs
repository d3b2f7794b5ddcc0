//! Groups: read, made, renamed and deleted.

use domain::Slug;
use domain::audit::{action, changes};
use domain::id::TenantId;
use domain::page::{Listed, Page};
use domain::permission::PermissionSet;
use error_codes::{Result, ide};
use identity::grant::Holder;
use identity::group::{Group, NewGroup};
use identity::membership::unended;
use identity_store::members::NamesShown;
use identity_store::{groups, members, permissions};
use serde_json::json;
use store::Unit;

use super::App;
use super::access::Acting;
use super::acts::telling;
use super::grants::Grants;

/// A group with those who are in it now.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// Their usernames, as many as are shown.
    pub usernames: Vec<String>,
}

impl App {
    /// The groups of a tenant by slug.
    pub async fn list_groups(&self, tenant: TenantId, page: Page) -> Result<Listed<GroupView>> {
        self.store
            .read(move |unit| {
                let listed = groups::list(unit, tenant, &page)?;
                let mut names = members::usernames_of(unit, tenant, &listed.rows, NamesShown::default())?;
                Ok(listed.map(|group| GroupView { usernames: names.remove(&group.id).unwrap_or_default(), group }))
            })
            .await
    }

    /// One group.
    ///
    /// # Errors
    /// IDE-1006.
    pub async fn read_group(&self, tenant: TenantId, slug: Slug) -> Result<GroupView> {
        self.store
            .read(move |unit| {
                let group = groups::find(unit, tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
                GroupView::of(unit, group)
            })
            .await
    }

    /// Makes a group that nobody is in and that permits nothing.
    ///
    /// # Errors
    /// IDE-1009 when a group has, or had, the id.
    pub async fn create_group(&self, acting: Acting, new: NewGroup) -> Result<GroupView> {
        let group = new.make(acting.tenant, self.clock.now(), &*self.entropy);
        let event = acting.event(action::GROUP_CREATE, &group.slug);
        let made = json!({ "id": group.slug.as_str(), "name": group.name });
        self.act(telling(&event, changes(None, Some(made))), move |unit, event| {
            groups::insert(unit, &group)?;
            unit.audit(event)?;
            Ok(GroupView { group: group.clone(), usernames: Vec::new() })
        })
        .await
    }

    /// Gives a group another name; its id stays.
    ///
    /// # Errors
    /// IDE-1006, IDE-1014.
    pub async fn rename_group(&self, acting: Acting, slug: Slug, name: String) -> Result<GroupView> {
        self.act(acting.event(action::GROUP_UPDATE, &slug), move |unit, event| {
            let group = hold_changeable(unit, acting.tenant, &slug)?;
            groups::rename(unit, &group, &name)?;
            let named = |name: &str| Some(json!({ "name": name }));
            unit.audit(&telling(event, changes(named(&group.name), named(&name))))?;
            GroupView::of(unit, Group { name: name.clone(), ..group })
        })
        .await
    }

    /// Deletes a group: nobody is in it any more, and its id is never given again.
    ///
    /// # Errors
    /// IDE-1006, IDE-1014, IDE-0023 for a group above the caller.
    pub async fn delete_group(&self, acting: Acting, slug: Slug) -> Result<()> {
        self.act(acting.event(action::GROUP_DELETE, &slug), move |unit, event| {
            let group = hold_changeable(unit, acting.tenant, &slug)?;
            acting.may_act_on(&unended_of_group(unit, &group)?, &PermissionSet::default())?;
            let permitted = Grants::of(unit, acting.tenant, Holder::Group(group.id))?;
            let GroupView { group, usernames } = GroupView::of(unit, group)?;
            groups::mark_deleted(unit, &group)?;
            let before = json!({
                "id": group.slug.as_str(),
                "name": group.name,
                "permissions": permitted.told_permissions(),
                "roles": permitted.told_roles(),
                "users": usernames,
            });
            unit.audit(&telling(event, changes(Some(before), None)))
        })
        .await
    }
}

impl GroupView {
    fn of(unit: &mut Unit<'_>, group: Group) -> Result<Self> {
        let shown = NamesShown::default();
        let mut names = members::usernames_of(unit, group.tenant, std::slice::from_ref(&group), shown)?;
        Ok(Self { usernames: names.remove(&group.id).unwrap_or_default(), group })
    }
}

/// Holds a group that is not built in until the commit.
///
/// # Errors
/// IDE-1006, IDE-1014.
pub(super) fn hold_changeable(unit: &mut Unit<'_>, tenant: TenantId, slug: &Slug) -> Result<Group> {
    let group = groups::hold(unit, tenant, slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
    group.changeable()?;
    Ok(group)
}

/// What the members of a group hold through it, or would hold once every grant has begun.
pub(super) fn unended_of_group(unit: &mut Unit<'_>, group: &Group) -> Result<PermissionSet> {
    let now = unit.now();
    Ok(unended(&permissions::of_holders(unit, group.tenant, &[Holder::Group(group.id)])?, now))
}
