//! Password hashes: a few at a time, with a short queue before them in which nobody's flood stands before others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::identity::turns::{Source, Turns};
use crypto::password::{PasswordError, Passwords, Verdict};
use domain::{Entropy, Secret};
use error_codes::{Failure, Result, ide};
use tokio::sync::oneshot;

use super::meters::HashMeter;

/// Hashes passwords on threads of their own.
pub struct Hasher {
    passwords: Arc<Passwords>,
    entropy: Arc<dyn Entropy>,
    line: Arc<Line>,
    meter: HashMeter,
}

/// Those who hash and those who wait for it.
struct Line {
    threads: usize,
    places: usize,
    state: Mutex<State>,
}

struct State {
    hashing: usize,
    waiting: Turns<oneshot::Sender<Turn>>,
}

/// The right to hash; given on when it is dropped, also by whoever has gone away before using it.
struct Turn(Option<Arc<Line>>);

impl Hasher {
    /// Hashes as many passwords at a time as there are `threads`, and lets `queue` wait for each.
    pub fn new(
        passwords: Passwords,
        threads: usize,
        queue: usize,
        entropy: Arc<dyn Entropy>,
        meter: HashMeter,
    ) -> Self {
        let threads = threads.max(1);
        let state = Mutex::new(State { hashing: 0, waiting: Turns::new(threads * queue) });
        let line = Arc::new(Line { threads, places: threads * (queue + 1), state });
        Self { passwords: Arc::new(passwords), entropy, line, meter }
    }

    /// How many passwords are hashed at the moment.
    pub fn running(&self) -> usize {
        self.line.state().hashing
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.line.state().waiting.count()
    }

    /// How many may be hashed or wait at most.
    pub fn places(&self) -> usize {
        self.line.places
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// IDE-0022 when too many wait before it.
    pub async fn hash(&self, source: &Source, password: Secret<String>) -> Result<String> {
        let entropy = Arc::clone(&self.entropy);
        self.run(source, move |passwords| passwords.hash(password.expose(), &*entropy)).await?.map_err(internal)
    }

    /// Compares a password with a stored hash; where there is none, or it cannot be read, it costs the same.
    ///
    /// # Errors
    /// IDE-0022 when too many wait before it.
    pub async fn verify(&self, source: &Source, password: Secret<String>, stored: Option<String>) -> Result<Verdict> {
        const NO: Verdict = Verdict { matches: false, stale: false };
        self.run(source, move |passwords| match stored {
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
    async fn run<T: Send + 'static>(
        &self,
        source: &Source,
        work: impl FnOnce(&Passwords) -> T + Send + 'static,
    ) -> Result<T> {
        let full = || Failure::new(ide::UNAVAILABLE).with_retry_after(Duration::from_secs(1));
        let turn = self.line.enter(source).await.map_err(|error| {
            self.meter.refused.inc();
            full().with_cause(error)
        })?;
        let (passwords, duration) = (Arc::clone(&self.passwords), self.meter.duration.clone());
        let request = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            // What is logged here belongs to the request.
            let _entered = request.entered();
            let _timer = duration.start_timer();
            work(&passwords)
        })
        .await
        .map_err(|error| Failure::new(ide::INTERNAL).with_cause(error))
    }
}

impl Line {
    /// Waits for a turn; fails when somebody who asks for less takes the place.
    async fn enter(self: &Arc<Self>, source: &Source) -> Result<Turn, &'static str> {
        let turn = {
            let mut state = self.state();
            if state.hashing < self.threads {
                state.hashing += 1;
                return Ok(Turn(Some(Arc::clone(self))));
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.retain(|sender| !sender.is_closed());
            // Whoever is turned away learns it when the sender is dropped.
            drop(state.waiting.enter(source, sender));
            turn
        };
        turn.await.map_err(|_| "the queue of the password hasher is full")
    }

    fn hand_on(self: Arc<Self>) {
        let mut turn = Turn(Some(Arc::clone(&self)));
        loop {
            let next = {
                let mut state = self.state();
                let next = state.waiting.take_next();
                if next.is_none() {
                    state.hashing -= 1;
                }
                next
            };
            let Some(next) = next else {
                turn.0 = None;
                return;
            };
            match next.send(turn) {
                Ok(()) => return,
                Err(back) => turn = back,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            line.hand_on();
        }
    }
}

fn internal(error: PasswordError) -> Failure {
    Failure::new(ide::INTERNAL).with_cause(error)
}

#[cfg(test)]
mod tests {
    use domain::Network;

    use super::*;

    fn line() -> Arc<Line> {
        Arc::new(Line { threads: 1, places: 3, state: Mutex::new(State { hashing: 0, waiting: Turns::new(2) }) })
    }

    fn from(address: &str) -> Source {
        Source { network: Network::parse(address), tenant: "lerian".to_owned() }
    }

    /// Begins to wait: on the one thread of a test the task runs until it has to, while we yield.
    async fn waiting(line: &Arc<Line>, source: Source) -> tokio::task::JoinHandle<Result<Turn, &'static str>> {
        let entering = Arc::clone(line);
        let task = tokio::spawn(async move { entering.enter(&source).await });
        tokio::task::yield_now().await;
        task
    }

    #[tokio::test]
    async fn a_turn_goes_on_to_who_still_waits() {
        let line = line();
        let first = line.enter(&from("192.0.2.1")).await.unwrap();
        let gone = waiting(&line, from("192.0.2.2")).await;
        let patient = waiting(&line, from("192.0.2.3")).await;
        gone.abort();
        assert!(gone.await.is_err());
        drop(first);
        drop(patient.await.unwrap().unwrap());
        assert_eq!(line.state().hashing, 0);
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_who_asks_for_most() {
        let line = line();
        let hashing = line.enter(&from("192.0.2.1")).await.unwrap();
        let first = waiting(&line, from("192.0.2.1")).await;
        let second = waiting(&line, from("192.0.2.1")).await;
        assert!(line.enter(&from("192.0.2.1")).await.is_err(), "a third place for one network");
        let other = waiting(&line, from("192.0.2.2")).await;
        assert!(second.await.unwrap().is_err(), "the flood keeps its second place");
        drop(hashing);
        drop(first.await.unwrap().unwrap());
        drop(other.await.unwrap().unwrap());
        assert_eq!(line.state().hashing, 0);
    }
}
