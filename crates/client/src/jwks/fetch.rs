//! One fetch of the keys: bounded in time and size, and from nowhere else than it was told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crypto::jws::{JwkSet, JwkSetFault};
use reqwest::{Client, StatusCode, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Deserialize;
use service_kit::settings::SettingsError;
use url::{Host, Url};

/// How long one fetch may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest document that is read.
const MOST_BYTES: usize = 1 << 20;
/// Where the keys are, below the issuer.
const WELL_KNOWN: &str = "/.well-known/jwks.json";

/// Where the keys are fetched.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct JwksSettings {
    /// Another place than `<issuer>/.well-known/jwks.json`, for a service that reaches auth by another name; empty for none.
    pub url: String,
    /// The authorities of which the certificate of that server must come, as PEM; empty for those that the system believes.
    pub authority: PathBuf,
}

/// Why a fetch brought no keys.
#[derive(Debug)]
pub(super) enum FetchFault {
    Transport(reqwest::Error),
    Status(StatusCode),
    TooLarge,
    Document(JwkSetFault),
    NoKey,
}

impl fmt::Display for FetchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => write!(f, "no answer: {error}"),
            Self::Status(status) => write!(f, "the answer was {status}"),
            Self::TooLarge => write!(f, "the answer was larger than {MOST_BYTES} bytes"),
            Self::Document(fault) => fault.fmt(f),
            Self::NoKey => f.write_str("the key set has no key to verify with"),
        }
    }
}

/// Fetches the keys.
pub(super) struct Fetch {
    client: Client,
    url: Url,
}

impl Fetch {
    /// # Errors
    /// A sentence when the place is neither https nor http on loopback, or the authorities cannot be read.
    pub(super) fn new(settings: &JwksSettings, issuer: &str) -> Result<Self, SettingsError> {
        let url = place(settings, issuer)?;
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .tls_backend_preconfigured(tls(&url, &settings.authority)?)
            .build()
            .map_err(|error| SettingsError::new(format!("the keys of tokens cannot be fetched: {error}")))?;
        Ok(Self { client, url })
    }

    pub(super) async fn once(&self) -> Result<JwkSet, FetchFault> {
        // A cache between here and auth may know less than auth does.
        let request = self.client.get(self.url.clone()).header("cache-control", "no-cache");
        let mut response = request.send().await.map_err(FetchFault::Transport)?;
        if response.status() != StatusCode::OK {
            return Err(FetchFault::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchFault::Transport)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(FetchFault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let keys = JwkSet::parse(&body).map_err(FetchFault::Document)?;
        // Without any key every token would be refused for good.
        if keys.is_empty() { Err(FetchFault::NoKey) } else { Ok(keys) }
    }
}

/// Keys that somebody on the way could change would let that somebody in everywhere.
fn place(settings: &JwksSettings, issuer: &str) -> Result<Url, SettingsError> {
    let text = if settings.url.is_empty() { format!("{issuer}{WELL_KNOWN}") } else { settings.url.clone() };
    Url::parse(&text).ok().filter(is_acceptable).ok_or_else(|| {
        SettingsError::new(format!(
            "the keys of tokens must come over https, or http from a loopback address, not '{text}'"
        ))
    })
}

fn is_acceptable(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

fn tls(url: &Url, authority: &Path) -> Result<ClientConfig, SettingsError> {
    let unusable = |error: rustls::Error| {
        SettingsError::new(format!("the authorities of this system cannot be used: {error}; name some in a file"))
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    if url.scheme() == "http" {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    if authority.as_os_str().is_empty() {
        return Ok(builder.with_platform_verifier().map_err(unusable)?.with_no_client_auth());
    }
    let unreadable = |error: String| {
        SettingsError::new(format!("the authorities in {} cannot be used: {error}", authority.display()))
    };
    let mut believed = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        believed.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if believed.is_empty() {
        return Err(unreadable("it holds no certificate".to_owned()));
    }
    Ok(builder.with_root_certificates(believed).with_no_client_auth())
}

#[cfg(test)]
mod tests;
