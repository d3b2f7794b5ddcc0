//! The settings that each service of a pair gets, as environment variables.

use std::path::Path;

use super::addresses::{Addresses, Listeners};
use super::data::Secrets;
use super::database::Databases;
use crate::binaries::{AUTH, IDENTITY};
use crate::certs::Certificates;

pub(super) struct Environment<'pair> {
    pub(super) addresses: &'pair Addresses,
    pub(super) databases: &'pair Databases,
    pub(super) secrets: &'pair Secrets,
    /// Present where the pair speaks TLS.
    pub(super) certificates: Option<&'pair Certificates>,
    pub(super) login_throttle: bool,
}

/// Names and values; what is not named keeps the user's own setting or the default.
pub(super) type Settings = Vec<(String, String)>;

impl Environment<'_> {
    pub(super) fn of_auth(&self) -> Settings {
        let Self { addresses, databases, secrets, .. } = self;
        let mut settings = listeners("AUTH", &addresses.auth);
        let mut set = |name: &str, value: String| settings.push((format!("GATEHOUSE_AUTH__{name}"), value));
        set("GRPC__CALLERS__IDENTITY_SERVICE", text(&secrets.identity_to_auth));
        set("GRPC__CALLERS__RESOURCE_SERVER", text(&secrets.resource_server));
        set("DATABASE__URL", databases.auth.clone());
        set("KEYS__FILE", text(&secrets.auth_master_key));
        set("IDENTITY__ENDPOINTS", format!("{}://{}", self.scheme(), addresses.identity.grpc));
        set("IDENTITY__SECRET_FILE", text(&secrets.auth_to_identity));
        set("TOKENS__ISSUER", self.issuer());
        settings.extend(self.tls(AUTH));
        settings
    }

    pub(super) fn of_identity(&self) -> Settings {
        let Self { addresses, databases, secrets, .. } = self;
        let mut settings = listeners("IDENTITY", &addresses.identity);
        let mut set = |name: &str, value: String| settings.push((format!("GATEHOUSE_IDENTITY__{name}"), value));
        set("GRPC__CALLERS__AUTH_SERVICE", text(&secrets.auth_to_identity));
        set("DATABASE__URL", databases.identity.clone());
        set("KEYS__FILE", text(&secrets.identity_master_key));
        set("AUTH__ENDPOINTS", format!("{}://{}", self.scheme(), addresses.auth.grpc));
        set("AUTH__SECRET_FILE", text(&secrets.identity_to_auth));
        set("ADMIN__PASSWORD_FILE", text(&secrets.admin_password));
        set("TOKENS__ISSUER", self.issuer());
        if !self.login_throttle {
            set("LIMITS__LOGIN_THROTTLE", "false".to_owned());
        }
        settings.extend(self.tls(IDENTITY));
        settings
    }

    /// Tokens name auth's own address, so both services must be told the same one.
    fn issuer(&self) -> String {
        format!("{}://{}", self.scheme(), self.addresses.auth.http)
    }

    fn scheme(&self) -> &'static str {
        if self.certificates.is_some() { "https" } else { "http" }
    }

    fn tls(&self, service: &str) -> Settings {
        self.certificates.map(|certificates| certificates.settings(service)).unwrap_or_default()
    }
}

fn listeners(service: &str, listeners: &Listeners) -> Settings {
    [("HTTP", listeners.http), ("GRPC", listeners.grpc), ("OPERATIONS", listeners.operations)]
        .map(|(edge, address)| (format!("GATEHOUSE_{service}__{edge}__LISTEN"), address.to_string()))
        .into()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
