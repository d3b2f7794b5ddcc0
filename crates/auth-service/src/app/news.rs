//! What became known, handed to everybody in the process who needs it at once: the token state, the caches, and those
//! who listen over gRPC.

use std::sync::Arc;

use client::TokenState;
use domain::Clock;
use domain::change::Change;
use tokio::sync::broadcast;

/// Changes that a slow listener may lag behind before it must begin anew.
const BACKLOG: usize = 4_096;

/// The hub of changes.
pub struct News {
    state: Arc<TokenState>,
    clock: Arc<dyn Clock>,
    listeners: broadcast::Sender<Change>,
}

impl News {
    /// A hub that teaches a state.
    pub fn new(state: Arc<TokenState>, clock: Arc<dyn Clock>) -> Self {
        Self { state, clock, listeners: broadcast::Sender::new(BACKLOG) }
    }

    /// Spreads a change. When this returns, this process refuses what the change ended.
    pub fn spread(&self, change: &Change) {
        self.state.learn(change, self.clock.now());
        // Nobody may be listening.
        let _ = self.listeners.send(change.clone());
    }

    /// Listens to what becomes known from now on.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.listeners.subscribe()
    }
}
