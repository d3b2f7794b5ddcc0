//! From when and until when a membership or grant holds, and what all of them together permit.

use domain::permission::{Permission, PermissionSet, Way};
use domain::{InvalidText, Timestamp};

/// When a membership or a grant holds: from `from` on, while `now < until`. Absent ends are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The first moment no more.
    pub until: Option<Timestamp>,
}

impl Validity {
    /// Without beginning and end.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// A span that comes from outside; it must not end before it begins.
    pub fn parse(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<Self, InvalidText> {
        match (from, until) {
            (Some(from), Some(until)) if until <= from => Err(InvalidText::new("must be later than 'validFrom'")),
            _ => Ok(Self { from, until }),
        }
    }

    /// Whether it holds now.
    pub fn holds_at(self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Whether it holds now, or will.
    pub fn is_unended_at(self, now: Timestamp) -> bool {
        let never = self.from.zip(self.until).is_some_and(|(from, until)| until <= from);
        !never && self.until.is_none_or(|until| now < until)
    }

    /// When both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let latest = |a: Option<Timestamp>, b: Option<Timestamp>| a.max(b);
        let earliest = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        Self { from: latest(self.from, other.from), until: earliest(self.until, other.until) }
    }

    /// The next moment after now at which it begins or ends; `None` when it stays as it is.
    pub fn next_bound(self, now: Timestamp) -> Option<Timestamp> {
        if !self.is_unended_at(now) {
            return None;
        }
        self.from.filter(|&from| now < from).or(self.until)
    }
}

/// One way in which a permission reaches a subject, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// The permission.
    pub permission: Permission,
    /// Through which group and role it comes.
    pub way: Way,
    /// When every link of the way holds.
    pub validity: Validity,
}

impl Reach {
    /// A permission that its subject always has.
    pub fn always(permission: Permission) -> Self {
        Self { permission, way: Way::default(), validity: Validity::ALWAYS }
    }

    fn granted(&self) -> (Permission, Way) {
        (self.permission.clone(), self.way.clone())
    }
}

/// What a subject may do now. The set must be resolved anew at the next bound of anything that leads to it.
pub fn held(reaches: &[Reach], now: Timestamp) -> PermissionSet {
    let valid_until = reaches.iter().filter_map(|reach| reach.validity.next_bound(now)).min();
    let holding = reaches.iter().filter(|reach| reach.validity.holds_at(now));
    PermissionSet::resolved(holding.map(Reach::granted), valid_until)
}

/// What a subject may do now or will be able to do: what must be covered by whoever acts on it.
pub fn unended(reaches: &[Reach], now: Timestamp) -> PermissionSet {
    let living = reaches.iter().filter(|reach| reach.validity.is_unended_at(now));
    PermissionSet::resolved(living.map(Reach::granted), None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn span(from: Option<i64>, until: Option<i64>) -> Validity {
        Validity { from: from.map(at), until: until.map(at) }
    }

    #[test]
    fn a_span_holds_from_its_beginning_and_not_at_its_end() {
        let span = span(Some(10), Some(20));
        let holds: Vec<_> = [9, 10, 19, 20].map(|second| span.holds_at(at(second))).into();
        assert_eq!(holds, [false, true, true, false]);
        assert!(Validity::ALWAYS.holds_at(at(0)));
    }

    #[test]
    fn the_next_bound_is_the_beginning_then_the_end_then_nothing() {
        let bounds = [5, 10, 20].map(|second| span(Some(10), Some(20)).next_bound(at(second)));
        assert_eq!(bounds, [Some(at(10)), Some(at(20)), None]);
        assert_eq!(span(Some(10), None).next_bound(at(10)), None);
    }

    #[test]
    fn a_span_from_outside_does_not_end_before_it_begins() {
        assert!(Validity::parse(Some(at(2)), Some(at(1))).is_err());
        assert!(Validity::parse(Some(at(1)), Some(at(2))).is_ok());
        assert!(Validity::parse(None, Some(at(2))).is_ok());
    }

    #[test]
    fn a_grant_of_the_future_is_not_held_and_is_unended() {
        let always = Reach::always(Permission::new("midaz", "ledgers", "get"));
        let reach = Reach { validity: span(Some(10), None), ..always };
        let held_now = held(std::slice::from_ref(&reach), at(5));
        assert!(!held_now.allows(None, "ledgers", "get"));
        assert_eq!(held_now.valid_until(), Some(at(10)));
        assert!(unended(&[reach], at(5)).allows(None, "ledgers", "get"));
    }

    fn any_span() -> impl Strategy<Value = Validity> {
        (prop::option::of(0_i64..30), prop::option::of(0_i64..30)).prop_map(|(from, until)| span(from, until))
    }

    proptest! {
        #[test]
        fn a_resolved_set_stays_right_until_its_bound(
            links in prop::collection::vec(("[ab]", any_span(), any_span()), 0..6), now in 0_i64..30, later in 0_i64..30,
        ) {
            let reaches: Vec<_> = links
                .iter()
                .map(|(action, one, other)| {
                    let always = Reach::always(Permission::new("p", "r", action));
                    Reach { validity: one.and(*other), ..always }
                })
                .collect();
            let resolved = held(&reaches, at(now));
            let until = resolved.valid_until().unwrap_or(at(i64::MAX / 1_000_000));
            if later >= now && at(later) < until {
                for action in ["a", "b"] {
                    let truth = links
                        .iter()
                        .any(|(held, one, other)| held == action && one.holds_at(at(later)) && other.holds_at(at(later)));
                    prop_assert_eq!(resolved.allows(None, "r", action), truth);
                }
            }
        }
    }
}
