//! Tries of passwords: counted by account and by network, under tags that tell nobody whose they are.

use ::identity::throttle::{ACCOUNT, Admission, NETWORK, Tries};
use crypto::mac::Mac;
use domain::Network;
use error_codes::Result;
use identity_store::tries::{self, Key};
use store::Unit;

use super::App;

/// What tries are counted under, whether the name exists or not.
pub struct LoginKeys(Mac);

/// One try of a password, before its check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    counters: Option<Counters>,
    account: Admission,
    network: Admission,
}

/// Where a try is counted; `None` where nobody is made to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counters {
    account: Key,
    network: Key,
}

impl LoginKeys {
    /// Keys tagged with a purpose key of its own.
    pub fn new(mac: Mac) -> Self {
        Self(mac)
    }

    /// The counters of an account, named by the slug of its tenant and the comparison form of its name, and of the
    /// network that an address belongs to.
    pub(super) fn of(&self, tenant: &str, name: &str, address: &str) -> Counters {
        let account = [b"account", tenant.as_bytes(), name.as_bytes()];
        let network = Network::parse(address).to_string();
        Counters { account: self.0.tag(&account).bytes, network: self.0.tag(&[b"network", network.as_bytes()]).bytes }
    }
}

impl Attempt {
    /// Reads what is counted, without taking anything.
    pub(super) fn look(unit: &mut Unit<'_>, counters: Option<Counters>) -> Result<Self> {
        Self::admit(unit, counters, tries::find)
    }

    fn admit(
        unit: &mut Unit<'_>,
        counters: Option<Counters>,
        find: impl Fn(&mut Unit<'_>, &Key) -> Result<Tries>,
    ) -> Result<Self> {
        let Some(keys) = counters else {
            return Ok(Self { counters, account: Admission::Free, network: Admission::Free });
        };
        let now = unit.now();
        let account = find(unit, &keys.account)?.admit(ACCOUNT, now);
        let network = find(unit, &keys.network)?.admit(NETWORK, now);
        Ok(Self { counters, account, network })
    }

    /// After how many seconds the network may try again; `None` when it may now.
    pub(super) fn network_wait_seconds(&self) -> Option<u32> {
        wait_seconds(self.network)
    }

    /// After how many seconds the account may be tried again; `None` when it may be now.
    pub(super) fn account_wait_seconds(&self) -> Option<u32> {
        wait_seconds(self.account)
    }

    /// Whether success leaves anything to write.
    pub(super) fn was_charged(&self) -> bool {
        self.account != Admission::Free || self.network != Admission::Free
    }

    /// Forgets the failures of the account, and gives the network its charge back.
    pub(super) fn settle_success(&self, unit: &mut Unit<'_>) -> Result<()> {
        let Some(keys) = &self.counters else { return Ok(()) };
        tries::hold(unit, &keys.account)?;
        tries::put(unit, &keys.account, Tries::default())?;
        if self.network != Admission::Free {
            let charged = tries::hold(unit, &keys.network)?;
            tries::put(unit, &keys.network, charged.refunded())?;
        }
        Ok(())
    }

    /// Counts the failure where it was not charged before the check.
    pub(super) fn settle_failure(&self, unit: &mut Unit<'_>) -> Result<()> {
        let Some(keys) = &self.counters else { return Ok(()) };
        let now = unit.now();
        let counted = [(&keys.account, ACCOUNT, self.account), (&keys.network, NETWORK, self.network)];
        for (key, limits, admission) in counted {
            if admission == Admission::Free {
                let held = tries::hold(unit, key)?;
                tries::put(unit, key, held.failed(limits, now))?;
            }
        }
        Ok(())
    }
}

impl App {
    /// The counters of a try; `None` where nobody is made to wait.
    pub(super) fn counters(&self, tenant: &str, name: &str, address: &str) -> Option<Counters> {
        self.login_keys.as_ref().map(|keys| keys.of(tenant, name, address))
    }

    /// Takes the try where tries are no longer free; `None` when it may not be looked at.
    pub(super) async fn charge(&self, attempt: Attempt) -> Result<Option<Attempt>> {
        if attempt.account_wait_seconds().is_some() {
            return Ok(None);
        }
        if !attempt.was_charged() {
            return Ok(Some(attempt));
        }
        self.store
            .write(move |unit| {
                let held = Attempt::admit(unit, attempt.counters, tries::hold)?;
                let Some(keys) = &held.counters else { return Ok(Some(held)) };
                if held.account_wait_seconds().or(held.network_wait_seconds()).is_some() {
                    return Ok(None);
                }
                for (key, admission) in [(&keys.account, held.account), (&keys.network, held.network)] {
                    if let Admission::Charged(charged) = admission {
                        tries::put(unit, key, charged)?;
                    }
                }
                Ok(Some(held))
            })
            .await
    }

    /// Whether the account of a try has failures to forget.
    pub(super) async fn has_failures(&self, attempt: Attempt) -> Result<bool> {
        let Some(keys) = attempt.counters else { return Ok(false) };
        self.store.read(move |unit| Ok(!tries::find(unit, &keys.account)?.are_none())).await
    }
}

/// Rounded up: whoever comes back then is not too early.
fn wait_seconds(admission: Admission) -> Option<u32> {
    match admission {
        Admission::Blocked { wait } => Some(u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)),
        Admission::Free | Admission::Charged(_) => None,
    }
}
