//! Who acts: what the caller of a management route may do, from this service's own database.

use std::num::NonZeroU32;
use std::sync::Arc;

use domain::audit::Action;
use domain::id::{TenantId, UserId};
use domain::permission::{IDENTITY_PRODUCT, PermissionSet};
use domain::scope::ACCESS_MANAGER;
use domain::token::{AccessToken, TokenSubject};
use error_codes::{Code, Result, ide};
use identity::membership::{held, unended};
use identity::turns::Source;
use identity_store::{applications, permissions, tenants, users};
use store::{Actor, AuditEvent, Outcome, Unit};

use super::{App, Origin, source};

/// What a caller holds.
#[derive(Debug)]
pub struct Held {
    permissions: PermissionSet,
    /// The requests in a second that the caller's tenant may make, where it has such a limit.
    tenant_per_second: Option<NonZeroU32>,
}

/// A caller who was found to be allowed to begin.
#[derive(Clone, Debug)]
pub struct Acting {
    /// The tenant of everything the caller does.
    pub tenant: TenantId,
    /// The caller, when a person.
    pub user: Option<UserId>,
    /// Everything the caller may do.
    pub permissions: Arc<Held>,
    /// The caller in the trail.
    pub actor: Actor,
}

impl Acting {
    /// The caller's permissions, against which those of a subject are held.
    pub fn holds(&self) -> &PermissionSet {
        &self.permissions.permissions
    }

    /// On whose account the caller's work waits.
    pub fn source(&self) -> Source {
        source(self.tenant, &self.actor.address)
    }

    /// An event of the trail about what the caller did.
    pub fn event(&self, action: Action, target_id: impl ToString) -> AuditEvent {
        AuditEvent {
            tenant: self.tenant,
            actor: self.actor.clone(),
            action,
            target_id: target_id.to_string(),
            outcome: Outcome::Done,
            details: None,
        }
    }
}

impl App {
    /// Begins what needs a permission of Gatehouse itself: a person needs it and the scope, an application its role.
    ///
    /// # Errors
    /// IDE-0009 when the token's subject is gone or disabled, IDE-0023 when it may not.
    pub async fn permit(&self, token: &AccessToken, resource: &str, action: &str, origin: &Origin) -> Result<Acting> {
        let acting = self.identify(token, origin).await?;
        let in_scope = token.user().is_none() || token.scopes.contains(ACCESS_MANAGER);
        if in_scope && acting.holds().allows(Some(IDENTITY_PRODUCT), resource, action) {
            Ok(acting)
        } else {
            let permission = format!("{resource}:{action}");
            self.trail.deny(acting.tenant, acting.actor, permission, ide::FORBIDDEN).await?;
            Err(ide::FORBIDDEN.into())
        }
    }

    /// Tells who the caller is and what they hold, without asking for any permission.
    ///
    /// # Errors
    /// IDE-0009 when the token's subject is gone or disabled, IDE-0021 when it or its tenant asks too often.
    pub async fn identify(&self, token: &AccessToken, origin: &Origin) -> Result<Acting> {
        let key = (token.tenant, token.sub.clone());
        let now = self.clock.now();
        let known = self.held.get(&key).filter(|known| known.permissions.valid_until().is_none_or(|end| now < end));
        self.meters.held.count(known.is_some());
        let permissions = match known {
            Some(known) => known,
            None => {
                let seen = self.news.count();
                let token = token.clone();
                let found = self.store.read(move |unit| find_held(unit, &token)).await?;
                let found = Arc::new(found.ok_or(ide::INVALID_TOKEN)?);
                // What changed while it was read is not remembered.
                if self.news.count() == seen {
                    self.held.insert(key.clone(), Arc::clone(&found));
                    if self.news.count() != seen {
                        self.held.invalidate(&key);
                    }
                }
                found
            }
        };
        self.limits.admit(token.tenant, &token.sub, permissions.tenant_per_second)?;
        let actor = origin.actor(token.actor_kind(), &token.sub);
        Ok(Acting { tenant: token.tenant, user: token.user(), permissions, actor })
    }

    /// Puts a refused act into the trail, in a transaction of its own: the refusal has rolled back the other.
    pub async fn audit_refusal(&self, event: AuditEvent, code: Code) -> Result<()> {
        let event = AuditEvent { outcome: Outcome::Refused(code), ..event };
        self.store.write(move |unit| unit.audit(&event)).await
    }
}

/// What a user holds, or would hold once every grant has begun.
pub fn unended_of_user(unit: &mut Unit<'_>, tenant: TenantId, user: UserId) -> Result<PermissionSet> {
    let now = unit.now();
    Ok(unended(&permissions::of_user(unit, tenant, user)?, now))
}

/// What the subject of a token holds now; `None` when it, or its tenant, is gone or disabled.
fn find_held(unit: &mut Unit<'_>, token: &AccessToken) -> Result<Option<Held>> {
    let Some(tenant) = tenants::find(unit, token.tenant)?.filter(|tenant| tenant.active) else { return Ok(None) };
    let tenant_per_second = tenant.limits.requests_per_second.and_then(NonZeroU32::new);
    let permissions = find_permissions(unit, token)?;
    Ok(permissions.map(|permissions| Held { permissions, tenant_per_second }))
}

fn find_permissions(unit: &mut Unit<'_>, token: &AccessToken) -> Result<Option<PermissionSet>> {
    match token.subject {
        TokenSubject::User { id, .. } => {
            let Some(user) = users::find(unit, token.tenant, id)?.filter(|user| user.active) else { return Ok(None) };
            let now = unit.now();
            Ok(Some(held(&permissions::of_user(unit, token.tenant, user.id)?, now)))
        }
        TokenSubject::Application { .. } => {
            let Some(application) = applications::find(unit, token.tenant, token.application)? else {
                return Ok(None);
            };
            let now = unit.now();
            Ok(Some(held(&permissions::of_application(unit, &application)?, now)))
        }
    }
}
