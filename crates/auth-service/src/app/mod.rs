//! What every request of this service is a sequence of: reserve → await → settle.

pub mod audit;
pub mod failed_clients;
pub mod grants;
pub mod identity;
pub mod keys;
pub mod logout;
pub mod meters;
pub mod permissions;
pub mod sessions;
pub mod subjects;
pub mod subscribers;
pub mod tokens;
pub mod usage;

use std::sync::Arc;
use std::time::Duration;

use ::auth::Lifetimes;
use ::auth::party::Tenant;
use ::auth::route_table::RouteTable;
use client::{News, TokenState, TokenVerifier};
use crypto::mac::Mac;
use domain::network::Networks;
use domain::{Clock, Entropy, Issuers};
use service_kit::limits::Limits;
use store::{Actor, Store, Trail};

use self::identity::Identity;
use self::keys::Keyring;
use self::meters::Meters;
use self::subscribers::Subscribers;
use self::usage::Usage;

/// The service behind its edges.
pub struct App {
    /// Sessions, revocations, keys.
    pub store: Store,
    /// What happened to them.
    pub trail: Trail,
    /// What identity says, remembered.
    pub identity: Identity,
    /// The keys that sign.
    pub keys: Arc<Keyring>,
    /// What ended tokens.
    pub state: Arc<TokenState>,
    /// Verifies the tokens of callers.
    pub verifier: Arc<TokenVerifier>,
    /// What is told to those who listen to the token state.
    pub news: Arc<News>,
    /// Who listens to it.
    pub subscribers: Arc<Subscribers>,
    /// Which secrets were used.
    pub usage: Usage,
    /// Tags refresh tokens.
    pub refresh_mac: Mac,
    /// The number of the deployment key that new work uses.
    pub master_key: u8,
    /// Who issues the tokens of which tenant.
    pub issuers: Issuers,
    /// How long things live in the deployment; a tenant may make it shorter.
    pub lifetimes: Lifetimes,
    /// What is counted.
    pub meters: Meters,
    /// How often callers may ask.
    pub limits: Limits,
    /// What requests to protected APIs need, for proxies that ask.
    pub routes: RouteTable,
    /// Where the platform's own services ask from; their questions need not tell an address.
    pub internal_networks: Networks,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl App {
    /// How long things live in a tenant.
    pub fn lifetimes_in(&self, tenant: &Tenant) -> Lifetimes {
        self.lifetimes.of_tenant(&tenant.lifetimes)
    }
}

impl App {
    /// How old the knowledge of the own database is, that of the keys included; `None` before the first reading.
    pub fn age(&self) -> Option<Duration> {
        Some(self.store.age()?.max(self.keys.lag()))
    }

    /// Takes the steps of the signing keys that are due; what fails is tried again at the next look.
    pub async fn keep_time(&self) {
        if let Err(failure) = self.keys.keep_time(&self.store, &*self.entropy, self.clock.now()).await {
            tracing::warn!(%failure, "a step of the signing keys could not be taken and will be again");
        }
    }

    /// Writes down which keys were needed since the last report, and which deployment key is in use.
    pub async fn report_keys(&self) {
        let (needed, master_key) = (self.verifier.needed(), self.master_key);
        let reported = self.store.write(move |unit| {
            store::master_keys::mark_current(unit, master_key)?;
            for (kid, at) in &needed {
                auth_store::keys::mark_needed(unit, kid, *at)?;
            }
            Ok(())
        });
        if let Err(failure) = reported.await {
            tracing::warn!(%failure, "the use of the keys could not be reported and will be later");
        }
    }
}

/// Where a request comes from, for limits, the list of sessions and the trail.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The tenant that the path names.
    pub tenant: Option<String>,
    /// The address of the caller.
    pub address: String,
    /// What the caller calls itself.
    pub user_agent: String,
    /// The id of the request.
    pub request_id: String,
}

impl Origin {
    /// An actor of the trail who came from here.
    pub fn actor(&self, kind: &'static str, id: impl ToString) -> Actor {
        Actor { kind, id: id.to_string(), address: self.address.clone(), request_id: self.request_id.clone() }
    }
}
