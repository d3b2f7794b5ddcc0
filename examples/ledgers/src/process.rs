//! Puts the process together, and takes it apart again.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use client::{Ended, Guard};
use domain::Clock;
use service_kit::lifecycle::Tasks;
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;

use crate::settings::Settings;
use crate::{grpc, http};

/// The name of this service.
pub const NAME: &str = "ledgers";

/// A running process.
pub struct Running {
    /// Where clients reach it.
    pub http: SocketAddr,
    /// Where other services reach it.
    pub grpc: SocketAddr,
    guard: Arc<Guard>,
    http_server: ServerHandle,
    tasks: Tasks,
}

/// Starts the process.
///
/// # Errors
/// One sentence for the operator.
pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Running, SettingsError> {
    let cannot_listen = |error: std::io::Error| SettingsError::new(format!("cannot listen: {error}"));
    let metrics = Metrics::new(NAME)?;
    let guard = Arc::new(if settings.stream {
        Guard::following(&settings.gatehouse, clock, &metrics)?
    } else {
        Guard::fetching(&settings.gatehouse, &settings.jwks, Ended::Asked, clock, &metrics)?
    });
    let mut tasks = Tasks::new();
    tasks.spawn({
        let (guard, stop) = (Arc::clone(&guard), tasks.stop_signal());
        async move { guard.keep_current(stop.cancelled()).await }
    });
    let stop = tasks.stop_signal().cancelled_owned();
    let (grpc, serving) = grpc::serve(settings.grpc.listen, &guard, stop).await.map_err(cannot_listen)?;
    tasks.spawn(serving);
    let (http, http_server) = http::serve(settings.http.listen, &guard).map_err(cannot_listen)?;
    Ok(Running { http, grpc, guard, http_server, tasks })
}

impl Running {
    /// Whether good tokens can be told from others.
    pub fn is_ready(&self) -> bool {
        self.guard.is_ready()
    }

    /// Stops the process.
    pub async fn stop(self) {
        self.http_server.stop(true).await;
        self.tasks.stop().await;
    }
}
