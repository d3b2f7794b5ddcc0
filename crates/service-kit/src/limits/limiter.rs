//! One rate for many keys, in a table of fixed size.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{Rate, Taken};

/// Counts that are kept; half a MiB of them. Keys that share a count share a limit, which one in so many pairs of keys
/// does; which ones, nobody can choose, since the hash is keyed anew in each process.
const CELLS: usize = 65_536;

/// Lets each key ask at a rate.
#[derive(Debug)]
pub struct Limiter {
    rate: Rate,
    began: Instant,
    hasher: RandomState,
    /// Made at the first use.
    cells: OnceLock<Box<[AtomicU64]>>,
}

impl Limiter {
    /// Nobody has asked yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, began: Instant::now(), hasher: RandomState::new(), cells: OnceLock::new() }
    }

    /// Counts a request, unless it is one too many.
    pub fn take(&self, key: &impl Hash) -> Taken {
        self.take_at(key, self.rate)
    }

    /// As [`take`](Self::take), for a key that has a rate of its own.
    pub fn take_at(&self, key: &impl Hash, rate: Rate) -> Taken {
        let cell = self.cell(key);
        let mut remembered = cell.load(Ordering::Relaxed);
        loop {
            let (next, taken) = rate.take(remembered, self.now());
            if taken.wait.is_some() {
                return taken;
            }
            match cell.compare_exchange_weak(remembered, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return taken,
                Err(current) => remembered = current,
            }
        }
    }

    /// What would become of a request, without counting it.
    pub fn look(&self, key: &impl Hash) -> Taken {
        self.rate.take(self.cell(key).load(Ordering::Relaxed), self.now()).1
    }

    fn cell(&self, key: &impl Hash) -> &AtomicU64 {
        let cells = self.cells.get_or_init(|| (0..CELLS).map(|_| AtomicU64::new(0)).collect());
        let hash = self.hasher.hash_one(key);
        // The remainder is below the number of cells.
        &cells[usize::try_from(hash % CELLS as u64).unwrap_or_default()]
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_count_of_its_own_and_looking_costs_nothing() {
        let limiter = Limiter::new(Rate::per_minute(1, 1));
        for _ in 0..3 {
            assert_eq!(limiter.look(&"a").wait, None);
        }
        assert_eq!(limiter.take(&"a").wait, None);
        assert!(limiter.take(&"a").wait.is_some());
        assert!(limiter.look(&"a").wait.is_some());
        let others = (0..100).filter(|key| limiter.take(key).wait.is_none()).count();
        assert!(others > 90, "{others}");
    }

    #[test]
    fn many_at_once_are_let_through_no_more_often() {
        let limiter = Limiter::new(Rate::per_minute(1, 50));
        let passed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..1_000).filter(|_| limiter.take(&"a").wait.is_none()).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!((50..=51).contains(&passed), "{passed}");
    }
}
