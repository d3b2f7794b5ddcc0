//! What a store counts and measures, as a collector of Prometheus: [`Store`] itself is added to the metrics of a process.

use std::time::{Duration, Instant};

use error_codes::{Failure, Kind, Result};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts};

use crate::Store;

/// Bounds of durations, in seconds.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of the number of units that share a commit.
const UNITS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// The counters of one store.
#[derive(Clone, Debug)]
pub(crate) struct StoreMeter {
    units: HistogramVec,
    reads: Histogram,
    writes: Histogram,
    failures: IntCounterVec,
    /// Units of work that shared a commit; SQLite alone.
    pub(crate) shared: Histogram,
    /// Units of work that were run again because another transaction stood in their way; PostgreSQL alone.
    pub(crate) repeats: IntCounter,
    /// Units of work before the gate, or before the one writer of SQLite.
    pub(crate) waiting: IntGauge,
    connections: IntGauge,
    in_use: IntGauge,
    feed_age: Gauge,
}

/// What a unit of work is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Read,
    Write,
}

/// Counts who waits, also when it gives up.
pub(crate) struct Waiting<'a>(&'a IntGauge);

impl StoreMeter {
    pub(crate) fn new() -> prometheus::Result<Self> {
        let histogram =
            |name: &str, help: &str, bounds: &[f64]| HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let name = "gatehouse_database_unit_duration_seconds";
        let help = "Units of work, from their call to their end, waiting and commit included.";
        let units = HistogramVec::new(histogram(name, help, SECONDS), &["kind"])?;
        let name = "gatehouse_database_commit_units";
        let help = "Units of work that shared a commit (SQLite).";
        let shared = Histogram::with_opts(histogram(name, help, UNITS))?;
        let name = "gatehouse_database_failures_total";
        let help = "Units of work that the database could not do, because it was not there or made no sense.";
        let failures = IntCounterVec::new(Opts::new(name, help), &["reason"])?;
        let name = "gatehouse_database_repeats_total";
        let help = "Units of work that were run again because another transaction stood in their way (PostgreSQL).";
        Ok(Self {
            reads: units.with_label_values(&["read"]),
            writes: units.with_label_values(&["write"]),
            units,
            failures,
            shared,
            repeats: IntCounter::new(name, help)?,
            waiting: IntGauge::new("gatehouse_database_waiting", "Units of work that wait for their turn.")?,
            connections: IntGauge::new("gatehouse_database_connections", "Connections there may be at most.")?,
            in_use: IntGauge::new("gatehouse_database_connections_in_use", "Connections at work.")?,
            feed_age: Gauge::new(
                "gatehouse_database_feed_age_seconds",
                "How old this process's knowledge of its own database is.",
            )?,
        })
    }

    /// Counts somebody who waits until the guard is dropped.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.inc();
        Waiting(&self.waiting)
    }

    /// Measures a unit of work that is over.
    pub(crate) fn measure<T>(&self, purpose: Purpose, began: Instant, outcome: &Result<T>) {
        let histogram = match purpose {
            Purpose::Read => &self.reads,
            Purpose::Write => &self.writes,
        };
        histogram.observe(began.elapsed().as_secs_f64());
        let reason = match outcome.as_ref().err().map(|failure: &Failure| failure.code().kind()) {
            Some(Kind::Unavailable) => "unavailable",
            Some(Kind::Internal) => "internal",
            Some(_) | None => return,
        };
        self.failures.with_label_values(&[reason]).inc();
    }

    fn parts(&self) -> [&dyn Collector; 8] {
        let Self { units, failures, shared, repeats, waiting, connections, in_use, feed_age, .. } = self;
        [units, failures, shared, repeats, waiting, connections, in_use, feed_age]
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Collector for Store {
    fn desc(&self) -> Vec<&Desc> {
        self.meter().parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let meter = self.meter();
        let (most, free) = self.connections();
        meter.connections.set(most);
        meter.in_use.set(most - free);
        meter.feed_age.set(self.age().map_or(f64::INFINITY, |age: Duration| age.as_secs_f64()));
        meter.parts().into_iter().flat_map(Collector::collect).collect()
    }
}
