//! TLS towards clients: the listener shows a certificate and asks for none.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::material::read_identity;
use super::{Reloaded, TlsSettings};
use crate::settings::SettingsError;

/// The configuration of a listener for TLS 1.2 and 1.3, or none where TLS is off.
pub(crate) fn server(settings: &TlsSettings, table: &str) -> Result<Option<ServerConfig>, SettingsError> {
    let Some(files) = settings.files(table)? else { return Ok(None) };
    let paths = vec![files.certificate.path.clone(), files.key.path.clone()];
    let identity = Reloaded::start(table, paths, move || read_identity(&files))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::new(format!("'{table}' cannot be used: {error}")))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(CurrentCertificate(identity)));
    Ok(Some(config))
}

/// Shows the certificate that is in force when a connection begins.
struct CurrentCertificate(Arc<Reloaded<CertifiedKey>>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current())
    }
}

impl fmt::Debug for CurrentCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CurrentCertificate")
    }
}
