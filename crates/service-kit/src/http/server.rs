//! Starts and stops the HTTP listeners of a process.

use std::future::{Ready, ready};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::connections::Connections;
use super::meter::HttpMeter;
use super::{Bounds, Document, Edge, health, limit, not_found, observe, operations, readyz, version};
use crate::lifecycle::{self, GRACE};
use crate::settings::{SettingsError, within};
use crate::tls::{self, TlsSettings};

/// Where the API document is.
const API: &str = "/openapi.json";
/// How long a client may take for the TLS handshake.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(3);
/// File descriptors that are kept for everything but clients: the database, the other service, files.
const KEPT_DESCRIPTORS: usize = 256;

/// Where the process listens for HTTP.
#[derive(Clone, Debug, Deserialize)]
pub struct HttpSettings {
    /// `ADDRESS:PORT`; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// Threads that serve; 0 for one a core.
    pub workers: usize,
    /// Networks in CIDR form from which `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// What is shown to clients where the listener speaks TLS itself.
    pub tls: TlsSettings,
    /// How long a client may take to send the head of a request.
    pub head_seconds: u64,
    /// How long a client may take to send a body.
    pub body_seconds: u64,
    /// The largest body.
    pub body_bytes: usize,
    /// How long a connection is kept without a request.
    pub keep_alive_seconds: u64,
    /// Connections at most, in all.
    pub connections: usize,
    /// Connections of one network at most.
    pub connections_per_network: usize,
}

impl HttpSettings {
    /// What a body may take.
    pub fn bounds(&self) -> Result<Bounds, SettingsError> {
        let time = Duration::from_secs(within("http.body_seconds", self.body_seconds, 1..=600)?);
        let bytes = within("http.body_bytes", self.body_bytes, 16 * 1024..=16 * 1024 * 1024)?;
        Ok(Bounds { bytes, time })
    }

    /// How many connections all workers together and one network may hold; no more than there are file descriptors for.
    fn connections(&self, descriptors: usize) -> Result<(usize, usize), SettingsError> {
        let wanted = within("http.connections", self.connections, 16..=1_000_000)?;
        let of_network = within("http.connections_per_network", self.connections_per_network, 1..=1_000_000)?;
        let possible = descriptors.saturating_sub(KEPT_DESCRIPTORS).max(16);
        if wanted <= possible {
            return Ok((wanted, of_network));
        }
        tracing::warn!(wanted, possible, "the limit of open files allows fewer connections than 'http.connections'");
        // The share of one network stays the same, so that it still cannot take all.
        Ok((possible, (of_network.min(wanted) * possible / wanted).max(1)))
    }
}

type Checks = dyn Fn() -> Pin<Box<dyn Future<Output = Vec<(&'static str, bool)>> + Send>> + Send + Sync;

/// Tells whether the process can do its work, part by part.
pub struct Readiness {
    service: &'static str,
    checks: Box<Checks>,
}

impl Readiness {
    /// `checks` names every part and whether it is ready; it is asked at each call.
    pub fn new<F>(service: &'static str, checks: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Vec<(&'static str, bool)>> + Send + 'static,
    {
        Self { service, checks: Box::new(move || Box::pin(checks())) }
    }

    pub(super) async fn checks(&self) -> Vec<(&'static str, bool)> {
        (self.checks)().await
    }

    pub(super) fn service(&self) -> &'static str {
        self.service
    }
}

/// The running listeners.
#[derive(Debug)]
pub struct HttpServerHandle {
    /// Where clients reach the service.
    pub address: SocketAddr,
    /// Where operators reach it.
    pub operations: SocketAddr,
    handles: Vec<ServerHandle>,
}

impl HttpServerHandle {
    /// Stops taking connections, finishes what is under way, at most [`GRACE`].
    pub async fn stop(self) {
        for handle in self.handles {
            handle.stop(true).await;
        }
    }
}

/// Serves the routes of a service, the ones every service has, its API page at `/docs/`, and the operations listener.
///
/// # Errors
/// A sentence naming the address that cannot be listened on, or the file that cannot be used.
pub fn serve(
    settings: &HttpSettings,
    operations_listen: SocketAddr,
    edge: web::Data<Edge>,
    readiness: Readiness,
    document: OpenApi,
    routes: impl Fn(&mut web::ServiceConfig) + Send + Clone + 'static,
) -> Result<HttpServerHandle, SettingsError> {
    let (all, of_network) = settings.connections(lifecycle::descriptors())?;
    let connections = Connections::new(of_network, &settings.trusted_proxies);
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    let readiness = web::Data::from(Arc::new(readiness));
    let tls = tls::server(&settings.tls, "http.tls")?;
    let metrics = web::Data::new(edge.metrics.clone());
    let meter = web::Data::new(HttpMeter::new(&metrics, &document)?);
    let (public, address) = listen(settings.listen)?;
    let (private, operations_address) = listen(operations_listen)?;

    // Made once, and not kept in parts by every worker.
    let document = document.to_json().map_err(|error| SettingsError::new(format!("the API document: {error}")))?;
    let document = Document::new(document, "no-cache");

    let shared = readiness.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(limit))
            .wrap(from_fn(observe))
            .app_data(edge.clone())
            .app_data(shared.clone())
            .app_data(meter.clone())
            // Tried in this order, so those that are asked for most come first.
            .configure(routes.clone())
            .service(health)
            .service(readyz)
            .service(version)
            .service(web::redirect("/docs", "/docs/"))
            .route(API, web::get().to(api_document(&document)))
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from(API)))
            .default_service(web::to(not_found))
    })
    .tls_handshake_timeout(HANDSHAKE_PATIENCE)
    .on_connect(move |connection, extensions| connections.opened(connection, extensions))
    .client_request_timeout(Duration::from_secs(within("http.head_seconds", settings.head_seconds, 1..=600)?))
    .client_disconnect_timeout(Duration::from_secs(1))
    .keep_alive(Duration::from_secs(within("http.keep_alive_seconds", settings.keep_alive_seconds, 1..=3_600)?))
    .workers(workers)
    .max_connections(all.div_ceil(workers))
    .shutdown_timeout(GRACE.as_secs())
    .disable_signals();
    // HTTP/1.1 alone: over HTTP/2 the library bounds neither the requests of one connection nor the time for a head.
    let server = match tls {
        Some(config) => server.listen_rustls_0_23(public, config),
        None => server.listen(public),
    };
    let server = server.map_err(|error| cannot_listen(address, &error))?.run();

    let operators =
        HttpServer::new(move || App::new().app_data(readiness.clone()).app_data(metrics.clone()).configure(operations))
            .workers(1)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(private)
            .map_err(|error| cannot_listen(operations_address, &error))?
            .run();

    let handles = vec![server.handle(), operators.handle()];
    for running in [server, operators] {
        tokio::spawn(async move {
            if let Err(error) = running.await {
                tracing::error!(%error, "a listener failed");
            }
        });
    }
    Ok(HttpServerHandle { address, operations: operations_address, handles })
}

/// A handler that answers with the API document.
fn api_document(document: &Document) -> impl Fn(HttpRequest) -> Ready<HttpResponse> + Clone + 'static {
    let document = document.clone();
    move |request| ready(document.answer(&request))
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SettingsError> {
    let listener = TcpListener::bind(address).map_err(|error| cannot_listen(address, &error))?;
    let bound = listener.local_addr().map_err(|error| cannot_listen(address, &error))?;
    Ok((listener, bound))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> SettingsError {
    SettingsError::new(format!("cannot listen on {address}: {error}; choose another address in the settings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(connections: usize, of_network: usize) -> HttpSettings {
        HttpSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            workers: 1,
            tls: TlsSettings::default(),
            trusted_proxies: Vec::new(),
            head_seconds: 5,
            body_seconds: 10,
            body_bytes: 65_536,
            keep_alive_seconds: 75,
            connections,
            connections_per_network: of_network,
        }
    }

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        assert_eq!(settings(16_384, 12_288).connections(1_000_000).unwrap(), (16_384, 12_288));
        assert_eq!(settings(16_384, 12_288).connections(1_024).unwrap(), (768, 576));
        assert_eq!(settings(16_384, 1_000_000).connections(1_024).unwrap(), (768, 768));
        assert!(settings(1, 1).connections(1_024).is_err());
    }
}
