//! How a process of the other service is reached: over mutual TLS, or in the clear on loopback.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tonic::transport::{Channel, Endpoint, Uri};
use url::{Host, Url};

use super::connector::Connector;
use crate::settings::SettingsError;
use crate::tls::{MutualTlsSettings, Reloaded, mutual_client};

/// How long a connection may take, its handshake included.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether an endpoint is reached over TLS.
pub(super) fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

/// A channel to each endpoint. `name` is the settings' table of the peer.
///
/// # Errors
/// A sentence naming the endpoint that cannot be used, or may not, or the file that cannot be used.
pub(super) fn reach(endpoints: &[String], tls: &MutualTlsSettings, name: &str) -> Result<Vec<Channel>, SettingsError> {
    let table = format!("{name}.tls");
    let tls = mutual_client(tls, &table)?;
    let reach = |url: &String| match (&tls, is_https(url)) {
        (Some(tls), true) => over_tls(url, Arc::clone(tls), &table),
        (None, false) => {
            refuse_public_endpoint(url, name)?;
            let endpoint = Endpoint::from_shared(url.clone());
            let endpoint = endpoint.map_err(|error| no_endpoint(url, name, &error.to_string()))?;
            Ok(with_patience(endpoint).connect_lazy())
        }
        (None, true) => Err(SettingsError::new(format!(
            "'{name}.endpoints' holds '{url}' and '{table}' is empty; name authority, certificate and key there (`cargo \
             xtask certs` makes them for development)"
        ))),
        (Some(_), false) => Err(SettingsError::new(format!(
            "'{table}' is set and '{name}.endpoints' holds '{url}', which is not https; write https://, or empty '{table}'"
        ))),
    };
    endpoints.iter().map(reach).collect()
}

/// tonic's own TLS keeps one configuration for ever, so the handshake is made here, under the configuration of its moment.
fn over_tls(url: &str, config: Arc<Reloaded<ClientConfig>>, table: &str) -> Result<Channel, SettingsError> {
    let name = table.trim_end_matches(".tls");
    let parsed = Url::parse(url).map_err(|error| no_endpoint(url, name, &error.to_string()))?;
    let no_host = || no_endpoint(url, name, "it has no host");
    let (host, server) = match parsed.host().ok_or_else(no_host)? {
        Host::Domain(host) => {
            let server = ServerName::try_from(host.to_owned());
            (host.to_owned(), server.map_err(|error| no_endpoint(url, name, &error.to_string()))?)
        }
        Host::Ipv4(address) => (address.to_string(), ServerName::from(std::net::IpAddr::V4(address))),
        Host::Ipv6(address) => (address.to_string(), ServerName::from(std::net::IpAddr::V6(address))),
    };
    let port = parsed.port_or_known_default().unwrap_or(443);
    let origin: Uri = url.parse().map_err(|_| no_endpoint(url, name, "it is no URI"))?;
    // The scheme would make tonic look for its own TLS; requests carry the true one as their origin.
    let plain = format!("http{}", url.trim_start_matches("https"));
    let endpoint = Endpoint::from_shared(plain).map_err(|error| no_endpoint(url, name, &error.to_string()))?;
    let connector = Arc::new(Connector::new((host, port), server, config, table.to_owned()));
    let connect = move |_: Uri| Arc::clone(&connector).connect();
    Ok(with_patience(endpoint).origin(origin).connect_with_connector_lazy(tower::service_fn(connect)))
}

fn with_patience(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(PATIENCE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(2))
        .keep_alive_timeout(Duration::from_secs(2))
}

/// Without TLS passwords and secrets would cross a network in the clear, so nothing but loopback is called.
fn refuse_public_endpoint(url: &str, name: &str) -> Result<(), SettingsError> {
    let host = Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    let is_loopback = match &host {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if is_loopback {
        Ok(())
    } else {
        Err(SettingsError::new(format!(
            "'{name}.endpoints' holds '{url}', which is not a loopback address: passwords would cross a network in the \
             clear; write https:// and name certificates in '{name}.tls'"
        )))
    }
}

fn no_endpoint(url: &str, name: &str, reason: &str) -> SettingsError {
    SettingsError::new(format!(
        "'{name}.endpoints' holds '{url}', which is no endpoint: {reason}; write https://HOST:PORT"
    ))
}

#[cfg(test)]
mod tests {
    use testkit::{Authority, replace};

    use super::*;

    fn refusal(endpoint: &str, tls: &MutualTlsSettings) -> Option<String> {
        reach(&[endpoint.to_owned()], tls, "identity").err().map(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_endpoint_and_its_tls_fit_together() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::fresh();
        authority.issue(&["auth-service"]).write(folder.path(), "own");
        replace(&folder.path().join("authority.pem"), &authority.pem());
        let [authority, certificate, key] =
            ["authority.pem", "own.pem", "own.key"].map(|name| folder.path().join(name));
        let (on, off) = (MutualTlsSettings { authority, certificate, key }, MutualTlsSettings::default());

        for right in ["https://identity:4011", "https://192.0.2.1:4011", "https://[2001:db8::1]:4011"] {
            assert_eq!(refusal(right, &on), None);
        }
        for right in ["http://127.0.0.1:4011", "http://[::1]:4011", "http://localhost:4011"] {
            assert_eq!(refusal(right, &off), None);
        }
        assert_eq!(
            refusal("https://identity:4011", &off).unwrap(),
            "'identity.endpoints' holds 'https://identity:4011' and 'identity.tls' is empty; name authority, certificate and \
             key there (`cargo xtask certs` makes them for development)"
        );
        assert_eq!(
            refusal("http://127.0.0.1:4011", &on).unwrap(),
            "'identity.tls' is set and 'identity.endpoints' holds 'http://127.0.0.1:4011', which is not https; write \
             https://, or empty 'identity.tls'"
        );
        assert_eq!(
            refusal("http://identity:4011", &off).unwrap(),
            "'identity.endpoints' holds 'http://identity:4011', which is not a loopback address: passwords would cross a \
             network in the clear; write https:// and name certificates in 'identity.tls'"
        );
        assert!(refusal("https://", &on).unwrap().contains("which is no endpoint"));
    }
}
