//! A lease on knowledge that comes from elsewhere: it ends by itself when nothing renews it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How old knowledge may be before nothing may be allowed on its ground. Under the promised 5 s by what a message may
/// take on its way.
const LONGEST: Duration = Duration::from_millis(4_500);

/// The point up to which a source is known.
#[derive(Debug, Default)]
pub struct Lease {
    known_until: Mutex<Option<Instant>>,
}

impl Lease {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The source said that its knowledge was `age` old.
    pub fn renew(&self, age: Duration) {
        let Some(known_until) = Instant::now().checked_sub(age) else { return };
        if let Ok(mut held) = self.known_until.lock() {
            *held = (*held).max(Some(known_until));
        }
    }

    /// Another source is listened to from now on, which may know less.
    pub(crate) fn end(&self) {
        if let Ok(mut held) = self.known_until.lock() {
            *held = None;
        }
    }

    /// How old the knowledge is; `None` before the first word.
    pub fn age(&self) -> Option<Duration> {
        self.known_until.lock().ok()?.map(|instant| instant.elapsed())
    }

    /// Whether the knowledge is young enough to allow something on its ground.
    pub fn holds(&self) -> bool {
        Self::is_young(self.age())
    }

    /// The rule for any age, such as that of the own database.
    pub fn is_young(age: Option<Duration>) -> bool {
        age.is_some_and(|age| age <= LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_holds_from_the_first_word_and_only_while_it_is_young() {
        let lease = Lease::new();
        assert!(!lease.holds());
        lease.renew(Duration::from_secs(60));
        assert!(!lease.holds());
        lease.renew(Duration::ZERO);
        assert!(lease.holds());
        lease.renew(Duration::from_secs(60));
        assert!(lease.holds(), "an old word does not take back a younger one");
        lease.end();
        assert!(!lease.holds());
    }
}
