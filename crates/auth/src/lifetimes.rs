//! How long things live: the settings, and what follows from them.

use std::time::Duration;

use domain::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The lifetimes of a deployment, or of a tenant in it.
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

/// What a tenant sets for itself; what it does not set is as in the deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantLifetimes {
    /// Of an access token.
    pub access: Option<Duration>,
    /// Of a machine's refresh token.
    pub machine_refresh: Option<Duration>,
    /// How long a person's session lasts without a refresh.
    pub idle: Option<Duration>,
    /// How long a person's session lasts in all.
    pub absolute: Option<Duration>,
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

    /// The lifetimes in a tenant: whatever it sets, nothing lives longer than in the deployment, and no access token
    /// outlives the idle limit of its session.
    #[must_use]
    pub fn of_tenant(&self, tenant: &TenantLifetimes) -> Self {
        let shorter = |here: Duration, there: Option<Duration>| there.map_or(here, |there| here.min(there));
        let absolute = shorter(self.absolute, tenant.absolute);
        let idle = shorter(self.idle, tenant.idle).min(absolute);
        let grace = self.grace_authenticated.max(self.grace_alone);
        // Never nothing: a limit below the grace is no limit that a setting can have.
        let access = shorter(self.access, tenant.access).min(idle.saturating_sub(grace).max(Duration::from_secs(1)));
        let machine_refresh = shorter(self.machine_refresh, tenant.machine_refresh);
        Self { access, machine_refresh, idle, absolute, ..*self }
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
    fn a_tenant_makes_things_shorter_and_never_longer() {
        let deployment = Lifetimes::default();
        let seconds = |count| Some(Duration::from_secs(count));
        let longer = TenantLifetimes {
            access: seconds(999_999_999),
            machine_refresh: seconds(999_999_999),
            idle: seconds(999_999_999),
            absolute: seconds(999_999_999),
        };
        assert_eq!(deployment.of_tenant(&longer), deployment);
        assert_eq!(deployment.of_tenant(&TenantLifetimes::default()), deployment);
        let shorter = TenantLifetimes { access: seconds(60), machine_refresh: seconds(300), ..Default::default() };
        let found = deployment.of_tenant(&shorter);
        assert_eq!((Some(found.access), Some(found.machine_refresh)), (shorter.access, shorter.machine_refresh));
        assert_eq!((found.idle, found.absolute), (deployment.idle, deployment.absolute));
    }

    #[test]
    fn lifetimes_of_a_tenant_fit_together() {
        let seconds = |count| Some(Duration::from_secs(count));
        for (access, idle, absolute) in [(None, 300, None), (Some(3_600), 300, None), (None, 86_400, Some(300))] {
            let tenant = TenantLifetimes {
                access: access.and_then(seconds),
                idle: seconds(idle),
                absolute: absolute.and_then(seconds),
                machine_refresh: None,
            };
            let found = Lifetimes::default().of_tenant(&tenant);
            assert_eq!(found.check(), Ok(()), "{tenant:?}");
            assert_eq!(found.access, Duration::from_secs(290), "{tenant:?}");
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
