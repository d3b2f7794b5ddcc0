//! People: read, made, changed and deleted.

use std::collections::BTreeSet;
use std::mem;

use domain::audit::{action, changes};
use domain::id::{GroupId, TenantId, UserId};
use domain::page::{Listed, Page};
use domain::permission::PermissionSet;
use domain::{Secret, Slug};
use error_codes::{Result, ide};
use identity::group::ADMINISTRATORS;
use identity::password::{NewPassword, Owner};
use identity::user::{NewUser, User, UserChange, unknown_group};
use identity_store::{groups, members, passwords, users};
use serde_json::{Value, json};
use store::Unit;

use super::App;
use super::access::{Acting, unended_of_user};
use super::acts::{keep_an_administrator, telling};
use super::passwords::password_kinds;

/// A user with the groups that the user is in now.
#[derive(Clone, Debug)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// The groups, by slug.
    pub groups: Vec<Slug>,
}

/// A user on whom somebody acts.
#[derive(Debug)]
pub(super) struct ActedOn {
    /// The user, with the groups of now.
    pub(super) view: UserView,
    /// What the user holds, or would hold once every grant has begun.
    pub(super) permissions: PermissionSet,
}

impl App {
    /// The users of a tenant in the order they were made.
    pub async fn list_users(&self, tenant: TenantId, page: Page) -> Result<Listed<UserView>> {
        self.store
            .read(move |unit| {
                let listed = users::list(unit, tenant, &page)?;
                let ids: Vec<_> = listed.rows.iter().map(|user| user.id).collect();
                let mut groups = members::groups_of(unit, tenant, &ids)?;
                Ok(listed.map(|user| UserView { groups: groups.remove(&user.id).unwrap_or_default(), user }))
            })
            .await
    }

    /// One user.
    ///
    /// # Errors
    /// IDE-1003.
    pub async fn read_user(&self, tenant: TenantId, id: UserId) -> Result<UserView> {
        self.store
            .read(move |unit| {
                let user = users::find(unit, tenant, id)?.ok_or(ide::USER_NOT_FOUND)?;
                UserView::of(unit, user)
            })
            .await
    }

    /// Makes a user with a password, in these groups.
    ///
    /// # Errors
    /// IDE-0020 and IDE-0027 for the password, IDE-1006 for a group that does not exist, IDE-1007 and IDE-1008 for what
    /// is taken, IDE-0023 for a group above the caller.
    pub async fn create_user(&self, acting: Acting, mut new: NewUser, password: &Secret<String>) -> Result<UserView> {
        let tenant = acting.tenant;
        let folded = new.username.folded().to_owned();
        let kinds = self
            .store
            .read(move |unit| {
                // Known to be taken is told before the hash is paid for; the index decides among those who come at once.
                if users::find_by_username(unit, tenant, &folded)?.is_some() {
                    return Err(ide::USERNAME_TAKEN.into());
                }
                password_kinds(unit, tenant)
            })
            .await?;
        let owner = Owner { username: &new.username, email: &new.email };
        let password = NewPassword::parse("password", password.expose(), kinds, owner)?;
        let hash = self.hasher.hash(&acting.source(), password.into_secret()).await?;
        let wanted = mem::take(&mut new.groups);
        let user = new.make(tenant, self.clock.now(), &*self.entropy);
        self.act(acting.event(action::USER_CREATE, user.id), move |unit, event| {
            let groups = find_groups(unit, tenant, &wanted)?;
            users::insert(unit, &user)?;
            passwords::put(unit, tenant, user.id, &hash)?;
            members::replace(unit, &user, &groups)?;
            let made = ActedOn::of(unit, user.clone())?;
            acting.may_act_on(&PermissionSet::default(), &made.permissions)?;
            unit.audit(&telling(event, changes(None, Some(made.view.told()))))?;
            Ok(made.view)
        })
        .await
    }

    /// Changes a user. Locking one ends all their tokens.
    ///
    /// # Errors
    /// IDE-1003, IDE-1006, IDE-1008; IDE-0023 for somebody above the caller, unless only names change; IDE-1016.
    pub async fn update_user(&self, acting: Acting, id: UserId, change: UserChange) -> Result<UserView> {
        self.act(acting.event(action::USER_UPDATE, id), move |unit, event| {
            let before = ActedOn::hold(unit, acting.tenant, id)?;
            let user = change.apply(&before.view.user);
            if user != before.view.user {
                users::update(unit, &before.view.user, &user)?;
            }
            if let Some(wanted) = &change.groups {
                let groups = find_groups(unit, acting.tenant, wanted)?;
                members::replace(unit, &user, &groups)?;
            }
            let after = ActedOn::of(unit, user)?;
            if change.concerns_access() {
                acting.may_act_on(&before.permissions, &after.permissions)?;
            }
            if before.view.administers() && !after.view.administers() {
                keep_an_administrator(unit, acting.tenant)?;
            }
            unit.audit(&telling(event, changes(Some(before.view.told()), Some(after.view.told()))))?;
            Ok(after.view)
        })
        .await
    }

    /// Deletes a user; all their tokens are dead, and the username is never given again.
    ///
    /// # Errors
    /// IDE-1003, IDE-0023 for somebody above the caller, IDE-1016.
    pub async fn delete_user(&self, acting: Acting, id: UserId) -> Result<()> {
        self.act(acting.event(action::USER_DELETE, id), move |unit, event| {
            let before = ActedOn::hold(unit, acting.tenant, id)?;
            acting.may_act_on(&before.permissions, &PermissionSet::default())?;
            users::mark_deleted(unit, &before.view.user)?;
            if before.view.administers() {
                keep_an_administrator(unit, acting.tenant)?;
            }
            unit.audit(&telling(event, changes(Some(before.view.told()), None)))
        })
        .await
    }
}

impl UserView {
    pub(super) fn of(unit: &mut Unit<'_>, user: User) -> Result<Self> {
        let groups = members::groups_of(unit, user.tenant, &[user.id])?.remove(&user.id).unwrap_or_default();
        Ok(Self { user, groups })
    }

    /// The user, for the trail: also what is personal, since an address that changed is how accounts are taken over.
    pub(super) fn told(&self) -> Value {
        let user = &self.user;
        json!({
            "username": user.username.to_string(),
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email.as_str(),
            "phoneNumber": user.phone.as_ref().map(|phone| phone.as_str()),
            "active": user.active,
            "groups": slugs(&self.groups),
        })
    }

    /// Whether the user can act as an administrator now.
    pub(super) fn administers(&self) -> bool {
        self.user.active && self.groups.iter().any(|slug| slug.as_str() == ADMINISTRATORS)
    }
}

impl ActedOn {
    /// Holds a user until the commit.
    ///
    /// # Errors
    /// IDE-1003.
    pub(super) fn hold(unit: &mut Unit<'_>, tenant: TenantId, id: UserId) -> Result<Self> {
        let user = users::hold(unit, tenant, id)?.ok_or(ide::USER_NOT_FOUND)?;
        Self::of(unit, user)
    }

    /// A user that is held, or new, as the unit of work has left it up to now.
    pub(super) fn of(unit: &mut Unit<'_>, user: User) -> Result<Self> {
        let permissions = unended_of_user(unit, user.tenant, user.id)?;
        Ok(Self { view: UserView::of(unit, user)?, permissions })
    }
}

/// The groups that a request names.
///
/// # Errors
/// IDE-1006 when one does not exist.
fn find_groups(unit: &mut Unit<'_>, tenant: TenantId, wanted: &BTreeSet<Slug>) -> Result<Vec<GroupId>> {
    let found = groups::find_all(unit, tenant, wanted)?;
    if found.len() == wanted.len() {
        Ok(found.into_iter().map(|group| group.id).collect())
    } else {
        Err(unknown_group())
    }
}

/// Groups by slug, for the trail.
pub(super) fn slugs(groups: &[Slug]) -> Vec<&str> {
    groups.iter().map(Slug::as_str).collect()
}

#[cfg(test)]
mod tests {
    use domain::{OsEntropy, Timestamp};
    use identity::user::RawNewUser;

    use super::*;

    fn view() -> UserView {
        let now = Timestamp::from_seconds(1_000);
        let raw = RawNewUser {
            first_name: "Ana",
            last_name: "Souza",
            username: "ana",
            email: "ana@example.com",
            ..RawNewUser::default()
        };
        let user = NewUser::parse(&raw).unwrap().make(TenantId::new(now, &OsEntropy), now, &OsEntropy);
        UserView { user, groups: vec![Slug::parse(ADMINISTRATORS).unwrap()] }
    }

    #[test]
    fn a_locked_administrator_is_none() {
        let mut view = view();
        assert!(view.administers());
        view.user.active = false;
        assert!(!view.administers());
    }
}
