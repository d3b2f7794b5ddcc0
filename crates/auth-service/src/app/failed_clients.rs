//! How often a network may show wrong client credentials.
//!
//! Counted by network alone and never by client: a secret has 256 bits that nobody guesses, so that a count of failures
//! would only let strangers lock the client out. What is limited is the work that wrong credentials make.

use domain::Network;
use error_codes::{AUTH, Result};
use service_kit::limits::{Limiter, Rate};

/// Counts the failures of networks.
#[derive(Debug)]
pub struct FailedClients(Option<Limiter>);

impl FailedClients {
    /// At this rate; without one nobody is counted.
    pub fn new(rate: Option<Rate>) -> Self {
        Self(rate.map(Limiter::new))
    }

    /// Refuses what must be asked of identity while the network has failed too often.
    ///
    /// # Errors
    /// AUT-0015.
    pub fn check(&self, address: &str) -> Result<()> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.look(&Network::parse(address)).or_refuse(&AUTH).map(|_| ())
    }

    /// Counts a failure.
    pub fn count(&self, address: &str) {
        if let Some(limiter) = &self.0 {
            limiter.take(&Network::parse(address));
        }
    }
}
