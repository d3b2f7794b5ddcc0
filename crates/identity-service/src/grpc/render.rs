//! From our types to the wire types.

use ::identity::tenant::Tenant;
use ::identity::user::User;
use contracts::identity::v1 as wire;
use domain::Slug;
use domain::permission::PermissionSet;

use crate::app::login::{ClientView, LoginOutcome};
use crate::app::subjects::Subject;

pub(super) fn application(view: &ClientView) -> wire::Application {
    let application = &view.application;
    let secret = |secret: &::identity::application::ApplicationSecret| wire::LiveSecret {
        id: secret.id.to_string(),
        expires_at: secret.expires_at.map(domain::Timestamp::micros),
    };
    wire::Application {
        id: application.id.to_string(),
        client_id: application.client_id.as_str().to_owned(),
        tenant: Some(tenant(&view.tenant)),
        name: application.name.clone(),
        product: application.product.clone().unwrap_or_default(),
        description: application.description.clone(),
        epoch: application.epoch.0,
        grants: application.grants.iter().map(|grant| grant.name().to_owned()).collect(),
        secrets: view.secrets.iter().map(secret).collect(),
        is_default: application.is_default,
    }
}

fn tenant(tenant: &Tenant) -> wire::Tenant {
    let settings = &tenant.settings;
    wire::Tenant {
        id: tenant.id.to_string(),
        slug: tenant.slug.to_string(),
        epoch: tenant.epoch.0,
        lifetimes: Some(wire::TenantLifetimes {
            access_token_seconds: settings.access_token_seconds.unwrap_or(0),
            session_idle_seconds: settings.session_idle_seconds.unwrap_or(0),
            session_absolute_seconds: settings.session_absolute_seconds.unwrap_or(0),
            machine_refresh_seconds: settings.machine_refresh_seconds.unwrap_or(0),
        }),
        requests_per_second: tenant.limits.requests_per_second.unwrap_or(0),
    }
}

fn user(user: &User, groups: &[Slug]) -> wire::User {
    wire::User {
        id: user.id.to_string(),
        username: user.username.as_str().to_owned(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        email: user.email.as_str().to_owned(),
        email_verified: user.email_verified,
        groups: groups.iter().map(ToString::to_string).collect(),
    }
}

fn permissions(set: &PermissionSet) -> Vec<wire::Permission> {
    let name = |slug: &Option<Slug>| slug.as_ref().map(ToString::to_string).unwrap_or_default();
    set.grants()
        .map(|grant| wire::Permission {
            product: grant.product.to_owned(),
            resource: grant.resource.to_owned(),
            action: grant.action.to_owned(),
            group: name(&grant.way.group),
            role: name(&grant.way.role),
            declared: grant.way.declared,
        })
        .collect()
}

pub(super) fn subject(subject: &Subject) -> wire::Subject {
    match subject {
        Subject::Person { tenant, user: person, groups, permissions } => wire::Subject {
            id: person.id.to_string(),
            active: person.active && tenant.active,
            epoch: person.epoch.0,
            user: Some(user(person, groups)),
            ..of_tenant(tenant, permissions)
        },
        Subject::Application { view, permissions } => wire::Subject {
            id: view.application.id.to_string(),
            active: view.tenant.active,
            epoch: view.application.epoch.0,
            application: Some(application(view)),
            ..of_tenant(&view.tenant, permissions)
        },
    }
}

/// What people and applications have in common.
fn of_tenant(tenant: &Tenant, held: &PermissionSet) -> wire::Subject {
    wire::Subject {
        tenant_epoch: tenant.epoch.0,
        permissions: permissions(held),
        valid_until: held.valid_until().map(domain::Timestamp::micros),
        revision: held.revision(),
        allowed_networks: tenant.settings.allowed_networks.clone(),
        ..wire::Subject::default()
    }
}

pub(super) fn login(outcome: &LoginOutcome) -> wire::verify_password_response::Outcome {
    use wire::verify_password_response::Outcome;

    match outcome {
        LoginOutcome::Verified(verified) => Outcome::Verified(wire::VerifiedPerson {
            user: Some(user(&verified.user, &verified.groups)),
            epoch: verified.user.epoch.0,
            application: Some(application(&verified.application)),
        }),
        LoginOutcome::WrongCredentials => Outcome::Refused(refused(wire::Refusal::WrongCredentials, 0)),
        LoginOutcome::WrongClient => Outcome::Refused(refused(wire::Refusal::WrongClient, 0)),
        LoginOutcome::GrantNotAllowed => Outcome::Refused(refused(wire::Refusal::GrantNotAllowed, 0)),
        LoginOutcome::Throttled { retry_after_seconds } => {
            Outcome::Refused(refused(wire::Refusal::Throttled, *retry_after_seconds))
        }
    }
}

pub(super) fn refused(refusal: wire::Refusal, retry_after_seconds: u32) -> wire::Refused {
    wire::Refused { refusal: refusal.into(), retry_after_seconds }
}
