//! Answers that are remembered, and when each still counts.

use std::sync::Arc;

use crypto::digest::Sha256Digest;
use domain::token::AccessToken;
use domain::{Clock, Timestamp};
use moka::sync::Cache;

use super::Decision;
use crate::{Lease, Leases, TokenState};

/// Answers that are remembered: about 2 MiB at most.
const REMEMBERED: u64 = 10_000;

/// What auth answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) decision: Decision,
    /// What had been heard of changes when it was asked for.
    pub(super) version: u64,
    /// When a grant begins or ends.
    pub(super) valid_until: Option<Timestamp>,
}

/// Answers, and what says whether they still count.
pub(super) struct Answers {
    state: Arc<TokenState>,
    leases: Arc<Leases>,
    clock: Arc<dyn Clock>,
    held: Cache<Sha256Digest, Answer>,
}

impl Answers {
    pub(super) fn new(state: Arc<TokenState>, leases: Arc<Leases>, clock: Arc<dyn Clock>) -> Self {
        Self { state, leases, clock, held: Cache::new(REMEMBERED) }
    }

    /// What has been heard of changes. Read before a question is asked, it is the version of the answer: what is heard
    /// while the question is under way makes the answer worthless.
    pub(super) fn version(&self) -> u64 {
        self.state.answers_version()
    }

    /// Remembers an answer.
    pub(super) fn remember(&self, key: Sha256Digest, answer: Answer) {
        if answer.version == self.version() {
            self.held.insert(key, answer);
        }
    }

    /// The answer that was given to the holder of this token, while it counts; a no no longer than a yes.
    pub(super) fn recall(&self, key: &Sha256Digest, token: &AccessToken) -> Option<Decision> {
        let answer = self.held.get(key)?;
        let now = self.clock.now();
        let counts = self.leases.answers.holds()
            && Lease::is_young(self.leases.age())
            && answer.version == self.version()
            && answer.valid_until.is_none_or(|end| now < end)
            && token.is_unexpired(now)
            && !self.state.has_ended(token);
        counts.then_some(answer.decision)
    }
}

#[cfg(test)]
mod tests;
