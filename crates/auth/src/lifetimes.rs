//! How long things live: the settings, and what follows from them.

use std::time::Duration;

use domain::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The lifetimes of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of an access token; 1 hour.
    pub access: Duration,
    /// Of a machine's refresh token, from the credentials on and never extended; 24 hours.
    pub machine_refresh: Duration,
    /// How long a person's session lasts without a refresh; 24 hours.
    pub idle: Duration,
    /// How long a person's session lasts in all; 30 days.
    pub absolute: Duration,
    /// How long after a rotation the replaced refresh token gets the same successor, where the client authenticated;
    /// 10 s. Zero: never.
    pub grace_authenticated: Duration,
    /// The same, where the token came alone; 5 s.
    pub grace_alone: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: HOUR,
            machine_refresh: DAY,
            idle: DAY,
            absolute: 30 * DAY,
            grace_authenticated: Duration::from_secs(10),
            grace_alone: Duration::from_secs(5),
        }
    }
}

impl Lifetimes {
    /// Checks that the settings fit together; the sentence says which do not.
    pub fn check(&self) -> Result<(), &'static str> {
        let whole_seconds = [self.access, self.machine_refresh, self.idle, self.absolute]
            .iter()
            .all(|span| span.subsec_nanos() == 0 && !span.is_zero());
        if !whole_seconds {
            return Err("lifetimes must be whole seconds, and at least one");
        }
        if self.grace_authenticated.max(self.grace_alone) > Duration::from_secs(60) {
            return Err("the grace of a refresh token must be at most 60 s");
        }
        // An ended session is remembered until its idle limit; none of its access tokens may outlive that.
        if self.access + self.grace_authenticated.max(self.grace_alone) > self.idle {
            return Err("a session must stay longer without a refresh than an access token and the grace last");
        }
        if self.idle > self.absolute {
            return Err("a session must last longer in all than without a refresh");
        }
        Ok(())
    }

    /// When an access token made now ends: a person's not after the session that it belongs to.
    pub fn access_until(&self, now: Timestamp, session_end: Option<Timestamp>) -> Timestamp {
        let until = now.plus(self.access);
        session_end.map_or(until, |end| until.min(end))
    }

    /// When the last token is gone that can descend from the same credentials exchange as a machine's token: its
    /// refresh token, and the access token bought with that in the last moment.
    ///
    /// `issued_at` may be of any token of the exchange, and is to the second.
    pub fn machine_tokens_gone(&self, issued_at: Timestamp) -> Timestamp {
        issued_at.plus(self.machine_refresh + self.access + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Lifetimes::default().check(), Ok(()));
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let fine = Lifetimes::default();
        for wrong in [
            Lifetimes { access: Duration::ZERO, ..fine },
            Lifetimes { access: Duration::from_millis(1_500), ..fine },
            Lifetimes { access: fine.idle, ..fine },
            Lifetimes { idle: fine.absolute + HOUR, ..fine },
            Lifetimes { grace_alone: Duration::from_secs(61), ..fine },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_persons_access_token_does_not_outlive_the_session() {
        let now = Timestamp::from_seconds(1_000);
        let lifetimes = Lifetimes::default();
        assert_eq!(lifetimes.access_until(now, None), Timestamp::from_seconds(4_600));
        assert_eq!(lifetimes.access_until(now, Some(Timestamp::from_seconds(9_000))), Timestamp::from_seconds(4_600));
        assert_eq!(lifetimes.access_until(now, Some(Timestamp::from_seconds(1_030))), Timestamp::from_seconds(1_030));
    }
}
