//! What auth counts and measures beside what its edges and its store do.

use std::sync::{Arc, Weak};

use ::auth::GrantType;
use client::Lease;
use error_codes::{Kind as FailureKind, Result};
use prometheus::IntCounterVec;
use service_kit::metrics::{Kind, Metrics, SweeperMeter, seconds_or_infinity};
use service_kit::settings::SettingsError;

use super::App;
use super::tokens::TokenAnswer;

/// The meters of the process.
pub struct Meters {
    /// All of them, to be shown.
    pub all: Metrics,
    /// The sweeper.
    pub sweeper: SweeperMeter,
    token_requests: IntCounterVec,
}

impl Meters {
    /// Nothing counted yet.
    pub fn new(all: Metrics, now: domain::Timestamp) -> Result<Self, SettingsError> {
        let help = "Well-formed token requests, by what was presented and what became of it.";
        let token_requests = all.counters("gatehouse_token_requests_total", help, &["grant", "outcome"])?;
        Ok(Self { sweeper: SweeperMeter::new(&all, now)?, token_requests, all })
    }

    /// Counts a token request.
    pub(super) fn count_token_request(&self, grant: GrantType, outcome: &Result<TokenAnswer>) {
        let outcome = match outcome.as_ref().map_err(|failure| failure.code().kind()) {
            Ok(_) => "issued",
            Err(FailureKind::Unavailable) => "unavailable",
            Err(FailureKind::Throttled) => "throttled",
            Err(FailureKind::Internal) => "failed",
            Err(
                FailureKind::Malformed
                | FailureKind::Unauthenticated
                | FailureKind::Forbidden
                | FailureKind::NotFound
                | FailureKind::Conflict
                | FailureKind::TooLarge
                | FailureKind::MethodNotAllowed
                | FailureKind::Unprocessable,
            ) => "refused",
        };
        self.token_requests.with_label_values(&[grant.name(), outcome]).inc();
    }
}

/// Shows what is read when somebody looks: memories, streams, listeners.
pub fn watch(app: &Arc<App>) -> Result<(), SettingsError> {
    let all = &app.meters.all;
    all.add("gatehouse_database", app.store.clone())?;
    all.watch_cache("signatures", &app.verifier.meter)?;
    all.watch_cache("clients", &app.identity.clients_meter)?;
    all.watch_cache("applications", &app.identity.applications_meter)?;
    all.watch_cache("subjects", &app.identity.subjects_meter)?;
    // The meters live in what they look at.
    let look = |read: fn(&App) -> f64| {
        let app: Weak<App> = Arc::downgrade(app);
        move || app.upgrade().map_or(f64::NAN, |app| read(&app))
    };
    let stream = [("stream", "identity")];
    let help = "How old what a stream of the other service told is.";
    let age = look(|app| seconds_or_infinity(app.identity.lease.age()));
    all.sample(Kind::Gauge, "gatehouse_stream_age_seconds", help, &stream, age)?;
    let help = "Whether what a stream told, and the own database, are young enough to say yes on their ground.";
    let lease = look(|app| f64::from(u8::from(app.identity.lease.holds() && Lease::is_young(app.store.age()))));
    all.sample(Kind::Gauge, "gatehouse_lease_holds", help, &[("lease", "epochs")], lease)?;
    let help = "Listeners to the stream of this process.";
    #[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
    let subscribers = look(|app| app.news.followers() as f64);
    all.sample(Kind::Gauge, "gatehouse_stream_subscribers", help, &[], subscribers)
}
