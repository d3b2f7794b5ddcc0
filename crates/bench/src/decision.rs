//! The decision itself, without anything around it.

use std::hint::black_box;
use std::time::Instant;

use domain::permission::{Permission, PermissionSet};

use crate::report::Line;

const ROUNDS: u32 = 2_000_000;

/// A set resolved from so many rules.
pub fn set(rules: u32) -> PermissionSet {
    let rule = |number: u32| {
        let (product, resource) = (format!("product{}", number % 20), format!("resource{}", number / 20));
        Permission::new(product, resource, "get")
    };
    PermissionSet::new((0..rules).map(rule), None)
}

/// Nanoseconds of one decision at 10 and at 10,000 rules.
pub fn lines() -> Vec<Line> {
    let line = |rules: u32| {
        let held = set(rules);
        let began = Instant::now();
        for round in 0..ROUNDS {
            let action = if round % 2 == 0 { "get" } else { "post" };
            black_box(held.allows(Some(black_box("product3")), black_box("resource0"), black_box(action)));
        }
        let nanoseconds = began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS);
        Line::at_most(format!("the decision itself, {rules} rules"), "", nanoseconds, 1_000.0, "ns")
    };
    [10, 10_000].map(line).into()
}
