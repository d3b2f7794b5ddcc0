//! The bodies of `/v1/tenants`.

use domain::Secret;
use domain::network::Networks;
use error_codes::{Result, ide};
use identity::tenant::{
    KindsChange, Limits, LimitsChange, NewTenant, RawAdministrator, RawNewTenant, Settings, SettingsChange, Tenant,
    TenantChange,
};
use serde::Serialize;
use serde_json::{Value, json};
use service_kit::http::{JsonBody, Members};
use utoipa::ToSchema;

use crate::app::tenants::MadeTenant;

/// The boundary that nothing crosses.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantResponse {
    #[schema(format = "uuid")]
    id: String,
    /// Stands in tokens (`owner`), paths and logins; for ever, and never given to another tenant.
    #[schema(example = "acme")]
    name: String,
    #[schema(example = "Acme Bank")]
    display_name: String,
    /// Whether anybody may log in.
    active: bool,
    settings: SettingsBody,
    limits: LimitsBody,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    created_at: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    updated_at: String,
}

/// A tenant that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeTenantResponse {
    #[serde(flatten)]
    tenant: TenantResponse,
    administrator: MadeAdministratorBody,
}

/// The first administrator of a tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MadeAdministratorBody {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "admin")]
    username: String,
    email: String,
    /// Present where none was given; it is never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    password: Option<String>,
}

/// What is set for everybody inside a tenant. A life that is not set is the deployment's, and none is ever longer than that
/// one; `null` takes a setting back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SettingsBody {
    password_kinds: KindsBody,
    /// Whether people may log in with their password through the default application.
    password_grant: bool,
    /// Life of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 900, minimum = 60, maximum = 6900)]
    access_token_seconds: Option<u32>,
    /// How long a person's session lasts without a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3600, minimum = 300)]
    session_idle_seconds: Option<u32>,
    /// How long a person's session lasts in all; sessions that run keep their end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 86400, minimum = 300)]
    session_absolute_seconds: Option<u32>,
    /// Life of a machine's refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3600, minimum = 300)]
    machine_refresh_seconds: Option<u32>,
    /// Where questions about permissions must come from to be answered with yes; empty: from everywhere.
    #[schema(example = json!(["192.0.2.0/24"]), max_items = 100)]
    allowed_networks: Vec<String>,
}

/// The kinds of characters of which a new password must hold one each.
#[derive(Serialize, ToSchema)]
struct KindsBody {
    upper: bool,
    lower: bool,
    digit: bool,
    special: bool,
}

/// How much of everything a tenant may have, counted as the lists count it, with what is built in. What is not set has no
/// limit; `null` or 0 takes a limit away.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LimitsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 500)]
    users: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100)]
    groups: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 50)]
    applications: Option<u32>,
    /// Requests of the whole tenant in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    requests_per_second: Option<u32>,
}

/// A tenant to be made.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
pub(super) struct TenantInput {
    /// Lower-case letters, digits and inner hyphens; for ever.
    #[schema(example = "acme", max_length = 63)]
    name: String,
    /// The name with a capital letter when absent.
    #[schema(example = "Acme Bank", max_length = 255)]
    display_name: Option<String>,
    settings: Option<SettingsBody>,
    limits: Option<LimitsBody>,
    administrator: Option<AdministratorInput>,
}

/// The first administrator; whatever is absent has a default.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
struct AdministratorInput {
    /// `admin` when absent.
    #[schema(example = "admin", min_length = 3, max_length = 255)]
    username: Option<String>,
    /// An address that no mail reaches when absent.
    #[schema(example = "admin@acme.example", max_length = 255)]
    email: Option<String>,
    #[schema(max_length = 255)]
    first_name: Option<String>,
    #[schema(max_length = 255)]
    last_name: Option<String>,
    /// A fresh one is made when absent.
    #[schema(format = Password, min_length = 12, max_length = 255)]
    password: Option<String>,
}

/// What is to change about a tenant; what is absent stays, inside `settings` and `limits` too.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the body; the edge reads it member by member")]
pub(super) struct TenantUpdateInput {
    #[schema(example = "Acme Bank", max_length = 255)]
    display_name: Option<String>,
    /// `false` ends every token of the tenant, and nobody logs in until it is `true` again.
    active: Option<bool>,
    settings: Option<SettingsBody>,
    limits: Option<LimitsBody>,
}

impl TenantResponse {
    pub(super) fn of(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.slug.to_string(),
            display_name: tenant.display_name,
            active: tenant.active,
            settings: SettingsBody::of(&tenant.settings),
            limits: LimitsBody::of(&tenant.limits),
            created_at: tenant.created_at.to_string(),
            updated_at: tenant.updated_at.to_string(),
        }
    }
}

impl MadeTenantResponse {
    pub(super) fn of(MadeTenant { tenant, administrator, password }: MadeTenant) -> Self {
        let administrator = MadeAdministratorBody {
            id: administrator.id.to_string(),
            username: administrator.username.to_string(),
            email: administrator.email.as_str().to_owned(),
            password: password.map(|password| password.expose().clone()),
        };
        Self { tenant: TenantResponse::of(tenant), administrator }
    }
}

impl SettingsBody {
    fn of(settings: &Settings) -> Self {
        let kinds = settings.password_kinds;
        Self {
            password_kinds: KindsBody {
                upper: kinds.upper,
                lower: kinds.lower,
                digit: kinds.digit,
                special: kinds.special,
            },
            password_grant: settings.password_grant,
            access_token_seconds: settings.access_token_seconds,
            session_idle_seconds: settings.session_idle_seconds,
            session_absolute_seconds: settings.session_absolute_seconds,
            machine_refresh_seconds: settings.machine_refresh_seconds,
            allowed_networks: settings.allowed_networks.clone(),
        }
    }
}

impl LimitsBody {
    fn of(limits: &Limits) -> Self {
        Self {
            users: limits.users,
            groups: limits.groups,
            applications: limits.applications,
            requests_per_second: limits.requests_per_second,
        }
    }
}

/// A tenant as the routes and the command line show it.
pub(crate) fn tenant_body(tenant: Tenant) -> Value {
    json!(TenantResponse::of(tenant))
}

/// A tenant that was just made, as the routes and the command line show it.
pub(crate) fn made_tenant_body(made: MadeTenant) -> Value {
    json!(MadeTenantResponse::of(made))
}

/// Reads a tenant to be made, and the password of its administrator where one is given.
pub(super) fn read_new_tenant(body: JsonBody) -> Result<(NewTenant, Option<Secret<String>>)> {
    let mut members = body.members();
    let name = members.required("name");
    let display_name = members.optional("displayName");
    let (settings, limits) = (read_settings(&mut members)?, read_limits(&mut members)?);
    let [username, email, first_name, last_name, password] = match members.optional_object("administrator") {
        None => [const { None }; 5],
        Some(mut inside) => {
            let read = ["username", "email", "firstName", "lastName", "password"].map(|name| inside.optional(name));
            inside.finish_inside("administrator")?;
            read
        }
    };
    members.finish()?;
    let new = NewTenant::parse(&RawNewTenant {
        name: &name,
        display_name: display_name.as_deref(),
        settings,
        limits,
        administrator: RawAdministrator {
            username: username.as_deref(),
            email: email.as_deref(),
            first_name: first_name.as_deref(),
            last_name: last_name.as_deref(),
        },
    })?;
    Ok((new, password.map(Secret::new)))
}

/// Reads what is to change about a tenant.
pub(super) fn read_tenant_change(body: JsonBody) -> Result<TenantChange> {
    let mut members = body.members();
    for name in ["id", "name", "createdAt", "updatedAt"] {
        if members.take(name).is_some() {
            members.refuse_as(ide::UNMODIFIABLE_FIELD, name, "cannot be changed");
        }
    }
    let change = TenantChange {
        display_name: members.optional("displayName"),
        active: members.optional_bool("active"),
        settings: read_settings(&mut members)?,
        limits: read_limits(&mut members)?,
    };
    members.finish()?;
    Ok(change)
}

fn read_settings(members: &mut Members) -> Result<SettingsChange> {
    let Some(mut inside) = members.optional_object("settings") else { return Ok(SettingsChange::default()) };
    let password_kinds = read_kinds(&mut inside)?;
    let change = SettingsChange {
        password_kinds,
        password_grant: inside.optional_bool("passwordGrant"),
        access_token_seconds: nullable(&mut inside, "accessTokenSeconds"),
        session_idle_seconds: nullable(&mut inside, "sessionIdleSeconds"),
        session_absolute_seconds: nullable(&mut inside, "sessionAbsoluteSeconds"),
        machine_refresh_seconds: nullable(&mut inside, "machineRefreshSeconds"),
        allowed_networks: inside.optional_list("allowedNetworks", Networks::MOST),
    };
    inside.finish_inside("settings")?;
    Ok(change)
}

fn read_kinds(settings: &mut Members) -> Result<KindsChange> {
    let Some(mut inside) = settings.optional_object("passwordKinds") else { return Ok(KindsChange::default()) };
    let change = KindsChange {
        upper: inside.optional_bool("upper"),
        lower: inside.optional_bool("lower"),
        digit: inside.optional_bool("digit"),
        special: inside.optional_bool("special"),
    };
    inside.finish_inside("settings.passwordKinds")?;
    Ok(change)
}

fn read_limits(members: &mut Members) -> Result<LimitsChange> {
    let Some(mut inside) = members.optional_object("limits") else { return Ok(LimitsChange::default()) };
    let change = LimitsChange {
        users: nullable(&mut inside, "users"),
        groups: nullable(&mut inside, "groups"),
        applications: nullable(&mut inside, "applications"),
        requests_per_second: nullable(&mut inside, "requestsPerSecond"),
    };
    inside.finish_inside("limits")?;
    Ok(change)
}

/// A number that may be there: `Some(None)` where it is `null`.
fn nullable(members: &mut Members, name: &str) -> Option<Option<u32>> {
    members.contains(name).then(|| members.optional_whole(name))
}
