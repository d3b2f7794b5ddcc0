//! A caller beside whatever happens: asks at a steady pace and remembers how long each answer took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::ask::{Tally, ask};

/// How long a bystander waits for one answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What a bystander saw.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What came back.
    pub tally: Tally,
    latencies: Vec<Duration>,
}

impl Account {
    /// The time within which 99 of 100 answers came.
    pub fn p99(&self) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 99 / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// A bystander at work.
pub struct Bystander {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Account>,
}

impl Bystander {
    /// Begins to ask, each time on a new connection, this often.
    pub fn begin(address: SocketAddr, request: Vec<u8>, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn({
            let stop = Arc::clone(&stop);
            async move {
                let mut account = Account::default();
                let mut beat = tokio::time::interval(pause);
                beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                while !stop.load(Ordering::Relaxed) {
                    beat.tick().await;
                    let seen = ask(address, &request, LIMIT).await;
                    account.tally.note(&seen);
                    account.latencies.push(seen.took);
                }
                account
            }
        });
        Self { stop, task }
    }

    /// Ends it.
    pub async fn end(self) -> deployment::Result<Account> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.task.await?)
    }
}
