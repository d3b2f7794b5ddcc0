//! What changed, handed to everybody in the process who needs it at once: the token state, the caches, and those who
//! follow over gRPC.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Clock;
use domain::change::Change;
use tokio::sync::broadcast;

use crate::TokenState;

/// Changes that a slow follower may lag behind before it must begin anew.
const BACKLOG: usize = 4_096;

/// What followers hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This changed.
    Change(Change),
    /// Something may have changed unheard: what is remembered of what subjects may do must be asked for again.
    Restart,
}

/// The hub of changes.
pub struct News {
    state: Arc<TokenState>,
    clock: Arc<dyn Clock>,
    count: AtomicU64,
    followers: broadcast::Sender<Heard>,
}

impl News {
    /// A hub that teaches a state.
    pub fn new(state: Arc<TokenState>, clock: Arc<dyn Clock>) -> Self {
        Self { state, clock, count: AtomicU64::new(0), followers: broadcast::Sender::new(BACKLOG) }
    }

    /// Spreads a change. When this returns, this process refuses what the change ended.
    pub fn spread(&self, change: &Change) {
        self.state.learn(change, self.clock.now());
        self.count.fetch_add(1, Ordering::AcqRel);
        // Nobody may be following.
        let _ = self.followers.send(Heard::Change(change.clone()));
    }

    /// Spreads that changes may have been missed.
    pub fn restart(&self) {
        self.state.distrust_answers();
        self.count.fetch_add(1, Ordering::AcqRel);
        // Nobody may be following.
        let _ = self.followers.send(Heard::Restart);
    }

    /// How many changes were spread.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Follows what changes from now on.
    pub fn follow(&self) -> broadcast::Receiver<Heard> {
        self.followers.subscribe()
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.followers.receiver_count()
    }

    /// The state that is taught.
    pub fn state(&self) -> &Arc<TokenState> {
        &self.state
    }

    /// What ended tokens within the history.
    pub fn past(&self) -> Vec<Change> {
        self.state.known()
    }
}
