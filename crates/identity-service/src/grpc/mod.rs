//! The gRPC edge of identity.

mod render;
mod service;
mod watch;

use std::sync::Arc;

use contracts::identity::v1::identity_server::IdentityServer;
use service_kit::grpc::{Allowed, CallerSecrets, CallersLayer, GrpcServerHandle, GrpcSettings, incoming};
use service_kit::settings::SettingsError;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::app::App;

/// Who may call what: passwords and secrets are for auth alone.
pub const ALLOWED: Allowed = &[
    ("/identity.v1.Identity/VerifyPassword", &["auth-service"]),
    ("/identity.v1.Identity/VerifyClient", &["auth-service"]),
    ("/identity.v1.Identity/FindApplication", &["auth-service"]),
    ("/identity.v1.Identity/FindSubject", &["auth-service"]),
    ("/identity.v1.Identity/ReportUse", &["auth-service"]),
    ("/identity.v1.Identity/Watch", &["auth-service"]),
    ("/grpc.health.v1.Health/", &["auth-service"]),
    ("/grpc.reflection.v1.ServerReflection/", &["auth-service"]),
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
    reporter.set_serving::<IdentityServer<service::IdentityService>>().await;
    let reflection = settings
        .reflection
        .then(|| {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(contracts::DESCRIPTORS)
                .build_v1()
        })
        .transpose()
        .map_err(|error| SettingsError::new(format!("reflection cannot be offered: {error}")))?;
    let service = service::IdentityService::new(app, stop.clone());
    let server = Server::builder()
        .layer(CallersLayer::new(callers, ALLOWED))
        .add_service(IdentityServer::new(service))
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
