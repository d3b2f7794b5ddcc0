//! `identity-service tenants`: also while the service runs, which hears of every change at once.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use domain::Secret;
use domain::page::{Page, Start};
use error_codes::Result;
use identity::tenant::{
    KindsChange, LimitsChange, NewTenant, RawAdministrator, RawNewTenant, SettingsChange, Tenant, TenantChange,
    TenantName,
};
use serde_json::Value;
use service_kit::settings::SettingsError;
use service_kit::table::columns;

use super::sentence;
use crate::app::App;
use crate::app::first_start::administrator_password;
use crate::app::tenants::MadeTenant;
use crate::http::{made_tenant_body, tenant_body};

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantsCommand {
    /// Lists the tenants.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a tenant with its settings and limits.
    Show {
        /// The name of a tenant, or its id.
        tenant: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a tenant with the built-in groups and roles, a default application and an administrator.
    Create(#[command(flatten)] Box<Create>),
    /// Gives a tenant another name for people; the name in tokens, paths and logins stays for ever.
    Rename {
        /// The name of a tenant, or its id.
        tenant: String,
        /// The name for people, 1 to 255 characters.
        display_name: String,
    },
    /// Ends every token of a tenant, and lets nobody log in until it is enabled again.
    Disable {
        /// The name of a tenant, or its id.
        tenant: String,
    },
    /// Lets people log in again; the old tokens stay dead.
    Enable {
        /// The name of a tenant, or its id.
        tenant: String,
    },
    /// Deletes a tenant with everything in it, for ever; its name is never given again.
    Delete {
        /// The name of a tenant, or its id.
        tenant: String,
        /// The name of the tenant once more, so that no other is deleted by mistake.
        #[arg(long, value_name = "NAME")]
        yes: String,
    },
    /// Changes settings and limits; what is not named stays.
    Set {
        /// The name of a tenant, or its id.
        tenant: String,
        #[command(flatten)]
        options: Options,
    },
}

/// A tenant to be made.
#[derive(Args, Debug)]
pub struct Create {
    /// Lower-case letters, digits and inner hyphens; for ever.
    name: String,
    /// The name for people; the name with a capital letter when absent.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// The username of the administrator; `admin` when absent.
    #[arg(long, value_name = "NAME")]
    admin_username: Option<String>,
    /// The e-mail address of the administrator; one that no mail reaches when absent.
    #[arg(long, value_name = "ADDRESS")]
    admin_email: Option<String>,
    /// Holds the password of the administrator; a fresh one is written there when the file does not exist. Without this a
    /// fresh one is printed, once.
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: Options,
}

/// Settings and limits. `none` takes one back: to the deployment's setting, or to no limit.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Life of an access token, 60 to 6900.
    #[arg(long, value_name = "SECONDS")]
    access_token_seconds: Option<Number>,
    /// How long a person's session lasts without a refresh, from 300.
    #[arg(long, value_name = "SECONDS")]
    session_idle_seconds: Option<Number>,
    /// How long a person's session lasts in all, from 300.
    #[arg(long, value_name = "SECONDS")]
    session_absolute_seconds: Option<Number>,
    /// Life of a machine's refresh token, from 300.
    #[arg(long, value_name = "SECONDS")]
    machine_refresh_seconds: Option<Number>,
    /// The networks from which anybody may do what permissions decide, such as `192.0.2.0/24,2001:db8::/32`; none for
    /// everywhere.
    #[arg(long, value_name = "NETWORKS")]
    allowed_networks: Option<String>,
    /// Whether people may log in with their password through the default application.
    #[arg(long, value_name = "true|false")]
    password_grant: Option<bool>,
    /// The kinds of characters that a new password must hold, such as `upper,digit`: of upper, lower, digit and special.
    #[arg(long, value_name = "KINDS", value_parser = kinds)]
    password_kinds: Option<KindsChange>,
    /// Users at most.
    #[arg(long, value_name = "COUNT")]
    users: Option<Number>,
    /// Groups at most, the built-in ones among them.
    #[arg(long, value_name = "COUNT")]
    groups: Option<Number>,
    /// Applications at most, the default one among them.
    #[arg(long, value_name = "COUNT")]
    applications: Option<Number>,
    /// Requests of the whole tenant in a second at most.
    #[arg(long, value_name = "COUNT")]
    requests_per_second: Option<Number>,
}

/// A number, or `none`.
#[derive(Clone, Copy, Debug)]
struct Number(Option<u32>);

impl FromStr for Number {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "none" => Ok(Self(None)),
            digits => digits.parse().map(|number| Self(Some(number))).map_err(|_| "must be a whole number, or 'none'"),
        }
    }
}

/// Runs a command; returns the text to print.
///
/// # Errors
/// One sentence for the operator.
pub async fn run(app: &App, command: TenantsCommand) -> Result<String, SettingsError> {
    match command {
        TenantsCommand::List { json } => {
            let tenants = all(app).await.map_err(|failure| sentence(&failure))?;
            if json { pretty(&tenants.into_iter().map(tenant_body).collect()) } else { Ok(list(&tenants)) }
        }
        TenantsCommand::Show { tenant, json } => {
            let tenant = find(app, &tenant).await.map_err(|failure| sentence(&failure))?;
            if json { pretty(&tenant_body(tenant)) } else { Ok(show(&tenant)) }
        }
        TenantsCommand::Create(create) => self::create(app, *create).await,
        TenantsCommand::Rename { tenant, display_name } => {
            let change = TenantChange { display_name: Some(display_name), ..TenantChange::default() };
            let changed = update(app, &tenant, change).await?;
            Ok(format!("'{}' is shown as '{}'\n", changed.slug, changed.display_name))
        }
        TenantsCommand::Disable { tenant } => {
            let changed = update(app, &tenant, active(false)).await?;
            Ok(format!("'{}' is disabled; every token of it is dead\n", changed.slug))
        }
        TenantsCommand::Enable { tenant } => {
            let changed = update(app, &tenant, active(true)).await?;
            Ok(format!("'{}' is enabled\n", changed.slug))
        }
        TenantsCommand::Delete { tenant, yes } => {
            let found = find(app, &tenant).await.map_err(|failure| sentence(&failure))?;
            if found.slug.as_str() != yes {
                let reason = format!("nothing was deleted: repeat the name of the tenant with '--yes {}'", found.slug);
                return Err(SettingsError::new(reason));
            }
            delete(app, &found).await.map_err(|failure| sentence(&failure))?;
            Ok(format!("'{}' is deleted; its rows leave while the service runs\n", found.slug))
        }
        TenantsCommand::Set { tenant, options } => {
            let (settings, limits) = options.changes();
            let change = TenantChange { settings, limits, ..TenantChange::default() };
            update(app, &tenant, change).await.map(|changed| show(&changed))
        }
    }
}

async fn create(app: &App, create: Create) -> Result<String, SettingsError> {
    let password = create.admin_password_file.as_deref();
    let password = password.map(|file| administrator_password(file, &*app.entropy)).transpose()?;
    let made = make(app, &create, password).await.map_err(|failure| sentence(&failure))?;
    if create.json {
        return pretty(&made_tenant_body(made));
    }
    let MadeTenant { tenant, administrator, password } = made;
    let password = match (&password, &create.admin_password_file) {
        (Some(password), _) => format!("the password, never shown again: {}", password.expose()),
        (None, Some(file)) => format!("the password is in {}", file.display()),
        (None, None) => String::new(),
    };
    Ok(format!("'{}' is made; '{}/{}' administers it; {password}\n", tenant.slug, tenant.slug, administrator.username))
}

async fn make(app: &App, create: &Create, password: Option<Secret<String>>) -> Result<MadeTenant> {
    let (settings, limits) = create.options.changes();
    let new = NewTenant::parse(&RawNewTenant {
        name: &create.name,
        display_name: create.display_name.as_deref(),
        settings,
        limits,
        administrator: RawAdministrator {
            username: create.admin_username.as_deref(),
            email: create.admin_email.as_deref(),
            ..RawAdministrator::default()
        },
    })?;
    app.create_tenant(app.operator().await?, new, password).await
}

async fn all(app: &App) -> Result<Vec<Tenant>> {
    let mut page = Page::first(Page::BARE);
    let mut tenants = Vec::new();
    loop {
        let listed = app.list_tenants(page).await?;
        tenants.extend(listed.rows);
        match listed.next {
            Some(key) => page = Page { limit: Page::BARE, start: Start::After(key) },
            None => return Ok(tenants),
        }
    }
}

async fn find(app: &App, tenant: &str) -> Result<Tenant> {
    app.read_tenant(TenantName::parse(tenant)?).await
}

async fn delete(app: &App, tenant: &Tenant) -> Result<()> {
    app.delete_tenant(app.operator().await?, TenantName::Id(tenant.id)).await
}

async fn update(app: &App, tenant: &str, change: TenantChange) -> Result<Tenant, SettingsError> {
    let updating = async { app.update_tenant(app.operator().await?, TenantName::parse(tenant)?, change).await };
    updating.await.map_err(|failure| sentence(&failure))
}

fn active(active: bool) -> TenantChange {
    TenantChange { active: Some(active), ..TenantChange::default() }
}

impl Options {
    fn changes(&self) -> (SettingsChange, LimitsChange) {
        let number = |number: Option<Number>| number.map(|Number(number)| number);
        let settings = SettingsChange {
            password_kinds: self.password_kinds.unwrap_or_default(),
            password_grant: self.password_grant,
            access_token_seconds: number(self.access_token_seconds),
            session_idle_seconds: number(self.session_idle_seconds),
            session_absolute_seconds: number(self.session_absolute_seconds),
            machine_refresh_seconds: number(self.machine_refresh_seconds),
            allowed_networks: self.allowed_networks.as_deref().map(listed),
        };
        let limits = LimitsChange {
            users: number(self.users),
            groups: number(self.groups),
            applications: number(self.applications),
            requests_per_second: number(self.requests_per_second),
        };
        (settings, limits)
    }
}

/// The networks of a list with commas; `none` for an empty one.
fn listed(text: &str) -> Vec<String> {
    let named = text.split(',').map(str::trim).filter(|network| !network.is_empty() && *network != "none");
    named.map(ToOwned::to_owned).collect()
}

/// All four kinds: those that are named, and not the others.
fn kinds(text: &str) -> Result<KindsChange, String> {
    let named: Vec<&str> = if text == "none" { Vec::new() } else { text.split(',').collect() };
    if let Some(unknown) = named.iter().find(|kind| !["upper", "lower", "digit", "special"].contains(kind)) {
        return Err(format!("'{unknown}' is none of upper, lower, digit and special"));
    }
    let asked = |kind| Some(named.contains(&kind));
    Ok(KindsChange { upper: asked("upper"), lower: asked("lower"), digit: asked("digit"), special: asked("special") })
}

fn list(tenants: &[Tenant]) -> String {
    let mut lines = vec![["NAME", "DISPLAY NAME", "ACTIVE", "CREATED", "ID"].map(str::to_owned)];
    lines.extend(tenants.iter().map(|tenant| {
        let created = tenant.created_at.to_string();
        let active = if tenant.active { "yes" } else { "no" };
        [tenant.slug.to_string(), tenant.display_name.clone(), active.to_owned(), created, tenant.id.to_string()]
    }));
    columns(&lines)
}

fn show(tenant: &Tenant) -> String {
    let (settings, limits, kinds) = (&tenant.settings, &tenant.limits, tenant.settings.password_kinds);
    let asked = [("upper", kinds.upper), ("lower", kinds.lower), ("digit", kinds.digit), ("special", kinds.special)];
    let asked: Vec<_> = asked.iter().filter(|(_, asked)| *asked).map(|(kind, _)| *kind).collect();
    let networks = settings.allowed_networks.join(",");
    let lines = [
        ("name", tenant.slug.to_string()),
        ("display name", tenant.display_name.clone()),
        ("id", tenant.id.to_string()),
        ("active", tenant.active.to_string()),
        ("created", tenant.created_at.to_string()),
        ("updated", tenant.updated_at.to_string()),
        ("access-token-seconds", or(settings.access_token_seconds, "as in the deployment")),
        ("session-idle-seconds", or(settings.session_idle_seconds, "as in the deployment")),
        ("session-absolute-seconds", or(settings.session_absolute_seconds, "as in the deployment")),
        ("machine-refresh-seconds", or(settings.machine_refresh_seconds, "as in the deployment")),
        ("allowed-networks", if networks.is_empty() { "everywhere".to_owned() } else { networks }),
        ("password-grant", settings.password_grant.to_string()),
        ("password-kinds", if asked.is_empty() { "none".to_owned() } else { asked.join(",") }),
        ("users", or(limits.users, "no limit")),
        ("groups", or(limits.groups, "no limit")),
        ("applications", or(limits.applications, "no limit")),
        ("requests-per-second", or(limits.requests_per_second, "no limit")),
    ];
    columns(&lines.map(|(name, value)| [name.to_owned(), value]))
}

fn or(value: Option<impl Display>, absent: &str) -> String {
    value.map_or_else(|| absent.to_owned(), |value| value.to_string())
}

fn pretty(value: &Value) -> Result<String, SettingsError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| SettingsError::new(error.to_string()))?;
    Ok(format!("{text}\n"))
}
