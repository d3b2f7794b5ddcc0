//! Both services as their own settings describe them.

use std::path::Path;

use crypto::keys::DeploymentKeys;
use error_codes::{AUTH, Generic, IDENTITY};
use service_kit::settings::KeySettings;
use store::{DatabaseUrl, Migrations, Unit};

use crate::{Refusal, Result};

/// One service: its database and its keys.
pub struct Side {
    pub(crate) url: DatabaseUrl,
    pub(crate) migrations: Migrations,
    pub(crate) codes: &'static Generic,
    keys: KeySettings,
    keys_open: fn(&mut Unit<'_>, &DeploymentKeys) -> error_codes::Result<bool>,
}

/// A deployment: one of each service.
pub struct Deployment {
    pub(crate) auth: Side,
    pub(crate) identity: Side,
}

impl Deployment {
    /// Reads the settings of both services the way they do: a file, where there is one, and the environment.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn load(
        auth: Option<&Path>,
        identity: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        use auth_service::settings as of_auth;
        use identity_service::settings as of_identity;

        let environment: Vec<(String, String)> = environment.into_iter().collect();
        let auth: of_auth::Settings = of_auth::SOURCE.load(auth, environment.clone())?.settings;
        let identity: of_identity::Settings = of_identity::SOURCE.load(identity, environment)?.settings;
        Ok(Self {
            auth: Side {
                url: auth.database.url,
                migrations: auth_store::migrations(),
                codes: &AUTH,
                keys: auth.keys,
                keys_open: auth_service::app::keys::keys_open,
            },
            identity: Side {
                url: identity.database.url,
                migrations: identity_store::migrations(),
                codes: &IDENTITY,
                keys: identity.keys,
                keys_open: identity_service::app::master_key::keys_open,
            },
        })
    }

    /// The files with the deployment keys, which no backup holds.
    pub fn key_files(&self) -> [&Path; 2] {
        [&self.auth.keys.file, &self.identity.keys.file]
    }

    /// The service of a name.
    pub(crate) fn side(&self, service: &str) -> Option<&Side> {
        [&self.auth, &self.identity].into_iter().find(|side| side.name() == service)
    }
}

impl Side {
    pub(crate) fn name(&self) -> &'static str {
        self.migrations.service
    }

    pub(crate) fn engine(&self) -> &'static str {
        match self.url {
            DatabaseUrl::Sqlite(_) => "SQLite",
            DatabaseUrl::Postgres(_) => "PostgreSQL",
        }
    }

    /// A sentence about the database of this service.
    pub(crate) fn cannot(&self, what: &str, reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(format!("the database {} of {} cannot be {what}: {reason}", self.url, self.name()))
    }

    /// The deployment keys.
    pub(crate) fn keys(&self) -> Result<DeploymentKeys> {
        DeploymentKeys::parse(self.keys.read()?.expose())
            .map_err(|error| Refusal::new(format!("the key file {}: {error}", self.keys.file.display())))
    }

    /// Whether the deployment keys open what is sealed in the database.
    pub(crate) fn keys_open(&self, unit: &mut Unit<'_>, keys: &DeploymentKeys) -> error_codes::Result<bool> {
        (self.keys_open)(unit, keys)
    }

    /// What to do when they do not.
    pub(crate) fn wrong_keys(&self) -> Refusal {
        Refusal::new(format!(
            "the deployment keys in {} are not those with which {} sealed what is in the backup, so nothing was written; \
             name the key file of that time in 'keys.file' of {}",
            self.keys.file.display(),
            self.name(),
            self.name()
        ))
    }
}
