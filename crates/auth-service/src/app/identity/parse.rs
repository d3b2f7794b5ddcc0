//! From the wire types of identity to ours; `None` where an answer makes no sense.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ::auth::party::{Application, Tenant, User};
use ::auth::{GrantType, TenantLifetimes};
use contracts::identity::v1 as wire;
use contracts::identity::v1::change::What;
use domain::change::Change;
use domain::id::{ApplicationId, SecretId, TenantId, UserId};
use domain::network::Networks;
use domain::permission::{Permission, PermissionSet, Way};
use domain::{Epoch, Slug, Timestamp};

use super::{Party, Subject};

pub(super) fn parse_application(application: wire::Application) -> Option<Application> {
    let secrets = application
        .secrets
        .into_iter()
        .map(|secret| Some((SecretId::parse(&secret.id).ok()?, secret.expires_at.map(Timestamp::from_micros))));
    Some(Application {
        id: ApplicationId::parse(&application.id).ok()?,
        client_id: application.client_id,
        tenant: parse_tenant(application.tenant?)?,
        name: application.name,
        product: Some(application.product).filter(|product| !product.is_empty()),
        epoch: Epoch(application.epoch),
        // A grant that this build does not know is not one it can give.
        grants: application.grants.iter().filter_map(|name| GrantType::parse(name)).collect(),
        secrets: secrets.collect::<Option<_>>()?,
        is_default: application.is_default,
    })
}

fn parse_tenant(tenant: wire::Tenant) -> Option<Tenant> {
    Some(Tenant {
        id: TenantId::parse(&tenant.id).ok()?,
        slug: Slug::parse(&tenant.slug).ok()?,
        epoch: Epoch(tenant.epoch),
        lifetimes: parse_lifetimes(tenant.lifetimes.unwrap_or_default()),
        requests_per_second: NonZeroU32::new(tenant.requests_per_second),
    })
}

fn parse_lifetimes(lifetimes: wire::TenantLifetimes) -> TenantLifetimes {
    let set = |seconds: u32| NonZeroU32::new(seconds).map(|seconds| Duration::from_secs(seconds.get().into()));
    TenantLifetimes {
        access: set(lifetimes.access_token_seconds),
        machine_refresh: set(lifetimes.machine_refresh_seconds),
        idle: set(lifetimes.session_idle_seconds),
        absolute: set(lifetimes.session_absolute_seconds),
    }
}

pub(super) fn parse_user(user: wire::User) -> Option<(User, Vec<String>)> {
    let person = User {
        id: UserId::parse(&user.id).ok()?,
        username: user.username,
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        email_verified: user.email_verified,
    };
    Some((person, user.groups))
}

pub(super) fn parse_subject(subject: wire::Subject) -> Option<Subject> {
    let party = match (subject.user, subject.application) {
        (Some(user), None) => {
            let (person, groups) = parse_user(user)?;
            Party::Person(person, groups)
        }
        (None, Some(application)) => Party::Application(Arc::new(parse_application(application)?)),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let valid_until = subject.valid_until.map(Timestamp::from_micros);
    let permissions = subject.permissions.into_iter().map(parse_permission).collect::<Option<Vec<_>>>()?;
    Some(Subject {
        is_active: subject.active,
        epoch: Epoch(subject.epoch),
        tenant_epoch: Epoch(subject.tenant_epoch),
        permissions: PermissionSet::resolved(permissions, valid_until).at_revision(subject.revision),
        networks: Networks::parse(subject.allowed_networks.iter().map(String::as_str)).ok()?,
        party,
    })
}

fn parse_permission(held: wire::Permission) -> Option<(Permission, Way)> {
    let name = |slug: &str| if slug.is_empty() { Some(None) } else { Slug::parse(slug).ok().map(Some) };
    let way = Way { declared: held.declared, group: name(&held.group)?, role: name(&held.role)? };
    Some((Permission::new(held.product, held.resource, held.action), way))
}

pub(super) fn parse_change(change: wire::Change) -> Option<Change> {
    Some(match change.what? {
        What::TenantEpoch(raised) => Change::TenantEpoch(TenantId::parse(&raised.id).ok()?, Epoch(raised.epoch)),
        What::ApplicationEpoch(raised) => {
            Change::ApplicationEpoch(ApplicationId::parse(&raised.id).ok()?, Epoch(raised.epoch))
        }
        What::UserEpoch(raised) => Change::UserEpoch(UserId::parse(&raised.id).ok()?, Epoch(raised.epoch)),
        What::SecretWithdrawn(id) => Change::SecretWithdrawn(SecretId::parse(&id).ok()?),
        What::UserRevised(id) => Change::UserRevised(UserId::parse(&id).ok()?),
        What::ApplicationRevised(id) => Change::ApplicationRevised(ApplicationId::parse(&id).ok()?),
        What::PolicyRevised(id) => Change::PolicyRevised(TenantId::parse(&id).ok()?),
        What::TenantRevised(id) => Change::TenantRevised(TenantId::parse(&id).ok()?),
    })
}
