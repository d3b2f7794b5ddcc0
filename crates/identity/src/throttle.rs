//! When a guesser must wait: failures are free at first, then each costs twice the time of the one before.
//!
//! One counter follows the account, one the network address. While tries are free, a login takes nothing before its
//! check, so that many honest logins of one user at once never hinder each other; how many guesses can run at once is
//! then bounded by the queue of the password hasher. Beyond, a try is charged *before* the check, one for each delay, so
//! that neither a crash nor a race gives one away.

use std::time::Duration;

use domain::Timestamp;

/// What failures cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures without any delay.
    free: u32,
    /// The delay after the first failure that is not free; doubled by each further one.
    first_delay: Duration,
    /// The longest delay.
    longest_delay: Duration,
    /// How long after the last failure, or the end of its delay, everything is forgotten.
    memory: Duration,
}

/// The limits of one account. A locked account answers like a wrong password.
pub const ACCOUNT: Limits = Limits { free: 5, ..NETWORK };

/// The limits of one network address, behind which there may be many people.
pub const NETWORK: Limits = Limits {
    free: 30,
    first_delay: Duration::from_secs(30),
    longest_delay: Duration::from_secs(15 * 60),
    memory: Duration::from_secs(15 * 60),
};

/// The failures counted under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many, charged tries included.
    pub failures: u32,
    /// When the last one was counted.
    pub last_failed_at: Option<Timestamp>,
    /// No try is looked at before this moment.
    pub blocked_until: Option<Timestamp>,
}

/// What becomes of a try before its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Look at it; nothing is to be written down.
    Free,
    /// Look at it once these counts are stored; a failure was counted in advance.
    Charged(Tries),
    /// Do not look at it; another try makes sense after this long.
    Blocked {
        /// From now on.
        wait: Duration,
    },
}

impl Tries {
    /// Decides on a try before its check. A second one that runs against the stored counts of the first meets the delay.
    pub fn admit(self, limits: Limits, now: Timestamp) -> Admission {
        let current = self.remembered(limits, now);
        match current.blocked_until {
            Some(until) if now < until => Admission::Blocked { wait: until.since(now) },
            _ if current.failures < limits.free => Admission::Free,
            _ => Admission::Charged(current.with_failure(limits, now)),
        }
    }

    /// The counts after a free try failed; a charged one was counted already.
    #[must_use]
    pub fn failed(self, limits: Limits, now: Timestamp) -> Self {
        self.remembered(limits, now).with_failure(limits, now)
    }

    /// The counts after a charged try succeeded where success does not clear the counter: the charge is given back, and
    /// with it the delay it set.
    #[must_use]
    pub fn refunded(self) -> Self {
        Self { failures: self.failures.saturating_sub(1), blocked_until: None, ..self }
    }

    /// Whether there is nothing to remember.
    pub fn are_none(self) -> bool {
        self == Self::default()
    }

    /// The counts of now: forgotten when nothing happened for long enough.
    fn remembered(self, limits: Limits, now: Timestamp) -> Self {
        let quiet_since = self.last_failed_at.max(self.blocked_until);
        match quiet_since {
            Some(since) if now < since.plus(limits.memory) => self,
            _ => Self::default(),
        }
    }

    fn with_failure(self, limits: Limits, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let blocked_until = failures.checked_sub(limits.free + 1).map(|beyond| now.plus(limits.delay(beyond)));
        Self { failures, last_failed_at: Some(now), blocked_until: self.blocked_until.max(blocked_until) }
    }
}

impl Limits {
    /// The delay after this many failures beyond the first that is not free.
    fn delay(self, doublings: u32) -> Duration {
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first_delay.saturating_mul(factor).min(self.longest_delay)
    }

    /// How long a row of counts can matter; older ones may be swept away.
    pub fn longest_memory(self) -> Duration {
        self.longest_delay + self.memory
    }
}

#[cfg(test)]
mod tests;
