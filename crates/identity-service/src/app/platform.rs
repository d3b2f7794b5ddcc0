//! Acts that reach beyond a tenant: who may begin one, and in which trails it is found.

use ::identity::grant::Holder;
use ::identity::membership::Validity;
use ::identity::role::Role;
use ::identity::seed::{PLATFORM_ROLE, platform_permissions};
use ::identity::tenant::Tenant;
use domain::Slug;
use domain::audit::{Action, action};
use domain::id::{RoleId, TenantId};
use domain::permission::{IDENTITY_PRODUCT, TENANTS};
use domain::scope::ACCESS_MANAGER;
use domain::token::AccessToken;
use error_codes::{Failure, Result, ide};
use identity_store::{grants, groups, roles, tenants};
use serde_json::Value;
use store::{Actor, AuditEvent, Outcome, Unit};

use super::first_start::corrupt;
use super::{App, Origin};

/// Somebody who may act on every tenant.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The tenant that administers the others.
    pub system: TenantId,
    /// Who it is, in the trail of the system tenant.
    pub actor: Actor,
}

impl App {
    /// Begins an act on tenants: for a person of the system tenant who has the platform permission, and the scope.
    ///
    /// Whoever may not is put into the trail of their own tenant; `target` is what they named.
    ///
    /// # Errors
    /// IDE-0009 when the token's subject is gone or disabled, IDE-0023 when it may not.
    pub async fn permit_platform(
        &self,
        token: &AccessToken,
        action: &str,
        target: &str,
        origin: &Origin,
    ) -> Result<Platform> {
        let acting = self.identify(token, origin).await?;
        let may = token.owner == self.default_tenant
            && token.user().is_some()
            && token.scopes.contains(ACCESS_MANAGER)
            && acting.holds().allows(Some(IDENTITY_PRODUCT), TENANTS, action);
        if may {
            return Ok(Platform { system: acting.tenant, actor: acting.actor });
        }
        let target: String = target.chars().take(Slug::LONGEST).collect();
        self.audit_refusal(acting.event(action::TENANT_ADMINISTER, target), ide::FORBIDDEN).await?;
        Err(ide::FORBIDDEN.into())
    }

    /// Begins an act of whoever has the host, from the command line.
    ///
    /// # Errors
    /// IDE-1018 before the first start, which makes the system tenant.
    pub async fn operator(&self) -> Result<Platform> {
        let slug = self.default_tenant.clone();
        let system = self.store.read(move |unit| tenants::find_by_slug(unit, slug.as_str())).await?;
        let reason = "the system tenant is made when the service first starts; start it, then come back";
        let system = system.ok_or_else(|| Failure::new(ide::TENANT_NOT_FOUND).with_cause(reason))?;
        Ok(Platform { system: system.id, actor: Actor::operator() })
    }

    /// Gives the administrators of the system tenant the platform permissions that a newer build brought; at every start.
    pub async fn keep_platform_role(&self) -> Result<()> {
        let Platform { system, .. } = self.operator().await?;
        if self.store.read(move |unit| lacks_platform_permission(unit, system)).await? {
            let fresh = RoleId::new(self.clock.now(), &*self.entropy);
            let given = self.store.write(move |unit| give_platform_role(unit, system, fresh)).await;
            // Of several processes that start together one gives the role.
            return given.or_else(|failure| if failure.code() == ide::NAME_TAKEN { Ok(()) } else { Err(failure) });
        }
        Ok(())
    }
}

impl Platform {
    /// Puts an act on a tenant into two trails: the system tenant's, with who did it, and the tenant's own, which tells
    /// what the platform did to it and not who of its people.
    pub(super) fn record(
        &self,
        unit: &mut Unit<'_>,
        tenant: &Tenant,
        action: Action,
        details: Option<Value>,
    ) -> Result<()> {
        let event = self.event(tenant.id, action, details);
        unit.audit(&event)?;
        if tenant.id == self.system {
            return Ok(());
        }
        let actor = Actor { request_id: self.actor.request_id.clone(), ..Actor::operator() };
        unit.audit(&AuditEvent { tenant: tenant.id, actor, ..event })
    }

    /// The event of an act in the trail of the system tenant.
    pub(super) fn event(&self, target: impl ToString, action: Action, details: Option<Value>) -> AuditEvent {
        AuditEvent {
            tenant: self.system,
            actor: self.actor.clone(),
            action,
            target_id: target.to_string(),
            outcome: Outcome::Done,
            details,
        }
    }
}

/// Gives the administrators of a tenant the platform role with all its permissions; `fresh` becomes its id where there is
/// no such role.
pub(super) fn give_platform_role(unit: &mut Unit<'_>, tenant: TenantId, fresh: RoleId) -> Result<()> {
    let slug = Slug::parse(PLATFORM_ROLE).map_err(corrupt)?;
    let wanted = platform_permissions();
    let found = roles::find(unit, tenant, &slug)?;
    if found.as_ref().is_some_and(|role| !role.built_in) {
        // Whoever has a role of that name must not become an administrator of the platform by it.
        let reason =
            format!("a role of the tenant is called {PLATFORM_ROLE}; delete it while another tenant is the default");
        return Err(Failure::new(ide::INTERNAL).with_cause(reason));
    }
    let Some(role) = found else {
        let administrators = Slug::parse(::identity::group::ADMINISTRATORS).map_err(corrupt)?;
        let administrators = groups::find(unit, tenant, &administrators)?;
        let administrators =
            administrators.ok_or_else(|| Failure::new(ide::INTERNAL).with_cause("no administrators"))?;
        let name = "Platform".to_owned();
        let created_at = unit.now();
        let role = Role { id: fresh, tenant, slug, name, built_in: true, declared_by: None, created_at };
        roles::insert(unit, &role, &wanted.into_iter().collect::<Vec<_>>())?;
        return grants::give(unit, tenant, Holder::Group(administrators.id), role.id, Validity::ALWAYS);
    };
    let holder = Holder::Role(role.id);
    let held = grants::permissions(unit, tenant, holder)?;
    for permission in wanted.iter().filter(|permission| !held.contains_key(permission)) {
        grants::permit(unit, tenant, holder, permission, Validity::ALWAYS)?;
    }
    Ok(())
}

fn lacks_platform_permission(unit: &mut Unit<'_>, tenant: TenantId) -> Result<bool> {
    let slug = Slug::parse(PLATFORM_ROLE).map_err(corrupt)?;
    match roles::find(unit, tenant, &slug)? {
        Some(role) => {
            let held = grants::permissions(unit, tenant, Holder::Role(role.id))?;
            Ok(!role.built_in || !platform_permissions().iter().all(|permission| held.contains_key(permission)))
        }
        None => Ok(true),
    }
}
