//! TLS between processes: both sides show a certificate, and each believes only the authorities it was told.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::material::{read_authorities, read_identity};
use super::settings::{IdentityFiles, NamedFile};
use super::{MutualTlsSettings, Reloaded};
use crate::settings::SettingsError;

/// gRPC is HTTP/2 and nothing else.
const PROTOCOL: &[u8] = b"h2";

/// The configuration of a listener that refuses who shows no certificate of an authority; none where TLS is off.
pub(crate) fn mutual_server(
    settings: &MutualTlsSettings,
    table: &str,
) -> Result<Option<Arc<Reloaded<ServerConfig>>>, SettingsError> {
    let Some((authority, own)) = settings.files(table)? else { return Ok(None) };
    Reloaded::start(table, paths(&authority, &own), move || make_server(&authority, &own)).map(Some)
}

/// The configuration of connections to a peer, whose certificate must be for the name by which it is called; none where
/// TLS is off.
pub(crate) fn mutual_client(
    settings: &MutualTlsSettings,
    table: &str,
) -> Result<Option<Arc<Reloaded<ClientConfig>>>, SettingsError> {
    let Some((authority, own)) = settings.files(table)? else { return Ok(None) };
    Reloaded::start(table, paths(&authority, &own), move || make_client(&authority, &own)).map(Some)
}

/// The DNS names of a verified certificate: what its authority calls the one who shows it.
pub(crate) fn caller_names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let certificate = EndEntityCert::try_from(certificate);
    certificate.map(|read| read.valid_dns_names().map(str::to_owned).collect()).unwrap_or_default()
}

fn paths(authority: &NamedFile, own: &IdentityFiles) -> Vec<PathBuf> {
    [authority, &own.certificate, &own.key].map(|file| file.path.clone()).into()
}

fn make_server(authority: &NamedFile, own: &IdentityFiles) -> Result<ServerConfig, SettingsError> {
    let unusable = |error: String| SettingsError::new(format!("the authorities {authority} cannot be used: {error}"));
    let authorities = Arc::new(read_authorities(authority)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider())
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    let identity = SingleCertAndKey::from(read_identity(own)?);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(identity));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

fn make_client(authority: &NamedFile, own: &IdentityFiles) -> Result<ClientConfig, SettingsError> {
    let unusable = |error: rustls::Error| SettingsError::new(format!("{authority} cannot be used: {error}"));
    let authorities = read_authorities(authority)?;
    let identity: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(read_identity(own)?));
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(authorities)
        .with_client_cert_resolver(identity);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
