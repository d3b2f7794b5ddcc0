//! The gRPC edge of identity.

mod render;
mod service;
mod watch;

use std::sync::Arc;

use contracts::identity::v1::identity_server::IdentityServer;
use service_kit::grpc::{Allowed, GrpcServerHandle, GrpcSettings};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;
use tonic::service::RoutesBuilder;

use self::service::IdentityService;
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
pub async fn serve(
    settings: &GrpcSettings,
    app: Arc<App>,
    metrics: &Metrics,
) -> Result<GrpcServerHandle, SettingsError> {
    let longest = settings.message_bytes()?;
    let make = |routes: &mut RoutesBuilder, stop| {
        let service = IdentityServer::new(IdentityService::new(app, stop));
        routes.add_service(service.max_decoding_message_size(longest));
    };
    service_kit::grpc::serve(settings, ALLOWED, contracts::DESCRIPTORS, metrics, make).await
}
