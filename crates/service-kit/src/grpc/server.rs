//! What a gRPC listener needs.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic_health::ServingStatus;

use super::accept;
use super::incoming::{self, listen};
use super::meter::GrpcMeter;
use super::observe::ObserveLayer;
use super::{Allowed, CallerSecrets, Callers, CallersLayer};
use crate::lifecycle::GRACE;
use crate::metrics::Metrics;
use crate::settings::{SettingsError, within};
use crate::tls::{MutualTlsSettings, mutual_server};

/// The settings' table of the certificates.
const TABLE: &str = "grpc.tls";
/// How long a connection over TLS lives: who comes again is judged by the authorities and the time of then.
const CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);

/// Where the process listens for gRPC, and who may call.
#[derive(Clone, Debug, Deserialize)]
pub struct GrpcSettings {
    /// `ADDRESS:PORT`, on loopback unless TLS is on; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// The file with the secret of each caller, by the caller's name; not read where TLS is on.
    pub callers: HashMap<String, PathBuf>,
    /// What callers are shown, and whose certificates they must show.
    pub tls: MutualTlsSettings,
    /// Whether the services can be listed by reflection; for development.
    pub reflection: bool,
    /// Connections at most.
    pub connections: usize,
    /// Calls under way on one connection at most.
    pub concurrent_calls: u32,
    /// Calls that one connection may take back before they were begun.
    pub pending_resets: usize,
    /// The largest message that is read.
    pub message_bytes: usize,
    /// The pause after which a silent connection is asked whether it is still there.
    pub keep_alive_seconds: u64,
}

/// How long the answer of a silent connection may take.
const KEEP_ALIVE_PATIENCE: Duration = Duration::from_secs(10);
/// The headers of one call, in bytes.
const HEADER_BYTES: u32 = 16 * 1024;

impl GrpcSettings {
    /// The largest message that is read.
    pub fn message_bytes(&self) -> Result<usize, SettingsError> {
        within("grpc.message_bytes", self.message_bytes, 256 * 1024..=64 * 1024 * 1024)
    }
}

/// A running gRPC listener.
#[derive(Debug)]
pub struct GrpcServerHandle {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl GrpcServerHandle {
    /// Stops taking calls and waits for those under way, at most [`GRACE`]; streams are cut.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(GRACE, &mut self.running).await.is_err() {
            self.running.abort();
        }
    }
}

/// Serves what `make` adds, with health, and with reflection where the settings ask for it. Every method is behind the check
/// of its caller; `make` is handed the word that ends streams.
///
/// # Errors
/// A sentence naming the address that cannot be listened on, or that may not, or the file that cannot be used.
pub async fn serve(
    settings: &GrpcSettings,
    allowed: Allowed,
    descriptors: &'static [u8],
    metrics: &Metrics,
    make: impl FnOnce(&mut RoutesBuilder, CancellationToken),
) -> Result<GrpcServerHandle, SettingsError> {
    let tls = mutual_server(&settings.tls, TABLE)?;
    let callers = match &tls {
        Some(_) => Callers::ByCertificate,
        None => {
            refuse_public_address(settings.listen)?;
            Callers::BySecret(CallerSecrets::read(&settings.callers)?)
        }
    };
    let most = within("grpc.connections", settings.connections, 4..=100_000)?;
    let keep_alive = within("grpc.keep_alive_seconds", settings.keep_alive_seconds, 1..=3_600)?;
    let (listener, address) = listen(settings.listen).await?;
    let stop = CancellationToken::new();
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in services(allowed) {
        reporter.set_service_status(service, ServingStatus::Serving).await;
    }
    let mut routes = Routes::builder();
    make(&mut routes, stop.clone());
    let reflection = settings
        .reflection
        .then(|| {
            tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(descriptors).build_v1()
        })
        .transpose()
        .map_err(|error| SettingsError::new(format!("reflection cannot be offered: {error}")))?;
    let server = match &tls {
        Some(_) => Server::builder().max_connection_age(CONNECTION_AGE).max_connection_age_grace(GRACE),
        None => Server::builder(),
    };
    let server = server
        .max_concurrent_streams(within("grpc.concurrent_calls", settings.concurrent_calls, 8..=100_000)?)
        .http2_max_pending_accept_reset_streams(Some(within(
            "grpc.pending_resets",
            settings.pending_resets,
            1..=10_000,
        )?))
        .http2_max_local_error_reset_streams(Some(settings.pending_resets))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(Duration::from_secs(keep_alive)))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_PATIENCE))
        .layer(ObserveLayer(GrpcMeter::server(metrics, allowed)?))
        .layer(CallersLayer::new(callers, allowed))
        .add_routes(routes.routes())
        .add_service(health)
        .add_optional_service(reflection);
    let stopped = stop.clone().cancelled_owned();
    let running = match tls {
        Some(config) => {
            let incoming = accept::over_tls(listener, most, config, TABLE, stop.clone());
            spawn(server.serve_with_incoming_shutdown(incoming, stopped))
        }
        None => {
            let incoming = incoming::accept(listener, most);
            spawn(server.serve_with_incoming_shutdown(incoming, stopped))
        }
    };
    Ok(GrpcServerHandle { address, stop, running })
}

/// The services whose methods are listed, such as `auth.v1.TokenState`.
fn services(allowed: Allowed) -> BTreeSet<&'static str> {
    let methods = allowed.iter().filter(|(path, _)| !path.ends_with('/'));
    methods.filter_map(|(path, _)| path.trim_start_matches('/').split('/').next()).collect()
}

fn spawn(server: impl Future<Output = Result<(), tonic::transport::Error>> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the gRPC listener failed");
        }
    })
}

/// Without TLS secrets would cross a network in the clear, so nothing but loopback is listened on.
fn refuse_public_address(listen: SocketAddr) -> Result<(), SettingsError> {
    if listen.ip().is_loopback() {
        Ok(())
    } else {
        Err(SettingsError::new(format!(
            "'grpc.listen' is {listen}, which is not a loopback address, and 'grpc.tls' is empty: callers' secrets would \
             cross a network in the clear; name certificates in 'grpc.tls' (`cargo xtask certs` makes them for development)"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_loopback_is_listened_on() {
        assert!(refuse_public_address("127.0.0.1:4010".parse().unwrap()).is_ok());
        assert!(refuse_public_address("[::1]:4010".parse().unwrap()).is_ok());
        assert!(refuse_public_address("0.0.0.0:4010".parse().unwrap()).is_err());
        assert_eq!(
            refuse_public_address("192.0.2.1:4010".parse().unwrap()).unwrap_err().to_string(),
            "'grpc.listen' is 192.0.2.1:4010, which is not a loopback address, and 'grpc.tls' is empty: callers' secrets \
             would cross a network in the clear; name certificates in 'grpc.tls' (`cargo xtask certs` makes them for \
             development)"
        );
    }
}
