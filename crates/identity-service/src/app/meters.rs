//! What identity counts and measures beside what its edges and its store do.

use std::sync::{Arc, Weak};

use client::{Lease, Leases};
use prometheus::{Histogram, IntCounter, IntCounterVec};
use service_kit::metrics::{CacheMeter, Kind, Metrics, SECONDS, SweeperMeter, seconds_or_infinity};
use service_kit::settings::SettingsError;

use super::App;

/// The meters of the process.
pub struct Meters {
    /// All of them, to be shown.
    pub all: Metrics,
    /// The sweeper.
    pub sweeper: SweeperMeter,
    /// How often it was remembered what a caller holds.
    pub held: CacheMeter,
    logins: IntCounterVec,
    client_checks: IntCounterVec,
}

/// What the password hasher counts.
#[derive(Clone, Debug)]
pub struct HashMeter {
    /// The work itself, without waiting for a turn.
    pub duration: Histogram,
    /// Who found the queue full.
    pub refused: IntCounter,
}

impl Meters {
    /// Nothing counted yet.
    pub fn new(all: Metrics, now: domain::Timestamp) -> Result<Self, SettingsError> {
        let help = "Password logins, by what became of them.";
        let logins = all.counters("gatehouse_logins_total", help, &["outcome"])?;
        let help = "Checks of a client's secret, by what became of them.";
        let client_checks = all.counters("gatehouse_client_checks_total", help, &["outcome"])?;
        Ok(Self { sweeper: SweeperMeter::new(&all, now)?, held: CacheMeter::default(), logins, client_checks, all })
    }

    /// Counts a login; the outcome is one of a few words of ours.
    pub(super) fn count_login(&self, outcome: &'static str) {
        self.logins.with_label_values(&[outcome]).inc();
    }

    /// Counts a check of a client's secret.
    pub(super) fn count_client_check(&self, is_verified: bool) {
        self.client_checks.with_label_values(&[if is_verified { "verified" } else { "wrong" }]).inc();
    }
}

impl HashMeter {
    /// Nothing hashed yet.
    pub fn new(all: &Metrics) -> Result<Self, SettingsError> {
        let help = "Hashing or comparing one password, without waiting for a turn.";
        let duration = all.histogram("gatehouse_password_hash_duration_seconds", help, SECONDS)?;
        let help = "Passwords that were not looked at because the queue was full.";
        Ok(Self { duration, refused: all.counter("gatehouse_password_hash_refused_total", help)? })
    }
}

/// Shows what is read when somebody looks: memories, queues, streams, listeners.
pub fn watch(app: &Arc<App>, leases: &Arc<Leases>) -> Result<(), SettingsError> {
    let all = &app.meters.all;
    all.add("gatehouse_database", app.store.clone())?;
    all.watch_cache("signatures", &app.verifier.meter)?;
    all.watch_cache("held", &app.meters.held)?;
    // The meters live in what they look at.
    let look = |read: fn(&App) -> f64| {
        let app: Weak<App> = Arc::downgrade(app);
        move || app.upgrade().map_or(f64::NAN, |app| read(&app))
    };
    let (name, help) = ("gatehouse_password_hash_running", "Passwords that are hashed at the moment.");
    all.sample(Kind::Gauge, name, help, &[], look(|app| count(app.hasher.running())))?;
    let (name, help) = ("gatehouse_password_hash_waiting", "Passwords that wait to be hashed.");
    all.sample(Kind::Gauge, name, help, &[], look(|app| count(app.hasher.waiting())))?;
    let (name, help) = ("gatehouse_password_hash_places", "Passwords that may be hashed or wait at most.");
    all.sample(Kind::Gauge, name, help, &[], look(|app| count(app.hasher.places())))?;
    let (name, help) = ("gatehouse_stream_age_seconds", "How old what a stream of the other service told is.");
    for (stream, lease) in [("auth_sessions", sessions as fn(&Leases) -> &Lease), ("auth_epochs", epochs)] {
        let leases = Arc::clone(leases);
        let age = move || seconds_or_infinity(lease(&leases).age());
        all.sample(Kind::Gauge, name, help, &[("stream", stream)], age)?;
    }
    let help = "Whether what a stream told, and the own database, are young enough to say yes on their ground.";
    let holds = {
        let (app, leases) = (Arc::downgrade(app), Arc::clone(leases));
        move || {
            let is_young = app.upgrade().is_some_and(|app| Lease::is_young(app.store.age()));
            f64::from(u8::from(is_young && leases.sessions.holds()))
        }
    };
    all.sample(Kind::Gauge, "gatehouse_lease_holds", help, &[("lease", "sessions")], holds)?;
    let (name, help) = ("gatehouse_stream_subscribers", "Listeners to the stream of this process.");
    all.sample(Kind::Gauge, name, help, &[], look(|app| count(app.news.followers())))
}

fn sessions(leases: &Leases) -> &Lease {
    &leases.sessions
}

fn epochs(leases: &Leases) -> &Lease {
    &leases.epochs
}

#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
fn count(count: usize) -> f64 {
    count as f64
}
