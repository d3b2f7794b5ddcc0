//! Password hashes: a few at a time, with a short queue before them, so that a flood of logins starves nobody.

use std::sync::Arc;
use std::time::Duration;

use crypto::password::{PasswordError, Passwords, Verdict};
use domain::{Entropy, Secret};
use error_codes::{Failure, Result, ide};
use tokio::sync::Semaphore;

use super::meters::HashMeter;

/// Logins that may wait for each that is hashed.
const QUEUE_FACTOR: usize = 8;

/// Hashes passwords on threads of their own.
pub struct Hasher {
    passwords: Arc<Passwords>,
    entropy: Arc<dyn Entropy>,
    /// Who may hash.
    turns: Arc<Semaphore>,
    /// Who may hash or wait for a turn.
    places: Arc<Semaphore>,
    threads: usize,
    meter: HashMeter,
}

impl Hasher {
    /// Hashes as many passwords at a time as there are `threads`.
    pub fn new(passwords: Passwords, threads: usize, entropy: Arc<dyn Entropy>, meter: HashMeter) -> Self {
        let threads = threads.max(1);
        Self {
            passwords: Arc::new(passwords),
            entropy,
            turns: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads * (QUEUE_FACTOR + 1))),
            threads,
            meter,
        }
    }

    /// How many passwords are hashed at the moment.
    pub fn running(&self) -> usize {
        self.threads.saturating_sub(self.turns.available_permits())
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.places().saturating_sub(self.places.available_permits()).saturating_sub(self.running())
    }

    /// How many may be hashed or wait at most.
    pub fn places(&self) -> usize {
        self.threads * (QUEUE_FACTOR + 1)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// IDE-0022 when the queue is full.
    pub async fn hash(&self, password: Secret<String>) -> Result<String> {
        let entropy = Arc::clone(&self.entropy);
        self.run(move |passwords| passwords.hash(password.expose(), &*entropy)).await?.map_err(internal)
    }

    /// Compares a password with a stored hash; where there is none, or it cannot be read, it costs the same.
    ///
    /// # Errors
    /// IDE-0022 when the queue is full.
    pub async fn verify(&self, password: Secret<String>, stored: Option<String>) -> Result<Verdict> {
        const NO: Verdict = Verdict { matches: false, stale: false };
        self.run(move |passwords| match stored {
            Some(stored) => passwords.verify(password.expose(), &stored).unwrap_or_else(|error| {
                tracing::error!(%error, "a stored password cannot be compared");
                passwords.verify_nobody(password.expose());
                NO
            }),
            None => {
                passwords.verify_nobody(password.expose());
                NO
            }
        })
        .await
    }

    #[allow(clippy::disallowed_methods, reason = "this is the gate of the password hasher")]
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Passwords) -> T + Send + 'static) -> Result<T> {
        let full = || Failure::new(ide::UNAVAILABLE).with_retry_after(Duration::from_secs(1));
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            self.meter.refused.inc();
            full().with_cause("the queue of the password hasher is full")
        })?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| full().with_cause(error))?;
        let (passwords, duration) = (Arc::clone(&self.passwords), self.meter.duration.clone());
        tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            let _timer = duration.start_timer();
            work(&passwords)
        })
        .await
        .map_err(|error| Failure::new(ide::INTERNAL).with_cause(error))
    }
}

fn internal(error: PasswordError) -> Failure {
    Failure::new(ide::INTERNAL).with_cause(error)
}
