//! What a process counts and measures; `GET /metrics` on the operations listener shows it to Prometheus.
//!
//! A registry belongs to one process and is handed around, since tests run two services in one. Whoever measures keeps
//! its own counters, resolved before the first request, so that counting costs an atomic addition.

mod cache;
mod process;
mod sampled;
mod sweeper;

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};

pub use self::cache::CacheMeter;
pub use self::sampled::Kind;
use self::sampled::Sampled;
pub use self::sweeper::SweeperMeter;
use crate::settings::SettingsError;

/// Bounds of durations, in seconds: from an answer out of memory to the longest patience.
pub const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of one process. Clones share everything.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// The metrics of a service, which is the label `service` of all of them: its build and its process to begin with.
    pub fn new(service: &'static str) -> Result<Self, SettingsError> {
        let labels = [("service".to_owned(), service.to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels)).map_err(|error| cannot("service", &error))?;
        let metrics = Self { registry };
        let version = env!("CARGO_PKG_VERSION");
        let help = "The build that runs; always 1.";
        metrics.sample(Kind::Gauge, "gatehouse_build_info", help, &[("version", version)], || 1.0)?;
        process::measure(&metrics)?;
        Ok(metrics)
    }

    /// Adds what somebody else measures, such as a `Store`, and hands it back.
    pub fn add<C: Collector + Clone + 'static>(&self, name: &str, collector: C) -> Result<C, SettingsError> {
        self.registry.register(Box::new(collector.clone())).map_err(|error| cannot(name, &error))?;
        Ok(collector)
    }

    /// A counter.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, SettingsError> {
        self.add(name, IntCounter::new(name, help).map_err(|error| cannot(name, &error))?)
    }

    /// Counters told apart by labels, whose values must be few and never come from a request.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, SettingsError> {
        self.add(name, IntCounterVec::new(Opts::new(name, help), labels).map_err(|error| cannot(name, &error))?)
    }

    /// A histogram with these bounds, such as [`SECONDS`].
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram, SettingsError> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.add(name, Histogram::with_opts(options).map_err(|error| cannot(name, &error))?)
    }

    /// Histograms told apart by labels, as [`counters`](Self::counters) are.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        bounds: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec, SettingsError> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.add(name, HistogramVec::new(options, labels).map_err(|error| cannot(name, &error))?)
    }

    /// A value that is read when somebody looks, not at every change. One name may be sampled under several labels.
    pub fn sample(
        &self,
        kind: Kind,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), SettingsError> {
        let sampled = Sampled::new(kind, name, help, labels, read).map_err(|error| cannot(name, &error))?;
        self.registry.register(Box::new(sampled)).map_err(|error| cannot(name, &error))
    }

    /// How often a memory knew the answer: `gatehouse_cache_lookups_total{cache,outcome}`.
    pub fn watch_cache(&self, cache: &str, meter: &CacheMeter) -> Result<(), SettingsError> {
        meter.show(self, cache)
    }

    /// Everything, in Prometheus' text format.
    pub fn text(&self) -> Result<String, SettingsError> {
        let families = self.registry.gather();
        TextEncoder::new().encode_to_string(&families).map_err(|error| cannot("all of them", &error))
    }
}

/// The age of knowledge in seconds; what is not known at all is infinitely old.
pub fn seconds_or_infinity(age: Option<std::time::Duration>) -> f64 {
    age.map_or(f64::INFINITY, |age| age.as_secs_f64())
}

fn cannot(name: &str, error: &prometheus::Error) -> SettingsError {
    SettingsError::new(format!("the metric '{name}' cannot be shown: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_says_whose_it_is() {
        let metrics = Metrics::new("example").unwrap();
        metrics.counter("gatehouse_example_total", "An example.").unwrap().inc();
        metrics.sample(Kind::Gauge, "gatehouse_age", "An age.", &[("of", "a")], || 1.5).unwrap();
        metrics.sample(Kind::Gauge, "gatehouse_age", "An age.", &[("of", "b")], || f64::INFINITY).unwrap();
        let text = metrics.text().unwrap();
        for line in [
            "gatehouse_example_total{service=\"example\"} 1",
            "gatehouse_age{of=\"a\",service=\"example\"} 1.5",
            "gatehouse_age{of=\"b\",service=\"example\"} inf",
            "# TYPE gatehouse_example_total counter",
            "# TYPE gatehouse_age gauge",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        let shown = text.lines().filter(|line| !line.starts_with('#'));
        assert!(shown.clone().count() > 5 && shown.clone().all(|line| line.contains("service=\"example\"")), "{text}");
    }

    #[test]
    fn a_name_is_taken_once() {
        let metrics = Metrics::new("example").unwrap();
        metrics.counter("gatehouse_example_total", "An example.").unwrap();
        assert!(metrics.counter("gatehouse_example_total", "An example.").is_err());
        assert!(metrics.counter("gatehouse-example", "No name.").is_err());
    }

    #[test]
    fn a_process_shows_what_it_takes_of_its_machine() {
        let text = Metrics::new("example").unwrap().text().unwrap();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
            line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_open_fds") >= 3.0 && value("process_max_fds") >= value("process_open_fds"));
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!(value("process_start_time_seconds") > 1.5e9);
        assert!(value("process_threads") >= 1.0);
    }
}
