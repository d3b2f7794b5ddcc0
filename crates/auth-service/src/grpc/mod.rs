//! The gRPC edge of auth.

mod authorization;
mod ext_authz;
mod token_state;

use std::sync::Arc;

use contracts::auth::v1::authorization_server::AuthorizationServer;
use contracts::auth::v1::token_state_server::TokenStateServer;
use domain::token::AccessToken;
use envoy_types::pb::envoy::service::auth::v3::authorization_server::AuthorizationServer as ExtAuthzServer;
use error_codes::{Failure, Result, aut};
use service_kit::Verifier as _;
use service_kit::VerifyFault;
use service_kit::grpc::{Allowed, GrpcServerHandle, GrpcSettings};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;
use tonic::Request;
use tonic::service::RoutesBuilder;

use self::authorization::AuthorizationService;
use self::ext_authz::ExtAuthzService;
use self::token_state::TokenStateService;
use crate::app::{App, Origin};

/// Who may call what. `resource-server` stands for any service that verifies tokens and asks questions, as with the
/// `client` crate; `envoy` for the proxies.
pub const ALLOWED: Allowed = &[
    ("/auth.v1.Authorization/BatchCheck", &["resource-server"]),
    ("/auth.v1.Authorization/Check", &["resource-server"]),
    ("/auth.v1.Authorization/Introspect", &["resource-server"]),
    ("/auth.v1.Authorization/ListPermissions", &["resource-server"]),
    ("/auth.v1.TokenState/Watch", &["identity-service", "resource-server"]),
    ("/envoy.service.auth.v3.Authorization/Check", &["envoy"]),
    ("/grpc.health.v1.Health/", &["envoy", "identity-service", "resource-server"]),
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
    let make = |routes: &mut RoutesBuilder, stop| {
        let authorization = AuthorizationServer::new(AuthorizationService::new(Arc::clone(&app)));
        let ext_authz = ExtAuthzServer::new(ExtAuthzService::new(Arc::clone(&app)));
        let token_state = TokenStateServer::new(TokenStateService::new(app, stop));
        routes
            .add_service(authorization.max_decoding_message_size(longest))
            .add_service(ext_authz.max_decoding_message_size(longest))
            .add_service(token_state.max_decoding_message_size(longest));
    };
    service_kit::grpc::serve(settings, ALLOWED, contracts::DESCRIPTORS, metrics, make).await
}

/// What a token of a message says.
///
/// # Errors
/// AUT-0006 where there is none, AUT-0007, and AUT-0016 while what ended tokens is not known well enough.
fn verify(app: &App, token: &str) -> Result<Arc<AccessToken>> {
    if token.is_empty() {
        return Err(aut::TOKEN_MISSING.into());
    }
    app.verifier.verify(token).map_err(|fault| match fault {
        VerifyFault::Invalid => aut::INVALID_TOKEN.into(),
        VerifyFault::Stale => {
            let reason = "what is known of revocations is too old";
            Failure::new(aut::UNAVAILABLE).with_retry_after(std::time::Duration::from_secs(1)).with_cause(reason)
        }
    })
}

/// Where a call comes from: the service that calls.
fn origin<T>(request: &Request<T>) -> Origin {
    Origin {
        address: request.remote_addr().map(|address| address.ip().to_string()).unwrap_or_default(),
        request_id: service_kit::grpc::request_id(),
        ..Origin::default()
    }
}
