//! Who is next where many wait for a few turns: whoever waits for many comes after whoever waits for one.
//!
//! Start-time fair queueing over two owners of each request. Everybody who waits has a place on a clock that moves with
//! every turn: not before the present, and not before the places that the same network and the same tenant have used up. A
//! network pays eight places for each of its requests, a tenant one, so that a flood from one network stands behind
//! everybody else of its tenant, and a flood from many networks upon one tenant stands behind every other tenant. The
//! lowest place is next; when too many wait, the highest is turned away. Since the clock always moves, everybody's turn comes.

use std::collections::{BTreeMap, HashMap};

use domain::Network;

/// What a network pays for one request, in places.
const NETWORK_PAYS: u64 = 8;
/// What a tenant pays for one request, in places.
const TENANT_PAYS: u64 = 1;

/// On whose account a request waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The network of the caller.
    pub network: Network,
    /// What names the tenant; any text that differs where tenants do.
    pub tenant: String,
}

/// A place on the clock; the number tells arrivals at the same place apart.
type Place = (u64, u64);

/// Those who wait, each with something that is handed back at their turn.
#[derive(Debug)]
pub struct Turns<T> {
    most: usize,
    now: u64,
    arrivals: u64,
    waiting: BTreeMap<Place, T>,
    networks: HashMap<Network, u64>,
    tenants: HashMap<String, u64>,
}

impl<T> Turns<T> {
    /// At most this many wait.
    pub fn new(most: usize) -> Self {
        let (waiting, networks, tenants) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Self { most, now: 0, arrivals: 0, waiting, networks, tenants }
    }

    /// Lets a request wait; gives back whoever is turned away, which may be the one that came.
    pub fn enter(&mut self, source: &Source, who: T) -> Option<T> {
        let of_network = self.networks.get(&source.network).copied().unwrap_or_default();
        let of_tenant = self.tenants.get(&source.tenant).copied().unwrap_or_default();
        let at = self.now.max(of_network).max(of_tenant);
        let is_full = self.waiting.len() >= self.most;
        // Who is turned away pays nothing: a refused flood does not push its own network further back.
        if is_full && self.waiting.last_key_value().is_none_or(|(&(last, _), _)| last <= at) {
            return Some(who);
        }
        let displaced = if is_full { self.waiting.pop_last().map(|(_, who)| who) } else { None };
        self.arrivals += 1;
        self.waiting.insert((at, self.arrivals), who);
        self.networks.insert(source.network, at + NETWORK_PAYS);
        self.tenants.insert(source.tenant.clone(), self.now.max(of_tenant) + TENANT_PAYS);
        displaced
    }

    /// Takes out whoever is next.
    pub fn take_next(&mut self) -> Option<T> {
        let ((at, _), who) = self.waiting.pop_first()?;
        self.now = at.max(self.now + 1);
        if self.waiting.is_empty() {
            self.networks.clear();
            self.tenants.clear();
        } else {
            self.networks.retain(|_, until| *until > self.now);
            self.tenants.retain(|_, until| *until > self.now);
        }
        Some(who)
    }

    /// Takes out those who have gone away.
    pub fn retain(&mut self, mut is_there: impl FnMut(&T) -> bool) {
        self.waiting.retain(|_, who| is_there(who));
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests;
