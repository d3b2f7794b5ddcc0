//! The settings of this service; `settings.toml` says what each means.

use std::path::PathBuf;
use std::time::Duration;

use auth::Lifetimes;
use auth::route_table::{RawRoute, RouteTable};
use auth::signing::Spans;
use crypto::jws::Algorithm;
use domain::network::Networks;
use domain::{Issuers, Slug};
use serde::Deserialize;
use service_kit::grpc::{GrpcSettings, PeerSettings};
use service_kit::http::HttpSettings;
use service_kit::limits::{Rate, RateSettings};
use service_kit::logs::LogSettings;
use service_kit::settings::{AuditSettings, KeySettings, OperationsSettings, SettingsError, Source, within};
use service_kit::telemetry::TelemetrySettings;
use store::StoreSettings;

use crate::app::failed_clients::FailedClients;

/// Where the settings come from.
pub const SOURCE: Source<'static> = Source {
    prefix: "GATEHOUSE_AUTH",
    reference: include_str!("settings.toml"),
    lists: &["http.trusted_proxies", "identity.endpoints", "authorization.internal_networks"],
};

/// For how long clients keep the published keys, as `/.well-known/jwks.json` tells them.
const JWKS_MAX_AGE: Duration = Duration::from_secs(300);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// Where identity-service is.
    pub identity: PeerSettings,
    /// What tokens look like.
    pub tokens: TokenSettings,
    /// The signing keys.
    pub signing: SigningSettings,
    /// What questions about permissions depend on.
    pub authorization: AuthorizationSettings,
    /// Who is made to wait.
    pub limits: LimitSettings,
    /// The audit trail.
    pub audit: AuditSettings,
    /// The log.
    pub log: LogSettings,
    /// The traces.
    pub telemetry: TelemetrySettings,
}

/// What tokens look like and how long they live.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenSettings {
    /// The `iss` of the default tenant.
    pub issuer: String,
    /// The slug of the default tenant.
    pub default_tenant: String,
    /// The signature algorithm.
    pub algorithm: String,
    /// Life of an access token.
    pub access_seconds: u32,
    /// Life of a machine's refresh token.
    pub machine_refresh_seconds: u32,
    /// Life of a session without a refresh.
    pub session_idle_seconds: u32,
    /// Life of a session in all.
    pub session_absolute_seconds: u32,
    /// Grace where the client authenticated.
    pub grace_authenticated_seconds: u32,
    /// Grace where the token came alone.
    pub grace_alone_seconds: u32,
}

/// How long signing keys live.
#[derive(Clone, Debug, Deserialize)]
pub struct SigningSettings {
    /// After how many days the key that signs is replaced; 0 for never by itself.
    pub rotate_days: u32,
    /// How long a key is published before it signs.
    pub publish_seconds: u32,
}

impl SigningSettings {
    /// The life of a signing key, which must fit that of tokens.
    pub fn spans(&self, lifetimes: &Lifetimes) -> Result<Spans, SettingsError> {
        let sign = (self.rotate_days > 0).then(|| DAY * self.rotate_days);
        let publish = Duration::from_secs(self.publish_seconds.into());
        if publish < JWKS_MAX_AGE {
            return Err(SettingsError::new("'signing.publish_seconds' must be at least 300: that long JWKS is cached"));
        }
        let spans = Spans { publish, sign, token: lifetimes.access };
        spans.check().map_err(|reason| SettingsError::new(format!("'signing': {reason}")))?;
        Ok(spans)
    }
}

/// What questions about permissions depend on.
#[derive(Clone, Debug, Deserialize)]
pub struct AuthorizationSettings {
    /// The networks of the platform's own services.
    pub internal_networks: Vec<String>,
    /// The file with the routes of protected APIs; empty for none.
    pub routes: PathBuf,
}

/// The file with the routes of protected APIs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutesFile {
    #[serde(default)]
    route: Vec<RawRoute>,
}

impl AuthorizationSettings {
    /// What requests to protected APIs need.
    pub fn routes(&self) -> Result<RouteTable, SettingsError> {
        if self.routes.as_os_str().is_empty() {
            return Ok(RouteTable::default());
        }
        let refuse = |reason: String| {
            SettingsError::new(format!("the file {} of 'authorization.routes' {reason}", self.routes.display()))
        };
        let text = std::fs::read_to_string(&self.routes).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let file: RoutesFile = toml::from_str(&text).map_err(|error| refuse(format!("is not understood: {error}")))?;
        RouteTable::new(file.route).map_err(|reason| refuse(format!("cannot be used: {reason}")))
    }

    /// The networks of the platform's own services.
    pub fn internal_networks(&self) -> Result<Networks, SettingsError> {
        let texts = self.internal_networks.iter().map(String::as_str);
        Networks::parse(texts)
            .map_err(|reason| SettingsError::new(format!("'authorization.internal_networks' {reason}")))
    }
}

/// Who is made to wait.
#[derive(Clone, Debug, Deserialize)]
pub struct LimitSettings {
    /// How often callers may ask.
    #[serde(flatten)]
    pub rates: RateSettings,
    /// Wrong client credentials that one network may show in a minute.
    pub failed_clients_per_minute: u32,
    /// Of these, at once.
    pub failed_clients_burst: u32,
}

impl LimitSettings {
    /// How often a network may show wrong client credentials.
    pub fn failed_clients(&self) -> Result<FailedClients, SettingsError> {
        let per_minute = within("limits.failed_clients_per_minute", self.failed_clients_per_minute, 0..=1_000_000)?;
        let burst = within("limits.failed_clients_burst", self.failed_clients_burst, 0..=1_000_000)?;
        Ok(FailedClients::new((per_minute > 0).then(|| Rate::per_minute(per_minute, burst))))
    }
}

impl TokenSettings {
    /// The issuers of all tenants.
    pub fn issuers(&self) -> Result<Issuers, SettingsError> {
        let tenant = Slug::parse(&self.default_tenant)
            .map_err(|reason| SettingsError::new(format!("'tokens.default_tenant' {reason}")))?;
        Issuers::parse(&self.issuer, tenant).map_err(|reason| SettingsError::new(format!("'tokens.issuer' {reason}")))
    }

    /// The signature algorithm.
    pub fn algorithm(&self) -> Result<Algorithm, SettingsError> {
        Algorithm::parse(&self.algorithm)
            .ok_or_else(|| SettingsError::new("'tokens.algorithm' must be RS256, ES256 or EdDSA"))
    }

    /// The lifetimes, which must fit together.
    pub fn lifetimes(&self) -> Result<Lifetimes, SettingsError> {
        let seconds = |count: u32| Duration::from_secs(count.into());
        let lifetimes = Lifetimes {
            access: seconds(self.access_seconds),
            machine_refresh: seconds(self.machine_refresh_seconds),
            idle: seconds(self.session_idle_seconds),
            absolute: seconds(self.session_absolute_seconds),
            grace_authenticated: seconds(self.grace_authenticated_seconds),
            grace_alone: seconds(self.grace_alone_seconds),
        };
        lifetimes.check().map_err(|reason| SettingsError::new(format!("'tokens': {reason}")))?;
        if lifetimes.access + Duration::from_secs(300) > client::HISTORY {
            return Err(SettingsError::new("'tokens.access_seconds' must be at most 6900"));
        }
        Ok(lifetimes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_routes(text: &str) -> Result<RouteTable, SettingsError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        AuthorizationSettings { internal_networks: Vec::new(), routes: file.path().to_owned() }.routes()
    }

    #[test]
    fn the_example_of_a_route_table_can_be_used() {
        let table = with_routes(include_str!("../../../deploy/envoy/routes.toml")).unwrap();
        let needed = table.find("any", "DELETE", "/v1/organizations/1/ledgers/2").unwrap();
        assert_eq!((needed.product, needed.resource, &*needed.action), (Some("midaz"), "ledgers", "delete"));
    }

    #[test]
    fn a_broken_route_table_is_refused_with_a_sentence() {
        for (text, expected) in [
            ("[[route]]\npath = 7", "is not understood"),
            ("[[route]]\npath = \"/a\"\nresource = \"a\"\nverb = \"x\"", "is not understood"),
            ("[[route]]\npath = \"a\"\nresource = \"a\"", "cannot be used"),
        ] {
            let refused = with_routes(text).err().unwrap().to_string();
            assert!(refused.contains(expected) && refused.contains("authorization.routes"), "{refused}");
        }
        let missing = AuthorizationSettings { internal_networks: Vec::new(), routes: "/nowhere".into() };
        assert!(missing.routes().err().unwrap().to_string().contains("cannot be read"));
    }
}
