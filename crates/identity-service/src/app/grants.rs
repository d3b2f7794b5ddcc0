//! What roles, groups, users and applications were granted of their own: permissions, and roles.

use std::collections::BTreeMap;

use domain::Slug;
use domain::audit::{Action, action, changes};
use domain::id::{ApplicationId, TenantId, UserId};
use domain::permission::{Permission, PermissionSet};
use error_codes::{Result, ide};
use identity::grant::Holder;
use identity::membership::{Validity, unended};
use identity::role::Role;
use identity_store::{applications, grants, groups, permissions, roles, users};
use serde_json::json;
use store::Unit;

use super::App;
use super::access::{Acting, unended_of_user};
use super::acts::telling;
use super::applications::permissions_of;

/// A holder as a path names it.
#[derive(Clone, Debug)]
pub enum HolderName {
    /// A role by its slug.
    Role(Slug),
    /// A group by its slug.
    Group(Slug),
    /// A user.
    User(UserId),
    /// An application.
    Application(ApplicationId),
}

/// What a holder was granted of its own, also what has ended or is yet to begin.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// Permissions.
    pub permissions: BTreeMap<Permission, Validity>,
    /// Roles by slug.
    pub roles: Vec<(Role, Validity)>,
}

impl App {
    /// What a holder was granted of its own.
    ///
    /// # Errors
    /// IDE-1001, IDE-1003, IDE-1006 or IDE-1021 for a holder that does not exist.
    pub async fn read_grants(&self, tenant: TenantId, name: HolderName) -> Result<Grants> {
        self.store
            .read(move |unit| {
                let holder = name.find(unit, tenant)?;
                Grants::of(unit, tenant, holder)
            })
            .await
    }

    /// Lets a holder have exactly these permissions of its own; its roles stay.
    ///
    /// # Errors
    /// As [`App::read_grants`]; IDE-1014 for what is built in; IDE-0023 when the holder has, or would get, what the caller may
    /// not do.
    pub async fn set_permissions(
        &self,
        acting: Acting,
        name: HolderName,
        wanted: BTreeMap<Permission, Validity>,
    ) -> Result<Grants> {
        self.act(acting.event(name.action(), name.target()), move |unit, event| {
            let held = HeldHolder::hold(unit, acting.tenant, &name)?;
            let was = Grants::of(unit, acting.tenant, held.holder)?;
            grants::replace(unit, acting.tenant, held.holder, &wanted)?;
            let is = held.settle(unit, &acting)?;
            let told = |grants: &Grants| Some(json!({ "permissions": grants.told_permissions() }));
            unit.audit(&telling(event, changes(told(&was), told(&is))))?;
            Ok(is)
        })
        .await
    }

    /// Gives a holder a role, or changes when it has it.
    ///
    /// # Errors
    /// As [`App::set_permissions`]; IDE-1021 when there is no such role.
    pub async fn give_role(&self, acting: Acting, name: HolderName, role: Slug, validity: Validity) -> Result<Grants> {
        self.change_roles(acting, name, role, move |unit, tenant, holder, role| {
            grants::give(unit, tenant, holder, role.id, validity)
        })
        .await
    }

    /// Takes a role from a holder; nothing happens where it does not have it.
    ///
    /// # Errors
    /// As [`App::give_role`].
    pub async fn take_role(&self, acting: Acting, name: HolderName, role: Slug) -> Result<Grants> {
        self.change_roles(acting, name, role, |unit, tenant, holder, role| {
            grants::take(unit, tenant, holder, role.id).map(|_| ())
        })
        .await
    }

    async fn change_roles(
        &self,
        acting: Acting,
        name: HolderName,
        role: Slug,
        mut change: impl FnMut(&mut Unit<'_>, TenantId, Holder, &Role) -> Result<()> + Send + 'static,
    ) -> Result<Grants> {
        self.act(acting.event(name.roles_action(), name.target()), move |unit, event| {
            let held = HeldHolder::hold(unit, acting.tenant, &name)?;
            let role = roles::hold(unit, acting.tenant, &role)?.ok_or(ide::ROLE_NOT_FOUND)?;
            let was = Grants::of(unit, acting.tenant, held.holder)?;
            change(unit, acting.tenant, held.holder, &role)?;
            let is = held.settle(unit, &acting)?;
            let told = |grants: &Grants| Some(json!({ "roles": grants.told_roles() }));
            unit.audit(&telling(event, changes(told(&was), told(&is))))?;
            Ok(is)
        })
        .await
    }
}

impl HolderName {
    /// How the act of setting its permissions is called in the trail.
    const fn action(&self) -> Action {
        match self {
            Self::Role(_) => action::ROLE_SET_PERMISSIONS,
            Self::Group(_) => action::GROUP_SET_PERMISSIONS,
            Self::User(_) => action::USER_SET_PERMISSIONS,
            Self::Application(_) => action::APPLICATION_SET_PERMISSIONS,
        }
    }

    /// How the act of giving or taking a role is called in the trail. Roles have no roles.
    const fn roles_action(&self) -> Action {
        match self {
            Self::Role(_) | Self::Group(_) => action::GROUP_SET_ROLES,
            Self::User(_) => action::USER_SET_ROLES,
            Self::Application(_) => action::APPLICATION_SET_ROLES,
        }
    }

    fn target(&self) -> String {
        match self {
            Self::Role(slug) | Self::Group(slug) => slug.to_string(),
            Self::User(id) => id.to_string(),
            Self::Application(id) => id.to_string(),
        }
    }

    fn find(&self, unit: &mut Unit<'_>, tenant: TenantId) -> Result<Holder> {
        Ok(match self {
            Self::Role(slug) => Holder::Role(roles::find(unit, tenant, slug)?.ok_or(ide::ROLE_NOT_FOUND)?.id),
            Self::Group(slug) => Holder::Group(groups::find(unit, tenant, slug)?.ok_or(ide::GROUP_NOT_FOUND)?.id),
            Self::User(id) => Holder::User(users::find(unit, tenant, *id)?.ok_or(ide::USER_NOT_FOUND)?.id),
            Self::Application(id) => {
                Holder::Application(applications::find(unit, tenant, *id)?.ok_or(ide::APPLICATION_NOT_FOUND)?.id)
            }
        })
    }
}

/// A holder that is held until the commit, with what it permitted before.
struct HeldHolder {
    holder: Holder,
    application: Option<identity::application::Application>,
    before: PermissionSet,
}

impl HeldHolder {
    /// Holds what is not built in.
    fn hold(unit: &mut Unit<'_>, tenant: TenantId, name: &HolderName) -> Result<Self> {
        let mut application = None;
        let holder = match name {
            HolderName::Role(slug) => Holder::Role(super::roles::hold_changeable(unit, tenant, slug)?.id),
            HolderName::Group(slug) => Holder::Group(super::groups::hold_changeable(unit, tenant, slug)?.id),
            HolderName::User(id) => Holder::User(users::hold(unit, tenant, *id)?.ok_or(ide::USER_NOT_FOUND)?.id),
            HolderName::Application(id) => {
                let held = applications::hold(unit, tenant, *id)?.ok_or(ide::APPLICATION_NOT_FOUND)?;
                held.changeable()?;
                application = Some(held);
                Holder::Application(*id)
            }
        };
        let mut held = Self { holder, application, before: PermissionSet::default() };
        held.before = held.unended(unit, tenant)?;
        Ok(held)
    }

    /// What was done stands only where the caller holds everything that the holder permitted before or permits now.
    fn settle(&self, unit: &mut Unit<'_>, acting: &Acting) -> Result<Grants> {
        let after = self.unended(unit, acting.tenant)?;
        acting.may_act_on(&self.before, &after)?;
        Grants::of(unit, acting.tenant, self.holder)
    }

    fn unended(&self, unit: &mut Unit<'_>, tenant: TenantId) -> Result<PermissionSet> {
        match (self.holder, &self.application) {
            (Holder::User(user), _) => unended_of_user(unit, tenant, user),
            (_, Some(application)) => permissions_of(unit, application),
            (holder, None) => {
                let now = unit.now();
                Ok(unended(&permissions::of_holders(unit, tenant, &[holder])?, now))
            }
        }
    }
}

impl Grants {
    pub(super) fn of(unit: &mut Unit<'_>, tenant: TenantId, holder: Holder) -> Result<Self> {
        Ok(Self {
            permissions: grants::permissions(unit, tenant, holder)?,
            roles: grants::roles(unit, tenant, holder)?,
        })
    }

    /// The permissions, for the trail.
    pub(super) fn told_permissions(&self) -> Vec<String> {
        let told = |(permission, validity): (&Permission, &Validity)| {
            let Permission { product, resource, action } = permission;
            told_with(format!("{product}:{resource}:{action}"), *validity)
        };
        self.permissions.iter().map(told).collect()
    }

    /// The roles, for the trail.
    pub(super) fn told_roles(&self) -> Vec<String> {
        let told = |(role, validity): &(Role, Validity)| told_with(role.slug.to_string(), *validity);
        self.roles.iter().map(told).collect()
    }
}

/// Something granted, with its bounds where it has some.
fn told_with(what: String, validity: Validity) -> String {
    let bound = |word: &str, time: Option<domain::Timestamp>| time.map(|time| format!(" {word} {time}"));
    let from = bound("from", validity.from).unwrap_or_default();
    let until = bound("until", validity.until).unwrap_or_default();
    format!("{what}{from}{until}")
}
