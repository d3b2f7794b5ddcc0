//! How often a memory knew the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Kind, Metrics};
use crate::settings::SettingsError;

/// Counts what one memory knew and what it did not. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct CacheMeter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl CacheMeter {
    /// Counts one question, which the memory could answer or not.
    pub fn count(&self, known: bool) {
        let cell = if known { &self.0.hits } else { &self.0.misses };
        cell.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn show(&self, metrics: &Metrics, cache: &str) -> Result<(), SettingsError> {
        const NAME: &str = "gatehouse_cache_lookups_total";
        const HELP: &str = "Questions to a memory, and whether it knew the answer.";
        let (hits, misses) = (self.clone(), self.clone());
        let hit = move || rounded(&hits.0.hits);
        let miss = move || rounded(&misses.0.misses);
        metrics.sample(Kind::Counter, NAME, HELP, &[("cache", cache), ("outcome", "hit")], hit)?;
        metrics.sample(Kind::Counter, NAME, HELP, &[("cache", cache), ("outcome", "miss")], miss)
    }
}

/// Prometheus holds every value as a float; it is exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
fn rounded(count: &AtomicU64) -> f64 {
    count.load(Ordering::Relaxed) as f64
}
