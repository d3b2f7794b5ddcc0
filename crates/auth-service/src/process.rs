//! Puts the process together, and takes it apart again.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use actix_web::web;
use client::{Lease, News, TokenState, TokenVerifier};
use crypto::jws::JwkSet;
use crypto::keys::{DeploymentKeys, Purpose};
use crypto::mac::Mac;
use crypto::seal::Sealer;
use domain::change::Change;
use domain::{Clock, OsEntropy};
use error_codes::AUTH;
use service_kit::grpc::{GrpcServerHandle, Peers};
use service_kit::http::{Edge, HttpServerHandle, KnownRoutes, Readiness};
use service_kit::lifecycle::{GRACE, Tasks};
use service_kit::settings::SettingsError;
use store::{OnChange, OpenedFor, Store, Trail};

use crate::app::App;
use crate::app::identity::Identity;
use crate::app::keys::Keyring;
use crate::app::usage::Usage;
use crate::settings::Settings;
use crate::{grpc, http};

/// The name of this service.
pub const NAME: &str = "auth-service";
/// The pause between two steps of the sweeper.
const SWEEP: Duration = Duration::from_secs(60);
/// The pause between two reports of used secrets.
const REPORT: Duration = Duration::from_secs(10);
/// How long the change feed is kept: over what a verifier needs again after a restart.
const FEED_RETENTION: Duration = Duration::from_secs(26 * 60 * 60);

/// A running process.
pub struct Running {
    /// Where clients reach it.
    pub http: SocketAddr,
    /// Where other services reach it.
    pub grpc: SocketAddr,
    /// Where operators reach it.
    pub operations: SocketAddr,
    app: Arc<App>,
    http_server: HttpServerHandle,
    grpc_server: GrpcServerHandle,
    tasks: Tasks,
}

/// Starts the process over a database whose schema is in order.
///
/// # Errors
/// One sentence for the operator.
pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Running, SettingsError> {
    let app = assemble(settings, clock).await?;
    let mut tasks = Tasks::new();
    run_beside(&app, &mut tasks);
    // What this process knows of its own database comes before its first answer.
    app.store.caught_up().await;

    let document = http::document();
    let edge = web::Data::new(Edge {
        codes: &AUTH,
        verifier: Arc::clone(&app.verifier) as _,
        trusted_proxies: settings.http.trusted_proxies.clone(),
        routes: KnownRoutes::of(&document),
    });
    let readiness = Readiness::new(NAME, {
        let app = Arc::clone(&app);
        move || {
            let app = Arc::clone(&app);
            async move {
                let database = app.store.read(|_| Ok(())).await.is_ok() && Lease::is_young(app.store.age());
                vec![("database", database), ("identity", app.identity.lease.holds())]
            }
        }
    });
    let routes = http::routes(Arc::clone(&app));
    let grpc_server = grpc::serve(&settings.grpc, Arc::clone(&app)).await?;
    let http_server =
        service_kit::http::serve(&settings.http, settings.operations.listen, edge, readiness, document, routes)?;
    Ok(Running {
        http: http_server.address,
        grpc: grpc_server.address,
        operations: http_server.operations,
        app,
        http_server,
        grpc_server,
        tasks,
    })
}

impl Running {
    /// What every request goes through, for tests that do not wait for what runs beside.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops the process: no new requests, those under way are finished, what was counted is reported, the database is free.
    pub async fn stop(self) {
        self.http_server.stop().await;
        self.grpc_server.stop().await;
        self.app.usage.report(&self.app.identity).await;
        self.tasks.stop().await;
        let store = self.app.store.clone();
        drop(self.app);
        if tokio::time::timeout(GRACE, store.close()).await.is_err() {
            tracing::warn!("something still holds the database; it is given up when the process ends");
        }
    }
}

async fn assemble(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<App>, SettingsError> {
    let store_settings = &settings.database;
    let cannot_open =
        |reason: String| SettingsError::new(format!("the database {} cannot be used: {reason}", store_settings.url));
    store::check(&store_settings.url, &auth_store::migrations()).map_err(|error| cannot_open(error.to_string()))?;
    let deployment_keys = DeploymentKeys::parse(settings.keys.read()?.expose())
        .map_err(|error| SettingsError::new(format!("the key file {}: {error}", settings.keys.file.display())))?;
    let no_keys = JwkSet::from_public(&[]).map_err(|error| SettingsError::new(error.to_string()))?;
    let state = Arc::new(TokenState::new(no_keys));
    let news = Arc::new(News::new(Arc::clone(&state), Arc::clone(&clock)));
    let reload = Arc::new(OnceLock::<Weak<App>>::new());
    let on_change = on_change(Arc::clone(&news), Arc::clone(&reload));
    let store = Store::open(store_settings, OpenedFor::Serving, &AUTH, Arc::clone(&clock), on_change)
        .map_err(|failure| cannot_open(failure.cause().map(ToString::to_string).unwrap_or_default()))?;
    let trail = Trail::new(store.clone(), settings.audit.retention()?);
    let peers = Peers::new(&settings.identity)?;
    let identity = Identity::new(peers, Arc::clone(&clock));
    let (issuers, lifetimes) = (settings.tokens.issuers()?, settings.tokens.lifetimes()?);
    let algorithm = settings.tokens.algorithm()?;
    let sealer = Sealer::new(&deployment_keys.purpose(Purpose::SealedRow));

    let app = Arc::new_cyclic(|weak: &Weak<App>| {
        let app = weak.clone();
        let is_current =
            move || app.upgrade().is_some_and(|app| Lease::is_young(app.store.age()) && app.identity.lease.holds());
        let verifier = TokenVerifier::new(Arc::clone(&state), issuers.clone(), Arc::clone(&clock), is_current);
        App {
            store,
            trail,
            identity,
            keys: Keyring::new(algorithm, sealer),
            state,
            verifier: Arc::new(verifier),
            news,
            usage: Usage::default(),
            refresh_mac: Mac::new(&deployment_keys.purpose(Purpose::RefreshToken)),
            issuers,
            lifetimes,
            clock,
            entropy: Arc::new(OsEntropy),
        }
    });
    // Set once, here; a second time cannot be.
    let _ = reload.set(Arc::downgrade(&app));
    let cannot_sign = |failure: error_codes::Failure| SettingsError::new(format!("no token can be signed: {failure}"));
    app.keys.make_first(&app.store, &*app.entropy).await.map_err(cannot_sign)?;
    app.keys.load(&app.store, &app.state).await.map_err(cannot_sign)?;
    Ok(app)
}

/// What happens at every change of the own database, before its request is answered.
fn on_change(news: Arc<News>, app: Arc<OnceLock<Weak<App>>>) -> OnChange {
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move |change: &Change| match change {
        Change::KeysChanged => {
            let Some(app) = app.get().and_then(Weak::upgrade) else { return };
            runtime.spawn(async move {
                match app.keys.load(&app.store, &app.state).await {
                    Ok(()) => app.news.spread(&Change::KeysChanged),
                    Err(failure) => tracing::error!(%failure, "the changed signing keys could not be read"),
                }
            });
        }
        Change::TenantEpoch(..)
        | Change::ApplicationEpoch(..)
        | Change::UserEpoch(..)
        | Change::SecretWithdrawn(_)
        | Change::UserRevised(_)
        | Change::ApplicationRevised(_)
        | Change::PolicyRevised(_)
        | Change::TenantRevised(_)
        | Change::SessionEnded(..) => news.spread(change),
    })
}

/// Starts what runs beside the requests.
fn run_beside(app: &Arc<App>, tasks: &mut Tasks) {
    let stop = tasks.stop_signal();
    tasks.spawn({
        let (app, stop) = (Arc::clone(app), stop.clone());
        async move { app.store.follow(client::HISTORY, stop.cancelled()).await }
    });
    tasks.spawn({
        let (app, stop) = (Arc::clone(app), stop);
        async move { app.identity.follow(&app.news, stop.cancelled()).await }
    });
    tasks.spawn_every(REPORT, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move { app.usage.report(&app.identity).await }
        }
    });
    tasks.spawn_every(SWEEP, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move { sweep(&app).await }
        }
    });
}

/// The sweeper comes by: what is past its time leaves the tables and the memory.
async fn sweep(app: &App) {
    app.state.forget_before(app.clock.now().minus(client::HISTORY));
    let swept = async {
        let store = &app.store;
        store.sweep(|unit| auth_store::sessions::sweep(unit, unit.now())).await?;
        store.sweep(|unit| auth_store::revocations::sweep(unit, unit.now())).await?;
        store.sweep(|unit| store::sweep_feed(unit, unit.now().minus(FEED_RETENTION))).await?;
        app.trail.sweep().await
    };
    if let Err(failure) = swept.await {
        tracing::warn!(%failure, "the sweeper could not work and will try again");
    }
}
