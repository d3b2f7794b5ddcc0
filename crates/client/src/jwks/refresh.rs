//! When keys are fetched.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use crypto::jws::JwkSet;
use service_kit::settings::SettingsError;
use tokio::time::Instant;

use super::fetch::{Fetch, FetchFault, JwksSettings};
use crate::verify::EVERY_KEY_IS_KNOWN;

/// The pause between two fetches in the background; as long as auth tells clients to keep the keys.
const EVERY: Duration = Duration::from_secs(300);
/// The pause after a fetch in the background that failed.
const AGAIN: Duration = Duration::from_secs(15);
/// The pause between two fetches that unknown keys force, whoever shows them.
const FORCED: Duration = Duration::from_secs(2);

type Fetching = Pin<Box<dyn Future<Output = Result<JwkSet, FetchFault>> + Send>>;

/// The public keys of auth, fetched again from time to time; during an outage the last ones stay.
pub struct RemoteKeys {
    fetch: Box<dyn Fn() -> Fetching + Send + Sync>,
    keys: ArcSwap<JwkSet>,
    /// One fetch at a time; whoever waits for its end shares what it brought.
    turn: tokio::sync::Mutex<()>,
    history: Mutex<History>,
}

/// What was fetched so far.
#[derive(Clone, Copy, Default)]
struct History {
    /// When the newest fetch began.
    latest: Option<Instant>,
    /// How many fetches came to an end, good or bad.
    ended: u64,
    /// When the keys in force were asked for.
    asked: Option<Instant>,
}

impl RemoteKeys {
    /// Has no keys yet; [`keep_current`](Self::keep_current) fetches them.
    ///
    /// # Errors
    /// A sentence about the settings.
    pub fn new(settings: &JwksSettings, issuer: &str) -> Result<Self, SettingsError> {
        let fetch = Arc::new(Fetch::new(settings, issuer)?);
        let no_keys = JwkSet::from_public(&[]).map_err(|error| SettingsError::new(error.to_string()))?;
        Ok(Self::fetched_by(no_keys, move || {
            let fetch = Arc::clone(&fetch);
            Box::pin(async move { fetch.once().await })
        }))
    }

    pub(super) fn fetched_by(no_keys: JwkSet, fetch: impl Fn() -> Fetching + Send + Sync + 'static) -> Self {
        Self {
            fetch: Box::new(fetch),
            keys: ArcSwap::from_pointee(no_keys),
            turn: tokio::sync::Mutex::default(),
            history: Mutex::default(),
        }
    }

    /// The keys in force.
    pub fn current(&self) -> Arc<JwkSet> {
        self.keys.load_full()
    }

    /// Fetches the keys now and then every five minutes, until `stop` resolves.
    pub async fn keep_current(&self, stop: impl Future<Output = ()>) {
        let fetching = async {
            loop {
                let turn = self.turn.lock().await;
                let pause = if self.fetch_once().await { EVERY } else { AGAIN };
                drop(turn);
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = stop => {}
            () = fetching => {}
        }
    }

    /// Fetches the keys for a token whose key is none of them: not again within seconds, and once for all who wait.
    pub(super) async fn look_again(&self) {
        let seen = self.history().ended;
        let _turn = self.turn.lock().await;
        let history = self.history();
        if history.ended == seen && history.latest.is_none_or(|latest| latest.elapsed() >= FORCED) {
            self.fetch_once().await;
        }
    }

    /// Whether every key is here that can have signed a token which was there at that time: auth publishes each some
    /// seconds before it signs.
    pub(super) fn are_complete_at(&self, time: Instant) -> bool {
        self.history().asked.is_some_and(|asked| asked + EVERY_KEY_IS_KNOWN > time)
    }

    /// Whether the fetch brought keys.
    async fn fetch_once(&self) -> bool {
        let began = Instant::now();
        // Before the answer: who gives up waiting and asks again must not be able to force one fetch after the other.
        self.note(|history| history.latest = Some(began));
        let fetched = (self.fetch)().await;
        let is_good = fetched.is_ok();
        match fetched {
            // The same keys again forget no verified signature.
            Ok(keys) if keys.json() == self.keys.load().json() => {}
            Ok(keys) => self.keys.store(Arc::new(keys)),
            Err(fault) => tracing::warn!(%fault, "the public keys could not be fetched; the last ones stay"),
        }
        self.note(|history| {
            history.ended += 1;
            if is_good {
                history.asked = Some(began);
            }
        });
        is_good
    }

    fn history(&self) -> History {
        *self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut History)) {
        change(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests;
