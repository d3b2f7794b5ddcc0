//! The settings of the example; `settings.toml` says what each means.

use std::net::SocketAddr;

use client::GuardSettings;
use client::jwks::JwksSettings;
use serde::Deserialize;
use service_kit::settings::Source;

/// Where the settings come from.
pub const SOURCE: Source<'static> = Source {
    prefix: "LEDGERS",
    reference: include_str!("settings.toml"),
    lists: &["gatehouse.trusted_proxies", "gatehouse.auth.endpoints"],
};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// Whether the token-state stream is followed.
    pub stream: bool,
    /// Where clients come in.
    pub http: Listener,
    /// Where other services come in.
    pub grpc: Listener,
    /// Who protects this service.
    pub gatehouse: GuardSettings,
    /// Where keys are fetched.
    pub jwks: JwksSettings,
}

/// Where something listens.
#[derive(Clone, Debug, Deserialize)]
pub struct Listener {
    /// `ADDRESS:PORT`; port 0 chooses a free one.
    pub listen: SocketAddr,
}
