//! The rows of the table, in groups that share a deployment.

pub mod checks;
pub mod growth;
pub mod memory;
pub mod pages;
pub mod passwords;
pub mod reads;
pub mod refresh;
pub mod revocation;
pub mod tokens;

use std::time::Duration;

use crate::load::Measured;

/// How the rows are measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long a row lasts.
    pub span: Duration,
    /// The users of the large database.
    pub users: u32,
}

/// What is worth knowing beside a rate.
fn aside(measured: &Measured) -> String {
    let failed = measured
        .failed
        .map(|(count, status)| format!("; {count} ANSWERED OTHERWISE, the first with {status}"))
        .unwrap_or_default();
    format!(
        "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms{failed}",
        measured.per_second(),
        measured.within_ms(0.5),
        measured.within_ms(0.99)
    )
}
