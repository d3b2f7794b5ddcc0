//! What every request of this service is a sequence of: reserve → await → settle.

pub mod access;
mod acts;
pub mod applications;
pub mod attempts;
pub mod audit;
pub mod clients;
pub mod declarations;
pub mod declared;
pub mod explain;
pub mod first_start;
pub mod grants;
pub mod groups;
pub mod hashing;
pub mod holders;
pub mod login;
pub mod master_key;
pub mod members;
pub mod meters;
pub mod passwords;
pub mod platform;
pub mod roles;
pub mod secrets;
pub mod subjects;
pub mod tenants;
pub mod users;

use std::sync::Arc;

use client::{News, TokenVerifier};
use crypto::keys::DeploymentKeys;
use crypto::seal::Sealer;
use domain::id::TenantId;
use domain::{Clock, Entropy, Network, Slug};
use identity::product::Products;
use identity::turns::Source;
use moka::sync::Cache;
use service_kit::limits::Limits;
use store::{Actor, Store, Trail};

use self::access::Held;
use self::attempts::LoginKeys;
use self::hashing::Hasher;
use self::master_key::MasterKeys;
use self::meters::Meters;
use crate::settings::Settings;

/// The service behind its edges.
pub struct App {
    /// Everything that is true about people and software.
    pub store: Store,
    /// What happened to it.
    pub trail: Trail,
    /// Verifies the tokens of callers.
    pub verifier: Arc<TokenVerifier>,
    /// Hashes passwords, a few at a time.
    pub hasher: Hasher,
    /// What failed logins are counted under; `None` where nobody is made to wait.
    pub login_keys: Option<LoginKeys>,
    /// The number of the deployment key that new work uses.
    pub master_key: u8,
    /// Seals what must not be read in the database.
    pub sealer: Sealer,
    /// What is told to those who follow this service.
    pub news: Arc<News>,
    /// What callers may do, until a change says otherwise.
    pub held: Cache<(TenantId, String), Arc<Held>>,
    /// The products that applications may be made for.
    pub products: Products,
    /// The tenant that a login means when it names none.
    pub default_tenant: Slug,
    /// What is counted.
    pub meters: Meters,
    /// How often callers may ask.
    pub limits: Limits,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl App {
    /// The deployment keys of this database, for the start and for commands.
    pub fn master_keys<'a>(&'a self, settings: &'a Settings, keys: &'a DeploymentKeys) -> MasterKeys<'a> {
        let (sealer, store, entropy) = (&self.sealer, &self.store, &*self.entropy);
        MasterKeys { file: &settings.keys, keys, sealer, store, entropy }
    }
}

/// Where a request comes from, for limits and the trail.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address of the caller.
    pub address: String,
    /// The id of the request.
    pub request_id: String,
}

impl Origin {
    /// An actor of the trail who came from here.
    pub fn actor(&self, kind: &'static str, id: impl ToString) -> Actor {
        Actor { kind, id: id.to_string(), address: self.address.clone(), request_id: self.request_id.clone() }
    }
}

/// On whose account work for a tenant waits that was asked for from an address.
pub(crate) fn source(tenant: TenantId, address: &str) -> Source {
    Source { network: Network::parse(address), tenant: tenant.to_string() }
}
