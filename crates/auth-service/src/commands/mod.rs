//! What an operator does on the host, beside the processes that serve: each command returns what it prints.

pub mod master_key;
pub mod signing_keys;
pub mod subscribers;

use std::sync::Arc;

use auth_store::keys;
use crypto::keys::{DeploymentKeys, Purpose};
use crypto::seal::Sealer;
use domain::{Clock, Entropy, OsEntropy};
use error_codes::{AUTH, Failure};
use service_kit::settings::SettingsError;
use store::{OpenedFor, Store};

use crate::app::keys::Keyring;
use crate::process::refuse_foreign_keys;
use crate::settings::Settings;

/// The database of the service, opened beside it, and the keys it is used with.
pub struct Desk<'a> {
    settings: &'a Settings,
    store: Store,
    deployment_keys: DeploymentKeys,
    sealer: Sealer,
    ring: Keyring,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

impl<'a> Desk<'a> {
    /// Opens the database, and refuses deployment keys that are not its own before anything is done.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub async fn open(settings: &'a Settings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let url = &settings.database.url;
        let cannot_open = |reason: String| SettingsError::new(format!("the database {url} cannot be used: {reason}"));
        store::check(url, &auth_store::migrations()).map_err(|error| cannot_open(error.to_string()))?;
        let deployment_keys = settings.keys.load()?;
        let sealer = || Sealer::new(&deployment_keys.purpose(Purpose::SealedRow));
        let lifetimes = settings.tokens.lifetimes()?;
        let ring = Keyring::new(settings.tokens.algorithm()?, settings.signing.spans(&lifetimes)?, sealer());
        let sealer = sealer();
        // Those who serve hear of what a command does through the feed; the command itself remembers nothing.
        let on_change = Arc::new(|_: &domain::change::Change| {});
        let store = Store::open(&settings.database, OpenedFor::Command, &AUTH, Arc::clone(&clock), on_change)
            .map_err(|failure| cannot_open(failure.cause().map(ToString::to_string).unwrap_or_default()))?;
        refuse_foreign_keys(&ring, &store, settings).await?;
        Ok(Self { settings, store, deployment_keys, sealer, ring, entropy: Arc::new(OsEntropy), clock })
    }

    async fn keys(&self) -> Result<Vec<keys::StoredKey>, SettingsError> {
        self.store.read(keys::list).await.map_err(refused)
    }
}

fn refused(failure: Failure) -> SettingsError {
    let cause = failure.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
    SettingsError::new(format!("nothing was done: {failure}{cause}"))
}
