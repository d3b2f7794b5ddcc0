//! What a gRPC listener needs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use super::{Allowed, CallerSecrets, CallersLayer};
use crate::lifecycle::GRACE;
use crate::settings::SettingsError;

/// Where the process listens for gRPC, and who may call.
#[derive(Clone, Debug, Deserialize)]
pub struct GrpcSettings {
    /// `ADDRESS:PORT` on loopback; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// The file with the secret of each caller, by the caller's name.
    pub callers: HashMap<String, PathBuf>,
    /// Whether the services can be listed by reflection; for development.
    pub reflection: bool,
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

/// Serves one service, with health, and with reflection where the settings ask for it. Every method is behind the check
/// of its caller; `make` is handed the word that ends streams.
///
/// # Errors
/// A sentence naming the address that cannot be listened on, or that may not.
pub async fn serve<S>(
    settings: &GrpcSettings,
    allowed: Allowed,
    descriptors: &'static [u8],
    make: impl FnOnce(CancellationToken) -> S,
) -> Result<GrpcServerHandle, SettingsError>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let callers = CallerSecrets::read(&settings.callers)?;
    let (incoming, address) = incoming(settings).await?;
    let stop = CancellationToken::new();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<S>().await;
    let reflection = settings
        .reflection
        .then(|| {
            tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(descriptors).build_v1()
        })
        .transpose()
        .map_err(|error| SettingsError::new(format!("reflection cannot be offered: {error}")))?;
    let server = Server::builder()
        .layer(CallersLayer::new(callers, allowed))
        .add_service(make(stop.clone()))
        .add_service(health)
        .add_optional_service(reflection)
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let running = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the gRPC listener failed");
        }
    });
    Ok(GrpcServerHandle { address, stop, running })
}

async fn incoming(settings: &GrpcSettings) -> Result<(TcpIncoming, SocketAddr), SettingsError> {
    refuse_public_address(settings.listen)?;
    let cannot = |error: std::io::Error| {
        SettingsError::new(format!(
            "cannot listen on {}: {error}; choose another address in the settings",
            settings.listen
        ))
    };
    let listener = TcpListener::bind(settings.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    Ok((TcpIncoming::from(listener).with_nodelay(Some(true)), address))
}

/// Secrets would cross a network in the clear, so nothing but loopback is listened on.
fn refuse_public_address(listen: SocketAddr) -> Result<(), SettingsError> {
    if listen.ip().is_loopback() {
        Ok(())
    } else {
        Err(SettingsError::new(format!(
            "'grpc.listen' is {listen}, which is not a loopback address: callers' secrets would cross a network in the clear"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on() {
        assert!(refuse_public_address("127.0.0.1:4010".parse().unwrap()).is_ok());
        assert!(refuse_public_address("[::1]:4010".parse().unwrap()).is_ok());
        assert!(refuse_public_address("0.0.0.0:4010".parse().unwrap()).is_err());
        assert!(refuse_public_address("192.0.2.1:4010".parse().unwrap()).is_err());
    }
}
