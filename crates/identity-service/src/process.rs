//! Puts the process together, and takes it apart again.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ::identity::product::Products;
use ::identity::throttle::NETWORK;
use actix_web::web;
use client::{Lease, Leases, News, TokenState, TokenVerifier};
use crypto::jws::JwkSet;
use crypto::keys::Purpose;
use crypto::mac::Mac;
use crypto::password::Passwords;
use crypto::seal::Sealer;
use domain::change::Change;
use domain::{Clock, Entropy, OsEntropy};
use error_codes::IDENTITY;
use moka::sync::Cache;
use service_kit::grpc::{GrpcServerHandle, Peers};
use service_kit::http::{Edge, HttpServerHandle, KnownRoutes, Readiness};
use service_kit::lifecycle::{GRACE, Tasks};
use service_kit::limits::{Limits, NetworkLimit};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;
use store::{OnChange, OpenedFor, Store, Trail};

use crate::app::App;
use crate::app::attempts::LoginKeys;
use crate::app::first_start::administrator_password;
use crate::app::hashing::Hasher;
use crate::app::meters::{self, HashMeter, Meters};
use crate::settings::Settings;
use crate::{grpc, http};

/// The name of this service.
pub const NAME: &str = "identity-service";
/// The pause between two steps of the sweeper.
const SWEEP: Duration = Duration::from_secs(60);
/// How long the change feed is kept: over what a verifier needs again after a restart.
const FEED_RETENTION: Duration = Duration::from_secs(26 * 60 * 60);
/// Callers whose permissions are remembered.
const CALLERS: u64 = 10_000;

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

/// Starts the process over a database whose schema is in order; at the first start it makes the default tenant.
///
/// # Errors
/// One sentence for the operator.
pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Running, SettingsError> {
    let leases = Arc::new(Leases::default());
    let app = assemble(settings, OpenedFor::Serving, clock, Arc::clone(&leases))?;
    let deployment_keys = settings.keys.load()?;
    let master_keys = app.master_keys(settings, &deployment_keys);
    master_keys.check().await?;
    master_keys.note_current().await?;
    plant_default_tenant(&app, &settings.admin.password_file).await?;
    meters::watch(&app, &leases)?;
    let mut tasks = Tasks::new();
    run_beside(&app, &leases, &mut tasks, settings)?;
    // What this process knows of its own database comes before its first answer.
    app.store.caught_up().await;

    let document = http::document();
    let edge = web::Data::new(Edge {
        codes: &IDENTITY,
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
            let (app, leases) = (Arc::clone(&app), Arc::clone(&leases));
            async move {
                // The change feed reads all the time. A read here would wait for its turn at a database that does not answer.
                let database = Lease::is_young(app.store.age());
                vec![("database", database), ("auth", leases.sessions.holds())]
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
    /// What every request goes through, for tests that make what no route makes.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops the process: no new requests, those under way are finished, the database is free.
    pub async fn stop(self) {
        self.http_server.stop().await;
        self.grpc_server.stop().await;
        self.tasks.stop().await;
        let store = self.app.store.clone();
        drop(self.app);
        if tokio::time::timeout(GRACE, store.close()).await.is_err() {
            tracing::warn!("something still holds the database; it is given up when the process ends");
        }
    }
}

/// The service over its database, without listeners; commands use it too.
///
/// # Errors
/// One sentence for the operator.
pub fn assemble(
    settings: &Settings,
    purpose: OpenedFor,
    clock: Arc<dyn Clock>,
    leases: Arc<Leases>,
) -> Result<Arc<App>, SettingsError> {
    let store_settings = &settings.database;
    let cannot_open =
        |reason: String| SettingsError::new(format!("the database {} cannot be used: {reason}", store_settings.url));
    store::check(&store_settings.url, &identity_store::migrations()).map_err(|error| cannot_open(error.to_string()))?;
    let deployment_keys = settings.keys.load()?;
    let no_keys = JwkSet::from_public(&[]).map_err(|error| SettingsError::new(error.to_string()))?;
    let state = Arc::new(TokenState::new(no_keys));
    let news = Arc::new(News::new(Arc::clone(&state), Arc::clone(&clock)));
    let held = Cache::new(CALLERS);
    let on_change: OnChange = {
        let (news, held) = (Arc::clone(&news), held.clone());
        Arc::new(move |change: &Change| {
            news.spread(change);
            // Changes are rare beside requests, and what callers hold is read again in two queries.
            held.invalidate_all();
        })
    };
    let store = Store::open(store_settings, purpose, &IDENTITY, Arc::clone(&clock), on_change)
        .map_err(|failure| cannot_open(failure.cause().map(ToString::to_string).unwrap_or_default()))?;
    let trail = Trail::new(store.clone(), settings.audit.retention()?);
    let issuers = settings.tokens.issuers()?;
    let default_tenant = settings.tokens.default_tenant()?;
    let products = Products::new(settings.applications.products.clone())
        .map_err(|reason| SettingsError::new(format!("'applications.products' {reason}")))?;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let passwords = Passwords::new(&deployment_keys.purpose(Purpose::PasswordPrehash), settings.passwords.bcrypt_cost)
        .map_err(|error| SettingsError::new(format!("'passwords.bcrypt_cost' cannot be used: {error}")))?;
    let threads = match settings.passwords.hashing_threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    let queue = settings.passwords.queue()?;
    let limits = Limits::new(&settings.limits.rates, &IDENTITY)?;
    let login_keys = settings
        .limits
        .login_throttle
        .then(|| LoginKeys::new(Mac::new(&deployment_keys.purpose(Purpose::LoginThrottle))));

    let meters = Meters::new(Metrics::new(NAME)?, clock.now())?;
    let hash_meter = HashMeter::new(&meters.all)?;

    Ok(Arc::new_cyclic(|weak: &Weak<App>| {
        let app = weak.clone();
        let age = move || Some(app.upgrade()?.store.age()?.max(leases.sessions.age()?));
        let verifier = TokenVerifier::new(state, issuers, Arc::clone(&clock), age);
        App {
            store,
            trail,
            verifier: Arc::new(verifier),
            hasher: Hasher::new(passwords, threads, queue, Arc::clone(&entropy), hash_meter),
            login_keys,
            master_key: deployment_keys.current_id(),
            sealer: Sealer::new(&deployment_keys.purpose(Purpose::SealedRow)),
            news,
            held,
            products,
            default_tenant,
            meters,
            limits,
            clock,
            entropy,
        }
    }))
}

async fn plant_default_tenant(app: &App, password_file: &Path) -> Result<(), SettingsError> {
    let cannot = |failure: error_codes::Failure| {
        let fields: Vec<String> = failure.fields().iter().map(|(name, detail)| format!("{name}: {detail:?}")).collect();
        SettingsError::new(format!("the first tenant cannot be made: {failure} {}", fields.join(", ")))
    };
    let slug = app.default_tenant.clone();
    if !app.has_tenant(&slug).await.map_err(cannot)? {
        let password = administrator_password(password_file, &*app.entropy)?;
        if app.plant(&slug, Some(password)).await.map_err(cannot)? {
            tracing::info!(tenant = %slug, "the first tenant was made; its administrator's password is in 'admin.password_file'");
        } else if !app.has_tenant(&slug).await.map_err(cannot)? {
            let reason = format!("'tokens.default_tenant' is '{slug}', which was deleted and is never given again");
            return Err(SettingsError::new(reason));
        }
    }
    app.keep_platform_role().await.map_err(cannot)
}

/// Starts what runs beside the requests.
fn run_beside(
    app: &Arc<App>,
    leases: &Arc<Leases>,
    tasks: &mut Tasks,
    settings: &Settings,
) -> Result<(), SettingsError> {
    let stop = tasks.stop_signal();
    tasks.spawn({
        let (app, stop) = (Arc::clone(app), stop.clone());
        async move { app.store.follow(client::HISTORY, stop.cancelled()).await }
    });
    tasks.spawn({
        let peers = Peers::new(&settings.auth, "auth", &app.meters.all)?;
        let (app, leases) = (Arc::clone(app), Arc::clone(leases));
        async move {
            let (state, clock) = (Arc::clone(app.news.state()), Arc::clone(&app.clock));
            client::subscribe(peers, state, leases, clock, stop.cancelled()).await;
        }
    });
    tasks.spawn_every(SWEEP, {
        let app = Arc::clone(app);
        move || {
            let app = Arc::clone(&app);
            async move { sweep(&app).await }
        }
    });
    Ok(())
}

/// The sweeper comes by: what is past its time leaves the tables and the memory.
async fn sweep(app: &App) {
    if let Err(failure) = app.purge_deleted_tenants().await {
        tracing::warn!(%failure, "what deleted tenants left could not be deleted and will be later");
    }
    app.news.state().forget_before(app.clock.now().minus(client::HISTORY));
    let master_key = app.master_key;
    let swept = async {
        let store = &app.store;
        store.write(move |unit| store::master_keys::mark_current(unit, master_key)).await?;
        let tries =
            |unit: &mut store::Unit<'_>| identity_store::tries::sweep(unit, unit.now().minus(NETWORK.longest_memory()));
        let deleted = [
            ("login_tries", store.sweep(tries).await?),
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
