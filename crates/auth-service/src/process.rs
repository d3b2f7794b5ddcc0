//! Puts the process together, and takes it apart again.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_web::web;
use client::{Lease, News, TokenState, TokenVerifier};
use crypto::jws::JwkSet;
use crypto::keys::Purpose;
use crypto::mac::Mac;
use crypto::seal::Sealer;
use domain::change::Change;
use domain::{Clock, OsEntropy};
use error_codes::AUTH;
use service_kit::grpc::{GrpcServerHandle, Peers};
use service_kit::http::{Edge, HttpServerHandle, KnownRoutes, Readiness};
use service_kit::lifecycle::{GRACE, Tasks};
use service_kit::limits::{Limits, NetworkLimit};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;
use store::{OnChange, OpenedFor, Store, Trail};

use crate::app::App;
use crate::app::identity::Identity;
use crate::app::keys::{Keyring, Trust};
use crate::app::meters::{self, Meters};
use crate::app::subscribers::Subscribers;
use crate::app::usage::Usage;
use crate::commands::master_key::refuse_lacking_key;
use crate::settings::Settings;
use crate::{grpc, http};

/// The name of this service.
pub const NAME: &str = "auth-service";
/// The pause between two steps of the sweeper.
const SWEEP: Duration = Duration::from_secs(60);
/// The pause between two looks at what time asks of the signing keys.
const KEEP_TIME: Duration = Duration::from_secs(1);
/// The pause between two reports of who listens, which `auth-service subscribers` counts on.
const REPORT_SUBSCRIBERS: Duration = Duration::from_secs(5);
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
    // The keys may have changed between their first reading and the first look at the feed.
    app.keys.tell();
    app.keys.caught_up().await;
    app.report_keys().await;

    let document = http::document();
    let edge = web::Data::new(Edge {
        codes: &AUTH,
        verifier: Arc::clone(&app.verifier) as _,
        trusted_proxies: settings.http.trusted_proxies.clone(),
        bounds: settings.http.bounds()?,
        networks: NetworkLimit::new(&settings.limits.rates)?,
        unlimited: http::UNLIMITED,
        routes: KnownRoutes::of(&document),
        metrics: app.meters.all.clone(),
    });
    let readiness = Readiness::new(NAME, {
        let app = Arc::clone(&app);
        move || {
            let app = Arc::clone(&app);
            async move {
                // The change feed reads all the time. A read here would wait for its turn at a database that does not answer.
                let database = Lease::is_young(app.age());
                vec![("database", database), ("identity", app.identity.lease.holds())]
            }
        }
    });
    let routes = http::routes(Arc::clone(&app));
    let grpc_server = grpc::serve(&settings.grpc, Arc::clone(&app), &app.meters.all).await?;
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
        self.app.report_keys().await;
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
    let deployment_keys = settings.keys.load()?;
    let no_keys = JwkSet::from_public(&[]).map_err(|error| SettingsError::new(error.to_string()))?;
    let state = Arc::new(TokenState::new(no_keys));
    let news = Arc::new(News::new(Arc::clone(&state), Arc::clone(&clock)));
    let (issuers, lifetimes) = (settings.tokens.issuers()?, settings.tokens.lifetimes()?);
    let sealer = Sealer::new(&deployment_keys.purpose(Purpose::SealedRow));
    let keys = Arc::new(Keyring::new(settings.tokens.algorithm()?, settings.signing.spans(&lifetimes)?, sealer));
    let on_change = on_change(Arc::clone(&news), Arc::clone(&keys));
    let store = Store::open(store_settings, OpenedFor::Serving, &AUTH, Arc::clone(&clock), on_change)
        .map_err(|failure| cannot_open(failure.cause().map(ToString::to_string).unwrap_or_default()))?;
    let trail = Trail::new(store.clone(), settings.audit.retention()?);
    let meters = Meters::new(Metrics::new(NAME)?, clock.now())?;
    let peers = Peers::new(&settings.identity, "identity", &meters.all)?;
    let identity = Identity::new(peers, settings.limits.failed_clients()?, Arc::clone(&clock));
    let limits = Limits::new(&settings.limits.rates, &AUTH)?;
    let routes = settings.authorization.routes()?;
    let internal_networks = settings.authorization.internal_networks()?;

    let app = Arc::new_cyclic(|weak: &Weak<App>| {
        let app = weak.clone();
        let age = move || {
            let app = app.upgrade()?;
            Some(app.age()?.max(app.identity.lease.age()?))
        };
        let verifier = TokenVerifier::new(Arc::clone(&state), issuers.clone(), Arc::clone(&clock), age);
        App {
            store,
            trail,
            identity,
            keys,
            state,
            verifier: Arc::new(verifier),
            news,
            subscribers: Arc::new(Subscribers::new(clock.now(), &OsEntropy)),
            usage: Usage::default(),
            refresh_mac: Mac::new(&deployment_keys.purpose(Purpose::RefreshToken)),
            master_key: deployment_keys.current_id(),
            issuers,
            lifetimes,
            meters,
            limits,
            routes,
            internal_networks,
            clock,
            entropy: Arc::new(OsEntropy),
        }
    });
    refuse_foreign_keys(&app.keys, &app.store, settings).await?;
    refuse_lacking_key(settings, &deployment_keys, &app.store, app.clock.now()).await?;
    meters::watch(&app)?;
    let cannot_sign = |failure: error_codes::Failure| SettingsError::new(format!("no token can be signed: {failure}"));
    app.keys.make_first(&app.store, &*app.entropy).await.map_err(cannot_sign)?;
    app.keys.load(&app.store, &app.news).await.map_err(cannot_sign)?;
    Ok(app)
}

/// Refuses deployment keys that are not those of the database, before anything is written with them.
pub(crate) async fn refuse_foreign_keys(
    keys: &Keyring,
    store: &Store,
    settings: &Settings,
) -> Result<(), SettingsError> {
    let trust = keys.trust(store).await;
    match trust.map_err(|failure| SettingsError::new(format!("the database cannot be used: {failure}")))? {
        Trust::Whole => Ok(()),
        Trust::Broken(reason) => Err(settings.keys.foreign(reason)),
    }
}

/// What happens at every change of the own database, before its request is answered.
fn on_change(news: Arc<News>, keys: Arc<Keyring>) -> OnChange {
    Arc::new(move |change: &Change| match change {
        Change::KeysChanged => keys.tell(),
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
        let (app, stop) = (Arc::clone(app), stop.clone());
        async move { app.keys.follow(&app.store, &app.news, stop.cancelled()).await }
    });
    tasks.spawn_every(KEEP_TIME, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move { app.keep_time().await }
        }
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
    tasks.spawn_every(REPORT_SUBSCRIBERS, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move { app.report_subscribers().await }
        }
    });
    tasks.spawn_every(SWEEP, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move {
                app.report_keys().await;
                sweep(&app).await;
            }
        }
    });
}

/// The sweeper comes by: what is past its time leaves the tables and the memory.
async fn sweep(app: &App) {
    app.state.forget_before(app.clock.now().minus(client::HISTORY));
    let swept = async {
        let store = &app.store;
        let deleted = [
            ("sessions", store.sweep(|unit| auth_store::sessions::sweep(unit, unit.now())).await?),
            ("revocations", store.sweep(|unit| auth_store::revocations::sweep(unit, unit.now())).await?),
            ("feed", store.sweep(|unit| store::sweep_feed(unit, unit.now().minus(FEED_RETENTION))).await?),
            ("audit_events", app.trail.sweep().await?),
        ];
        Ok::<_, error_codes::Failure>(deleted)
    };
    match swept.await {
        Ok(deleted) => app.meters.sweeper.done(app.clock.now(), &deleted),
        Err(failure) => {
            app.meters.sweeper.failed();
            tracing::warn!(%failure, "the sweeper could not work and will try again");
        }
    }
}
