//! How far the keys in memory are behind those in the database.

use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Counts the changes that were told, and those that were read.
pub(super) struct Progress(watch::Sender<Counts>);

#[derive(Clone, Copy, Default)]
struct Counts {
    told: u64,
    read: u64,
    /// When the oldest change that was not read was told.
    waiting_since: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self(watch::Sender::new(Counts::default()))
    }
}

impl Progress {
    /// One more change.
    pub(super) fn tell(&self) {
        self.0.send_modify(|counts| {
            counts.told += 1;
            counts.waiting_since.get_or_insert_with(Instant::now);
        });
    }

    /// Waits for a change that was not read; says how many were told by then.
    pub(super) async fn changed(&self) -> u64 {
        let mut counts = self.0.subscribe();
        // The sender lives as long as this, so waiting cannot fail.
        counts.wait_for(|counts| counts.read < counts.told).await.map_or(0, |counts| counts.told)
    }

    /// A reading that began when so many changes were told has succeeded.
    pub(super) fn done(&self, told: u64) {
        self.0.send_modify(|counts| {
            counts.read = told;
            // What was told meanwhile was told after now at the latest; to be exact does not matter.
            counts.waiting_since = (counts.read < counts.told).then(Instant::now);
        });
    }

    /// How long a change has been waiting.
    pub(super) fn lag(&self) -> Duration {
        self.0.borrow().waiting_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Resolves when every change that was told has been read.
    pub(super) async fn caught_up(&self) {
        if self.0.borrow().waiting_since.is_none() {
            return;
        }
        let mut counts = self.0.subscribe();
        let _ = counts.wait_for(|counts| counts.read == counts.told).await;
    }
}
