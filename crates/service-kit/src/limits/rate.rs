//! The rule of a rate limit: the generic cell rate algorithm, whose whole state is one moment.
//!
//! The moment is when everything that was let through would have come at the even pace of the rate. A request is let
//! through while that lies at most a burst ahead of the present. Moments are nanoseconds since some beginning.

use std::time::Duration;

/// Requests at an even pace, and how many of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds that one request pays for.
    step: u64,
    burst: u32,
}

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Requests that may come at once.
    pub limit: u32,
    /// Requests that may still come at once.
    pub remaining: u32,
    /// After how long all of them may.
    pub reset: Duration,
    /// After how long a refused request would be let through; `None` for one that is.
    pub wait: Option<Duration>,
}

impl Rate {
    /// So many requests in a second.
    pub const fn per_second(count: u32, burst: u32) -> Self {
        Self::within(Duration::from_secs(1), count, burst)
    }

    /// So many requests in a minute.
    pub const fn per_minute(count: u32, burst: u32) -> Self {
        Self::within(Duration::from_secs(60), count, burst)
    }

    const fn within(span: Duration, count: u32, burst: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        let step = span.as_secs() * 1_000_000_000 / (count as u64);
        Self { step, burst: if burst == 0 { 1 } else { burst } }
    }

    /// Decides on one request; with the moment that is to be remembered when it is let through.
    pub(super) fn take(self, remembered: u64, now: u64) -> (u64, Taken) {
        let all = self.step.saturating_mul(self.burst.into());
        let next = remembered.max(now).saturating_add(self.step);
        let (used, wait) = match next.checked_sub(now.saturating_add(all)) {
            None | Some(0) => (next - now, None),
            Some(over) => (remembered.saturating_sub(now), Some(Duration::from_nanos(over))),
        };
        let remaining = u32::try_from(all.saturating_sub(used) / self.step).unwrap_or(self.burst);
        (next, Taken { limit: self.burst, remaining, reset: Duration::from_nanos(used), wait })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_comes_at_once_and_then_one_after_the_other() {
        let rate = Rate::per_second(2, 3);
        let mut remembered = 0;
        for remaining in [2, 1, 0] {
            let (next, taken) = rate.take(remembered, SECOND);
            assert_eq!((taken.limit, taken.remaining, taken.wait), (3, remaining, None));
            remembered = next;
        }
        let (_, refused) = rate.take(remembered, SECOND);
        assert_eq!((refused.remaining, refused.wait), (0, Some(Duration::from_millis(500))));
        assert_eq!(refused.reset, Duration::from_millis(1_500));
        let (_, taken) = rate.take(remembered, SECOND + SECOND / 2);
        assert_eq!((taken.remaining, taken.wait), (0, None));
        let (_, rested) = rate.take(remembered, 100 * SECOND);
        assert_eq!((rested.remaining, rested.wait), (2, None));
    }

    proptest! {
        /// However requests come: in any span no more are let through than its pace and one burst, and who waits as long
        /// as was said is let through.
        #[test]
        fn the_rate_holds(
            per_second in 1_u32..2_000,
            burst in 1_u32..50,
            pauses in prop::collection::vec(0_u64..SECOND / 50, 1..300),
        ) {
            let rate = Rate::per_second(per_second, burst);
            let (mut now, mut remembered, mut let_through) = (0, 0, Vec::new());
            for pause in pauses {
                now += pause;
                let (next, taken) = rate.take(remembered, now);
                prop_assert!(taken.remaining <= burst);
                match taken.wait {
                    None => {
                        remembered = next;
                        let_through.push(now);
                    }
                    Some(wait) => {
                        let later = now + u64::try_from(wait.as_nanos()).unwrap();
                        prop_assert_eq!(rate.take(remembered, later).1.wait, None);
                    }
                }
            }
            for (index, first) in let_through.iter().enumerate() {
                let span = now - first;
                let most = u64::from(burst) + span / rate.step + 1;
                prop_assert!(u64::try_from(let_through.len() - index).unwrap() <= most);
            }
        }
    }
}
