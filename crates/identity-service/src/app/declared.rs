//! What a file declares, brought about: compared outside, then compared again and done in one unit of work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::identity::application::{Application, NewApplication, NewSecret, Overlap, room_for_another};
use ::identity::declared::{
    ApplicationState, Contents, Edit, GroupState, Kind, Members, Plan, RoleState, Wanted, plan,
};
use ::identity::grant::Holder;
use ::identity::group::NewGroup;
use ::identity::membership::Validity;
use ::identity::role::Role;
use ::identity::seed::Seed;
use ::identity::tenant::Tenant;
use ::identity::user::User;
use crypto::digest::client_secret_digest;
use domain::audit::{Action, action, changes};
use domain::id::{RoleId, TenantId};
use domain::page::{Page, Start};
use domain::permission::Permission;
use domain::{Entropy, Secret, Slug};
use error_codes::{Failure, Result, ide};
use identity_store::{applications, grants, groups, roles, secrets, tenants};
use serde_json::json;
use store::{Actor, AuditEvent, Outcome, Unit};

use super::App;
use super::first_start::{corrupt, plant_seed};
use super::platform::Platform;
use super::secrets::keep_secret;
use super::tenants::told;

/// One tenant of a file, with the plan that was shown for it.
pub struct Work {
    /// The tenant.
    pub slug: Slug,
    /// What is declared.
    pub wanted: Wanted,
    /// What was shown.
    pub plan: Plan,
    /// The tenant with its administrator and the hash of their password, where it is new.
    pub planting: Option<(Seed, (User, String))>,
    /// The secrets to add, by the name of the application.
    pub secrets: BTreeMap<String, Secret<String>>,
}

impl App {
    /// What a tenant holds beyond what was seeded with it; `None` when there is no such tenant.
    pub async fn contents(&self, slug: Slug) -> Result<Option<Contents>> {
        self.store
            .read(move |unit| {
                let found = tenants::find_by_slug(unit, slug.as_str())?;
                found.map(|tenant| load(unit, tenant)).transpose()
            })
            .await
    }

    /// Does everything that was shown, or nothing; false where somebody changed something meanwhile.
    ///
    /// # Errors
    /// Whatever a route answers to the same change: IDE-1009, IDE-1015, IDE-1019, IDE-1020.
    pub async fn perform(&self, platform: Platform, mut works: Vec<Work>, prune: bool) -> Result<bool> {
        // Everybody holds tenants in this order.
        works.sort_by(|one, other| one.slug.cmp(&other.slug));
        let entropy = Arc::clone(&self.entropy);
        self.store
            .write(move |unit| {
                for work in &works {
                    if !is_still_so(unit, work, prune)? {
                        return Ok(false);
                    }
                }
                for work in &works {
                    Doing { platform: &platform, entropy: &*entropy, work }.run(unit)?;
                }
                Ok(true)
            })
            .await
    }
}

/// What a tenant begins with, as the contents of one that is not there yet.
pub fn contents_of_seed(seed: &Seed) -> Contents {
    let roles = seed.roles.iter().map(|(role, _)| (Kind::Role, role.slug.to_string()));
    let groups = seed.groups.iter().map(|(group, _)| (Kind::Group, group.slug.to_string()));
    let application = (Kind::Application, seed.application.name.clone());
    Contents {
        tenant: seed.tenant.clone(),
        roles: BTreeMap::new(),
        groups: BTreeMap::new(),
        applications: BTreeMap::new(),
        built_in: roles.chain(groups).chain([application]).collect(),
    }
}

fn load(unit: &mut Unit<'_>, tenant: Tenant) -> Result<Contents> {
    let id = tenant.id;
    let mut contents = Contents {
        tenant,
        roles: BTreeMap::new(),
        groups: BTreeMap::new(),
        applications: BTreeMap::new(),
        built_in: BTreeSet::new(),
    };
    for role in roles::all(unit, id)? {
        let slug = role.slug.to_string();
        // What a product declared is no more a matter of the file than what was seeded.
        if role.changeable().is_err() {
            contents.built_in.insert((Kind::Role, slug));
        } else {
            let permissions = grants::permissions(unit, id, Holder::Role(role.id))?.into_keys().collect();
            contents.roles.insert(slug, RoleState { name: role.name, permissions });
        }
    }
    let mut page = Some(Page::first(Page::BARE));
    while let Some(window) = page {
        let listed = groups::list(unit, id, &window)?;
        for group in listed.rows {
            let slug = group.slug.to_string();
            if group.built_in {
                contents.built_in.insert((Kind::Group, slug));
                continue;
            }
            let holder = Holder::Group(group.id);
            let permissions = grants::permissions(unit, id, holder)?.into_keys().collect();
            let roles = grants::roles(unit, id, holder)?.into_iter().map(|(role, _)| role.slug.to_string()).collect();
            contents.groups.insert(slug, GroupState { name: group.name, permissions, roles });
        }
        page = listed.next.map(|key| Page { limit: Page::BARE, start: Start::After(key) });
    }
    let now = unit.now();
    let mut page = Some(Page::first(Page::BARE));
    while let Some(window) = page {
        let listed = applications::list(unit, id, &window)?;
        let ids: Vec<_> = listed.rows.iter().map(|application| application.id).collect();
        let mut stored = secrets::of_applications(unit, id, &ids)?;
        for application in listed.rows {
            let Some(product) = application.product.filter(|_| !application.built_in) else {
                contents.built_in.insert((Kind::Application, application.name));
                continue;
            };
            let stored = stored.remove(&application.id).unwrap_or_default();
            let living = stored.into_iter().filter(|stored| stored.secret.is_live_at(now));
            let secrets = living.map(|stored| stored.digest).collect();
            let state = ApplicationState { product, description: application.description, secrets };
            contents.applications.insert(application.name, state);
        }
        page = listed.next.map(|key| Page { limit: Page::BARE, start: Start::After(key) });
    }
    Ok(contents)
}

/// Holds the tenant, and says whether what was shown is still what is to be done.
fn is_still_so(unit: &mut Unit<'_>, work: &Work, prune: bool) -> Result<bool> {
    let found = tenants::find_by_slug(unit, work.slug.as_str())?;
    if work.planting.is_some() {
        return Ok(found.is_none());
    }
    let Some(found) = found else { return Ok(false) };
    let Some(tenant) = tenants::hold(unit, found.id)? else { return Ok(false) };
    Ok(plan(&load(unit, tenant)?, &work.wanted, prune).is_ok_and(|plan| plan == work.plan))
}

/// One tenant under work, in a unit of work.
struct Doing<'a> {
    platform: &'a Platform,
    entropy: &'a dyn Entropy,
    work: &'a Work,
}

impl Doing<'_> {
    fn run(&self, unit: &mut Unit<'_>) -> Result<()> {
        let plan = &self.work.plan;
        let tenant = match &self.work.planting {
            Some((seed, administrator)) => {
                plant_seed(unit, seed, Some(administrator))?;
                let mut details = changes(None, Some(told(&seed.tenant)));
                details["administrator"] = json!(administrator.0.id.to_string());
                self.platform.record(unit, &seed.tenant, action::TENANT_CREATE, Some(details))?;
                seed.tenant.clone()
            }
            None => tenants::find_by_slug(unit, self.work.slug.as_str())?.ok_or(ide::TENANT_NOT_FOUND)?,
        };
        if let Some((before, after)) = &plan.tenant {
            if !after.active {
                before.may_end(self.platform.system)?;
            }
            tenants::update(unit, before, after)?;
            let details = changes(Some(told(before)), Some(told(after)));
            self.platform.record(unit, after, action::TENANT_UPDATE, Some(details))?;
        }
        for edit in plan.roles.iter().filter(|edit| edit.after.is_some()) {
            self.role(unit, tenant.id, edit).map_err(|failure| about(failure, Kind::Role, &edit.name))?;
        }
        for edit in &plan.groups {
            self.group(unit, tenant.id, edit).map_err(|failure| about(failure, Kind::Group, &edit.name))?;
        }
        for edit in &plan.applications {
            let done = self.application(unit, tenant.id, edit);
            done.map_err(|failure| about(failure, Kind::Application, &edit.name))?;
        }
        // Last, when no group has them any more.
        for edit in plan.roles.iter().filter(|edit| edit.after.is_none()) {
            self.role(unit, tenant.id, edit).map_err(|failure| about(failure, Kind::Role, &edit.name))?;
        }
        Ok(())
    }

    fn role(&self, unit: &mut Unit<'_>, tenant: TenantId, edit: &Edit<RoleState>) -> Result<()> {
        let slug = Slug::parse(&edit.name).map_err(corrupt)?;
        let found = roles::find(unit, tenant, &slug)?;
        let action = match (found, &edit.before, &edit.after) {
            (Some(role), Some(before), Some(after)) => {
                if before.name != after.name {
                    roles::rename(unit, &role, &after.name)?;
                }
                declare_permissions(unit, tenant, Holder::Role(role.id), &after.permissions)?;
                action::ROLE_UPDATE
            }
            (Some(role), _, None) => {
                roles::delete(unit, &role)?;
                action::ROLE_DELETE
            }
            (_, _, Some(after)) => {
                let now = unit.now();
                let id = RoleId::new(now, self.entropy);
                let name = after.name.clone();
                let role = Role { id, tenant, slug, name, built_in: false, declared_by: None, created_at: now };
                roles::insert(unit, &role, &after.permissions.iter().cloned().collect::<Vec<_>>())?;
                action::ROLE_CREATE
            }
            (None, _, None) => return Ok(()),
        };
        unit.audit(&event(tenant, action, edit.name.clone(), edit))
    }

    fn group(&self, unit: &mut Unit<'_>, tenant: TenantId, edit: &Edit<GroupState>) -> Result<()> {
        let slug = Slug::parse(&edit.name).map_err(corrupt)?;
        let Some(after) = &edit.after else {
            let group = groups::hold(unit, tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?;
            groups::mark_deleted(unit, &group)?;
            return unit.audit(&event(tenant, action::GROUP_DELETE, edit.name.clone(), edit));
        };
        let (group, action) = if edit.before.is_some() {
            (groups::hold(unit, tenant, &slug)?.ok_or(ide::GROUP_NOT_FOUND)?, action::GROUP_UPDATE)
        } else {
            let new = NewGroup { slug, name: after.name.clone() };
            let group = new.make(tenant, unit.now(), self.entropy);
            groups::insert(unit, &group)?;
            (group, action::GROUP_CREATE)
        };
        if group.name != after.name {
            groups::rename(unit, &group, &after.name)?;
        }
        let holder = Holder::Group(group.id);
        declare_permissions(unit, tenant, holder, &after.permissions)?;
        let none = BTreeSet::new();
        let held = edit.before.as_ref().map_or(&none, |before| &before.roles);
        for (slug, is_given) in held.symmetric_difference(&after.roles).map(|slug| (slug, after.roles.contains(slug))) {
            let role = roles::find(unit, tenant, &Slug::parse(slug).map_err(corrupt)?)?.ok_or(ide::INTERNAL)?;
            if is_given {
                grants::give(unit, tenant, holder, role.id, Validity::ALWAYS)?;
            } else {
                grants::take(unit, tenant, holder, role.id)?;
            }
        }
        unit.audit(&event(tenant, action, edit.name.clone(), edit))
    }

    fn application(&self, unit: &mut Unit<'_>, tenant: TenantId, edit: &Edit<ApplicationState>) -> Result<()> {
        let now = unit.now();
        let found = applications::find_by_name(unit, tenant, &edit.name)?;
        let held = match &found {
            Some(found) => applications::hold(unit, tenant, found.id)?,
            None => None,
        };
        let (application, action) = match (held, &edit.after) {
            (Some(application), None) => {
                applications::mark_deleted(unit, &application)?;
                (application, action::APPLICATION_DELETE)
            }
            (Some(application), Some(after)) => {
                if application.description != after.description {
                    applications::describe(unit, &application, &after.description)?;
                }
                (application, action::APPLICATION_UPDATE)
            }
            (None, Some(after)) => {
                let new = NewApplication { product: after.product.clone(), description: after.description.clone() };
                let made = new.make_named(edit.name.clone(), tenant, now, self.entropy);
                let application = Application { declares: true, ..made };
                applications::insert(unit, &application)?;
                (application, action::APPLICATION_CREATE)
            }
            (None, None) => return Err(ide::APPLICATION_NOT_FOUND.into()),
        };
        if let Some(value) = self.work.secrets.get(&edit.name) {
            let secret = NewSecret::given(value.clone(), now, self.entropy).map_err(corrupt)?;
            let digest = *client_secret_digest(value.expose()).as_bytes();
            if edit.before.as_ref().is_none_or(|before| !before.secrets.contains(&digest)) {
                let stored = secrets::of_application(unit, &application)?;
                let living: Vec<_> =
                    stored.into_iter().map(|stored| stored.secret).filter(|s| s.is_live_at(now)).collect();
                room_for_another(&living, now)?;
                let overlap = Overlap::parse("overlapSeconds", None)?;
                for old in &living {
                    secrets::mark_ending(unit, &application, old.id, overlap.end_of(old, now))?;
                }
                keep_secret(unit, &application, &secret)?;
            }
        }
        unit.audit(&event(tenant, action, application.id.to_string(), edit))
    }
}

/// Lets a holder have exactly these permissions. A file knows no bounds: those of what stays are kept.
fn declare_permissions(
    unit: &mut Unit<'_>,
    tenant: TenantId,
    holder: Holder,
    wanted: &BTreeSet<Permission>,
) -> Result<()> {
    let held = grants::permissions(unit, tenant, holder)?;
    let bounds = |permission| held.get(permission).copied().unwrap_or(Validity::ALWAYS);
    let wanted = wanted.iter().map(|permission| (permission.clone(), bounds(permission))).collect();
    grants::replace(unit, tenant, holder, &wanted)
}

fn event<T: Members>(tenant: TenantId, action: Action, target_id: String, edit: &Edit<T>) -> AuditEvent {
    let members = |state: &Option<T>| state.as_ref().map(|state| json!(state.members()));
    AuditEvent {
        tenant,
        actor: Actor::operator(),
        action,
        target_id,
        outcome: Outcome::Done,
        details: Some(changes(members(&edit.before), members(&edit.after))),
    }
}

/// A refusal that names what it is about, where it says nothing of its own.
fn about(failure: Failure, kind: Kind, name: &str) -> Failure {
    let quiet = failure.fields().is_empty() && failure.cause().is_none();
    if quiet { failure.with_cause(format!("the {} '{name}'", kind.name())) } else { failure }
}
