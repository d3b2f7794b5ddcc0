//! Why a subject may do something, or why it may not.

use domain::Timestamp;
use domain::permission::{ANY, Permission};

use crate::membership::Reach;

#[cfg(test)]
mod tests;

/// The most ways that one list shows.
pub const MOST_SHOWN: usize = 50;

/// Ways on which permissions reach a subject, the shortest first, and no more than somebody reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    /// The first of them.
    pub shown: Vec<Reach>,
    /// How many there are.
    pub total: usize,
}

impl Ways {
    /// Sorts ways and keeps the first.
    pub fn of<'a>(reaches: impl IntoIterator<Item = &'a Reach>) -> Self {
        let mut all: Vec<&Reach> = reaches.into_iter().collect();
        all.sort_by(|one, other| (&one.way, &one.permission).cmp(&(&other.way, &other.permission)));
        Self { total: all.len(), shown: all.into_iter().take(MOST_SHOWN).cloned().collect() }
    }

    fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// Why a subject may not do something. Each tells a fact of its own, so several may hold at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The subject is disabled; whatever it holds counts for nothing.
    Disabled,
    /// These would allow it, and have ended, or have an end before their beginning.
    Ended(Ways),
    /// These will allow it, and are yet to begin.
    NotBegun(Ways),
    /// It reaches beyond a tenant: only the role of the platform's administrators holds it, and these stars pass over it.
    Platform(Ways),
    /// The subject holds the resource with these other actions.
    OtherActions(Ways),
    /// The subject holds resource and action in these other products.
    OtherProduct(Ways),
    /// Of the product the subject holds nothing but these other resources.
    OtherResources(Ways),
    /// The subject holds nothing of the product.
    NothingOfProduct,
}

/// The answer to whether a subject may do something, with all that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The ways that hold now and lead to it; for a disabled subject those that would.
    pub ways: Ways,
    /// Why not; empty when it may.
    pub reasons: Vec<Reason>,
}

impl Explanation {
    /// Whether the subject may.
    pub fn is_allowed(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Explains whether the subject of these ways may do what is asked: one product, resource and action.
pub fn explain(reaches: &[Reach], active: bool, asked: &Permission, now: Timestamp) -> Explanation {
    let (holding, others): (Vec<&Reach>, Vec<&Reach>) = reaches.iter().partition(|reach| reach.validity.holds_at(now));
    let ways = Ways::of(holding.iter().copied().filter(|reach| matches(reach, asked)));
    let mut reasons = Vec::new();
    if !active {
        reasons.push(Reason::Disabled);
    }
    if ways.is_empty() {
        reasons.extend(absence(&holding, &others, asked, now));
    }
    Explanation { ways, reasons }
}

/// Why none of the ways that hold leads to what is asked; never empty.
fn absence(holding: &[&Reach], others: &[&Reach], asked: &Permission, now: Timestamp) -> Vec<Reason> {
    let held = |wanted: &dyn Fn(&Reach) -> bool| Ways::of(holding.iter().copied().filter(|reach| wanted(reach)));
    let timed = |unended: bool| {
        let fits = |reach: &Reach| matches(reach, asked) && reach.validity.is_unended_at(now) == unended;
        Ways::of(others.iter().copied().filter(|reach| fits(reach)))
    };
    let of_product = |reach: &Reach| reach.permission.product == asked.product;
    let passed_over = |reach: &Reach| asked.is_platform() && of_product(reach) && fits_by_text(reach, asked);
    let other_action = |reach: &Reach| of_product(reach) && !passed_over(reach) && has_resource(reach, asked);
    let elsewhere =
        |reach: &Reach| !of_product(reach) && reach.permission.matches(None, &asked.resource, &asked.action);

    let mut reasons = Vec::new();
    let mut tell = |reason: fn(Ways) -> Reason, ways: Ways| {
        if !ways.is_empty() {
            reasons.push(reason(ways));
        }
    };
    tell(Reason::Ended, timed(false));
    tell(Reason::NotBegun, timed(true));
    tell(Reason::OtherActions, held(&other_action));
    tell(Reason::OtherProduct, held(&elsewhere));
    if asked.is_platform() {
        reasons.push(Reason::Platform(held(&passed_over)));
    }
    let own = held(&of_product);
    if own.is_empty() {
        reasons.push(Reason::NothingOfProduct);
    } else if reasons.is_empty() {
        reasons.push(Reason::OtherResources(own));
    }
    reasons
}

fn matches(reach: &Reach, asked: &Permission) -> bool {
    reach.permission.matches(Some(&asked.product), &asked.resource, &asked.action)
}

/// Whether it would match if stars passed over nothing.
fn fits_by_text(reach: &Reach, asked: &Permission) -> bool {
    let fits = |held: &str, asked: &str| held == ANY || held == asked;
    fits(&reach.permission.resource, &asked.resource) && fits(&reach.permission.action, &asked.action)
}

/// Whether it is about the resource, with whatever action.
fn has_resource(reach: &Reach, asked: &Permission) -> bool {
    let held = &reach.permission.resource;
    *held == asked.resource || (held == ANY && !asked.is_platform())
}
