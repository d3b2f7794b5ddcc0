//! The gRPC edge of auth.

mod token_state;

use std::sync::Arc;

use contracts::auth::v1::token_state_server::TokenStateServer;
use service_kit::grpc::{Allowed, GrpcServerHandle, GrpcSettings};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;

use self::token_state::TokenStateService;
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
pub async fn serve(
    settings: &GrpcSettings,
    app: Arc<App>,
    metrics: &Metrics,
) -> Result<GrpcServerHandle, SettingsError> {
    let longest = settings.message_bytes()?;
    let make = |stop| TokenStateServer::new(TokenStateService::new(app, stop)).max_decoding_message_size(longest);
    service_kit::grpc::serve(settings, ALLOWED, contracts::DESCRIPTORS, metrics, make).await
}
