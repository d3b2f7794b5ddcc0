//! Tenants: read, made, changed and deleted by those who administer the platform.

use ::identity::password::{NewPassword, Owner};
use ::identity::seed::Seed;
use ::identity::tenant::{NewTenant, Tenant, TenantChange, TenantName};
use ::identity::user::User;
use domain::Secret;
use domain::audit::{action, changes};
use domain::page::{Listed, Page};
use error_codes::{Result, ide};
use identity_store::tenants;
use serde_json::{Value, json};
use store::Unit;

use super::first_start::{corrupt, fresh_password, plant_seed};
use super::platform::Platform;
use super::{App, source};

/// Steps that one turn of the sweeper takes at most, each a unit of work of its own.
const PURGE_STEPS: usize = 100;

/// A tenant that was just made.
#[derive(Debug)]
pub struct MadeTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Its administrator.
    pub administrator: User,
    /// The administrator's password where none was given; it is never seen again.
    pub password: Option<Secret<String>>,
}

impl App {
    /// The tenants in the order they were made.
    pub async fn list_tenants(&self, page: Page) -> Result<Listed<Tenant>> {
        self.store.read(move |unit| tenants::list(unit, &page)).await
    }

    /// One tenant.
    ///
    /// # Errors
    /// IDE-1018.
    pub async fn read_tenant(&self, name: TenantName) -> Result<Tenant> {
        self.store.read(move |unit| find(unit, &name)).await
    }

    /// Makes a tenant with all it begins with, and an administrator; without a password they get a fresh one.
    ///
    /// # Errors
    /// IDE-1009 when a tenant has, or had, the slug; IDE-0020 and IDE-0027 for the password.
    pub async fn create_tenant(
        &self,
        platform: Platform,
        new: NewTenant,
        password: Option<Secret<String>>,
    ) -> Result<MadeTenant> {
        let slug = new.slug.clone();
        // Known to be taken is told before the hash is paid for; the index decides among those who come at once.
        if self.store.read(move |unit| tenants::find_by_slug(unit, slug.as_str())).await?.is_some() {
            return Err(ide::NAME_TAKEN.into());
        }
        let now = self.clock.now();
        let seed = Seed::new(new.make(now, &*self.entropy), now, &*self.entropy).map_err(corrupt)?;
        let tenant = seed.tenant.clone();
        let user = new.administrator.make(tenant.id, now, &*self.entropy);
        let fresh = password.is_none().then(|| fresh_password(&*self.entropy));
        let chosen = password.or_else(|| fresh.clone()).ok_or(ide::INTERNAL)?;
        let owner = Owner { username: &user.username, email: &user.email };
        let kinds = tenant.settings.password_kinds;
        let chosen = NewPassword::parse("administrator.password", chosen.expose(), kinds, owner)?;
        let source = source(platform.system, &platform.actor.address);
        let administrator = (user.clone(), self.hasher.hash(&source, chosen.into_secret()).await?);
        let made = tenant.clone();
        self.store
            .write(move |unit| {
                plant_seed(unit, &seed, Some(&administrator))?;
                let details = json!({ "after": told(&tenant), "administrator": administrator.0.id.to_string() });
                platform.record(unit, &tenant, action::TENANT_CREATE, Some(details))
            })
            .await?;
        Ok(MadeTenant { tenant: made, administrator: user, password: fresh })
    }

    /// Changes a tenant, without a restart of anything. Disabling it ends every token in it, and nobody logs in until it
    /// is enabled again.
    ///
    /// # Errors
    /// IDE-1018, IDE-0002, IDE-1020.
    pub async fn update_tenant(&self, platform: Platform, name: TenantName, change: TenantChange) -> Result<Tenant> {
        let event = platform.event(show(&name), action::TENANT_UPDATE, None);
        self.act(event, move |unit, _| {
            let before = hold(unit, &name)?;
            let after = change.apply(&before)?;
            if !after.active {
                before.may_end(platform.system)?;
            }
            if after == before {
                return Ok(before);
            }
            let after = tenants::update(unit, &before, &after)?;
            let details = changes(Some(told(&before)), Some(told(&after)));
            platform.record(unit, &after, action::TENANT_UPDATE, Some(details))?;
            Ok(after)
        })
        .await
    }

    /// Deletes a tenant: every token in it is dead, nothing of it is found any more, and its slug is never given again. Its
    /// rows leave soon after.
    ///
    /// # Errors
    /// IDE-1018, IDE-1020.
    pub async fn delete_tenant(&self, platform: Platform, name: TenantName) -> Result<()> {
        let event = platform.event(show(&name), action::TENANT_DELETE, None);
        self.act(event, move |unit, _| {
            let tenant = hold(unit, &name)?;
            tenant.may_end(platform.system)?;
            tenants::mark_deleted(unit, &tenant)?;
            platform.record(unit, &tenant, action::TENANT_DELETE, Some(changes(Some(told(&tenant)), None)))
        })
        .await
    }

    /// One turn of the sweeper: deletes what deleted tenants left, in bounded steps.
    pub async fn purge_deleted_tenants(&self) -> Result<()> {
        for _ in 0..PURGE_STEPS {
            if self.store.write(tenants::purge_step).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn find(unit: &mut Unit<'_>, name: &TenantName) -> Result<Tenant> {
    tenants::find_by_name(unit, name)?.ok_or_else(|| ide::TENANT_NOT_FOUND.into())
}

fn hold(unit: &mut Unit<'_>, name: &TenantName) -> Result<Tenant> {
    let id = find(unit, name)?.id;
    tenants::hold(unit, id)?.ok_or_else(|| ide::TENANT_NOT_FOUND.into())
}

/// A tenant for the trail.
pub(super) fn told(tenant: &Tenant) -> Value {
    json!({
        "name": tenant.slug.as_str(),
        "displayName": tenant.display_name,
        "active": tenant.active,
        "settings": tenant.settings,
        "limits": tenant.limits,
    })
}

/// What a request named, for the trail of a refusal.
fn show(name: &TenantName) -> String {
    match name {
        TenantName::Id(id) => id.to_string(),
        TenantName::Slug(slug) => slug.to_string(),
    }
}
