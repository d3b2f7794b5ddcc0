//! The gRPC edge of auth.

mod token_state;

use std::sync::Arc;

use contracts::auth::v1::token_state_server::TokenStateServer;
use service_kit::grpc::{Allowed, CallerSecrets, CallersLayer, GrpcServerHandle, GrpcSettings, incoming};
use service_kit::settings::SettingsError;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::app::App;

/// Who may call what. `resource-server` stands for any service that verifies tokens with the `client` crate.
pub const ALLOWED: Allowed = &[
    ("/auth.v1.TokenState/Watch", &["identity-service", "resource-server"]),
    ("/grpc.health.v1.Health/", &["identity-service", "resource-server"]),
    ("/grpc.reflection.v1.ServerReflection/", &["identity-service", "resource-server"]),
];

/// Starts the listener.
///
/// # Errors
/// A sentence about the settings.
pub async fn serve(settings: &GrpcSettings, app: Arc<App>) -> Result<GrpcServerHandle, SettingsError> {
    let callers = CallerSecrets::read(&settings.callers)?;
    let (incoming, address) = incoming(settings).await?;
    let stop = CancellationToken::new();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<TokenStateServer<token_state::TokenStateService>>().await;
    let reflection = settings
        .reflection
        .then(|| {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(contracts::DESCRIPTORS)
                .build_v1()
        })
        .transpose()
        .map_err(|error| SettingsError::new(format!("reflection cannot be offered: {error}")))?;
    let service = token_state::TokenStateService::new(app, stop.clone());
    let server = Server::builder()
        .layer(CallersLayer::new(callers, ALLOWED))
        .add_service(TokenStateServer::new(service))
        .add_service(health)
        .add_optional_service(reflection)
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let running = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the gRPC listener failed");
        }
    });
    Ok(GrpcServerHandle::new(address, stop, running))
}
