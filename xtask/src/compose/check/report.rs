//! What the check tells: a line for each thing proved, with how long it took.

use std::time::Instant;

use super::base::Bases;
use crate::failure::Result;
use crate::progress::{self, spell};

pub(super) struct Report {
    started: Instant,
    proved: usize,
}

impl Report {
    pub(super) fn begin() -> Self {
        Self { started: Instant::now(), proved: 0 }
    }

    pub(super) fn heading(&self, title: &str) {
        progress::heading(title);
    }

    /// Something to know that proves nothing.
    pub(super) fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    /// Proves a sentence, or fails with why it does not hold.
    pub(super) fn check<T>(&mut self, sentence: &str, proof: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let outcome = proof();
        let mark = if outcome.is_ok() { '✓' } else { '✗' };
        eprintln!("{mark} {sentence} ({:.1} s)", started.elapsed().as_secs_f64());
        self.proved += usize::from(outcome.is_ok());
        outcome
    }

    pub(super) fn end(&self, bases: &Bases) {
        println!("\nAll {} checks passed in {}. {}", self.proved, spell(self.started.elapsed()), bases.told());
    }
}
