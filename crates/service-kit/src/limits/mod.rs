//! How often callers may ask: by network, by client and by tenant, counted in the memory of this process.
//!
//! What one process counts no other knows, so that N processes let through N times as much. Each count is one number in a
//! table of fixed size, so that no stranger makes the memory grow.

mod limiter;
mod rate;

use std::num::NonZeroU32;

use domain::Network;
use domain::id::TenantId;
use error_codes::{Failure, Generic};
use serde::Deserialize;

pub use self::limiter::Limiter;
pub use self::rate::{Rate, Taken};
use crate::settings::{SettingsError, within};

/// The most that a limit can be; a limit over it would be none.
const MOST: u32 = 1_000_000;

/// The rates of the `[limits]` table; 0 requests in a second are no limit, and a burst of 0 is what comes in a second.
#[derive(Clone, Debug, Deserialize)]
pub struct RateSettings {
    /// Requests of one network.
    pub network_per_second: u32,
    /// Of these, at once.
    pub network_burst: u32,
    /// Requests of one client: an application for itself, or a person.
    pub client_per_second: u32,
    /// Of these, at once.
    pub client_burst: u32,
    /// Requests of one tenant that has no limit of its own.
    pub tenant_per_second: u32,
    /// Of these, at once.
    pub tenant_burst: u32,
}

/// How often one network may ask; counted before anything of a request is looked at.
#[derive(Debug)]
pub struct NetworkLimit(Option<Limiter>);

impl NetworkLimit {
    /// As the settings say.
    pub fn new(settings: &RateSettings) -> Result<Self, SettingsError> {
        let rate = rate("limits.network", settings.network_per_second, settings.network_burst)?;
        Ok(Self(rate.map(Limiter::new)))
    }

    /// Counts a request; `None` where nothing is limited.
    pub fn take(&self, network: Network) -> Option<Taken> {
        self.0.as_ref().map(|limiter| limiter.take(&network))
    }

    /// Whether anything is limited.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

/// How often known callers and their tenants may ask; counted once it is known who calls.
pub struct Limits {
    clients: Option<Limiter>,
    tenants: Limiter,
    tenant_rate: Option<Rate>,
    codes: &'static Generic,
}

impl Limits {
    /// As the settings say.
    pub fn new(settings: &RateSettings, codes: &'static Generic) -> Result<Self, SettingsError> {
        let client_rate = rate("limits.client", settings.client_per_second, settings.client_burst)?;
        let tenant_rate = rate("limits.tenant", settings.tenant_per_second, settings.tenant_burst)?;
        Ok(Self {
            clients: client_rate.map(Limiter::new),
            tenants: Limiter::new(tenant_rate.unwrap_or(Rate::per_second(MOST, MOST))),
            tenant_rate,
            codes,
        })
    }

    /// Counts a request of a subject of a tenant; `own` is the tenant's own limit, which stands above the settings'.
    ///
    /// # Errors
    /// 429 with the time after which another try makes sense.
    pub fn admit(&self, tenant: TenantId, subject: &str, own: Option<NonZeroU32>) -> Result<(), Failure> {
        if let Some(clients) = &self.clients {
            clients.take(&(tenant, subject)).or_refuse(self.codes)?;
        }
        match own.map(|own| Rate::per_second(own.get(), own.get())).or(self.tenant_rate) {
            Some(rate) => self.tenants.take_at(&tenant, rate).or_refuse(self.codes).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Taken {
    /// The failure of a request that was one too many.
    pub fn or_refuse(self, codes: &'static Generic) -> Result<Self, Failure> {
        match self.wait {
            Some(wait) => Err(Failure::new(codes.throttled).with_retry_after(wait).with_limit(self.limit)),
            None => Ok(self),
        }
    }
}

/// The rate of a pair of settings, such as `limits.client_per_second` and `limits.client_burst`.
fn rate(name: &str, per_second: u32, burst: u32) -> Result<Option<Rate>, SettingsError> {
    within(&format!("{name}_per_second"), per_second, 0..=MOST)?;
    within(&format!("{name}_burst"), burst, 0..=MOST)?;
    Ok((per_second > 0).then(|| Rate::per_second(per_second, if burst == 0 { per_second } else { burst })))
}
