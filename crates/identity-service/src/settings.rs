//! The settings of this service; `settings.toml` says what each means.

use std::path::PathBuf;

use domain::{Issuers, Slug};
use serde::Deserialize;
use service_kit::grpc::{GrpcSettings, PeerSettings};
use service_kit::http::HttpSettings;
use service_kit::limits::RateSettings;
use service_kit::logs::LogSettings;
use service_kit::settings::{AuditSettings, KeySettings, OperationsSettings, SettingsError, Source, within};
use service_kit::telemetry::TelemetrySettings;
use store::StoreSettings;

/// Where the settings come from.
pub const SOURCE: Source<'static> = Source {
    prefix: "GATEHOUSE_IDENTITY",
    reference: include_str!("settings.toml"),
    lists: &["http.trusted_proxies", "auth.endpoints", "applications.products"],
};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// Where clients come in.
    pub http: HttpSettings,
    /// Where other services come in.
    pub grpc: GrpcSettings,
    /// Where operators come in.
    pub operations: OperationsSettings,
    /// The database.
    pub database: StoreSettings,
    /// The deployment keys.
    pub keys: KeySettings,
    /// Where auth-service is.
    pub auth: PeerSettings,
    /// What tokens look like.
    pub tokens: TokenSettings,
    /// The first administrator.
    pub admin: AdminSettings,
    /// Applications.
    pub applications: ApplicationSettings,
    /// Passwords.
    pub passwords: PasswordSettings,
    /// Who is made to wait.
    pub limits: LimitSettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// The log.
    pub log: LogSettings,
    /// The traces.
    pub telemetry: TelemetrySettings,
}

/// What tokens look like.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenSettings {
    /// The `iss` of the default tenant.
    pub issuer: String,
    /// The slug of the default tenant.
    pub default_tenant: String,
}

/// The first administrator.
#[derive(Clone, Debug, Deserialize)]
pub struct AdminSettings {
    /// The file with the password.
    pub password_file: PathBuf,
}

/// Applications.
#[derive(Clone, Debug, Deserialize)]
pub struct ApplicationSettings {
    /// Products beside those that are always registered.
    pub products: Vec<String>,
}

/// Passwords.
#[derive(Clone, Debug, Deserialize)]
pub struct PasswordSettings {
    /// The bcrypt cost.
    pub bcrypt_cost: u32,
    /// Passwords hashed at a time; 0 for one a core.
    pub hashing_threads: usize,
    /// Passwords that may wait for each that is hashed.
    pub hashing_queue: usize,
}

/// Who is made to wait.
#[derive(Clone, Debug, Deserialize)]
pub struct LimitSettings {
    /// Whether failed logins are counted.
    pub login_throttle: bool,
    /// How often callers may ask.
    #[serde(flatten)]
    pub rates: RateSettings,
}

impl PasswordSettings {
    /// How many may wait for each that is hashed.
    pub fn queue(&self) -> Result<usize, SettingsError> {
        within("passwords.hashing_queue", self.hashing_queue, 1..=1_000)
    }
}

impl TokenSettings {
    /// The slug of the default tenant.
    pub fn default_tenant(&self) -> Result<Slug, SettingsError> {
        Slug::parse(&self.default_tenant)
            .map_err(|reason| SettingsError::new(format!("'tokens.default_tenant' {reason}")))
    }

    /// The issuers of all tenants.
    pub fn issuers(&self) -> Result<Issuers, SettingsError> {
        Issuers::parse(&self.issuer, self.default_tenant()?)
            .map_err(|reason| SettingsError::new(format!("'tokens.issuer' {reason}")))
    }
}
