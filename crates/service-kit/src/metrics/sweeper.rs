//! What the sweeper does: whether it works, and how much there is to do.

use domain::Timestamp;
use prometheus::{Gauge, IntCounter, IntCounterVec};

use super::Metrics;
use crate::settings::SettingsError;

/// Counts the steps of a sweeper and the rows they deleted.
#[derive(Clone, Debug)]
pub struct SweeperMeter {
    done: IntCounter,
    failed: IntCounter,
    rows: IntCounterVec,
    last_success: Gauge,
}

impl SweeperMeter {
    /// Nothing swept yet; the time of the last success begins at the start of the process.
    pub fn new(metrics: &Metrics, now: Timestamp) -> Result<Self, SettingsError> {
        let runs = metrics.counters("gatehouse_sweeper_runs_total", "Steps of the sweeper.", &["outcome"])?;
        let help = "Rows that the sweeper deleted because their time was over.";
        let rows = metrics.counters("gatehouse_sweeper_rows_total", help, &["table"])?;
        let name = "gatehouse_sweeper_last_success_timestamp_seconds";
        let last_success = Gauge::new(name, "When the sweeper last did its work, or the process began.")
            .map_err(|error| super::cannot(name, &error))?;
        let meter = Self {
            done: runs.with_label_values(&["done"]),
            failed: runs.with_label_values(&["failed"]),
            rows,
            last_success: metrics.add(name, last_success)?,
        };
        meter.last_success.set(seconds(now));
        Ok(meter)
    }

    /// A step is done; with the rows it deleted of each table.
    pub fn done(&self, now: Timestamp, deleted: &[(&'static str, usize)]) {
        self.done.inc();
        self.last_success.set(seconds(now));
        for (table, rows) in deleted {
            self.rows.with_label_values(&[table]).inc_by(u64::try_from(*rows).unwrap_or(u64::MAX));
        }
    }

    /// A step has failed.
    pub fn failed(&self) {
        self.failed.inc();
    }
}

#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
fn seconds(time: Timestamp) -> f64 {
    time.micros() as f64 / 1e6
}
