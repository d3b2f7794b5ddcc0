//! The signing keys: made at the first start, sealed in the database, kept parsed in memory.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use auth_store::keys::{self, NewKey, Stage};
use client::TokenState;
use crypto::jws::{Algorithm, JwkSet, SigningKey};
use crypto::keys::{DeploymentKeys, Purpose};
use crypto::seal::{RowIdentity, Sealer};
use domain::Entropy;
use error_codes::{Failure, Result, aut};
use serde::Serialize;
use store::{Actor, Store, Unit};

/// The key that signs, and the seal of all of them.
pub struct Keyring {
    algorithm: Algorithm,
    sealer: Sealer,
    active: ArcSwapOption<SigningKey>,
}

impl Keyring {
    /// A ring without keys.
    pub fn new(algorithm: Algorithm, sealer: Sealer) -> Self {
        Self { algorithm, sealer, active: ArcSwapOption::empty() }
    }

    /// Makes the first key of the algorithm where there is none; of several processes that start together one wins.
    pub async fn make_first(&self, store: &Store, entropy: &dyn Entropy) -> Result<()> {
        let algorithm = self.algorithm.name();
        let stored = store.read(keys::list).await?;
        if stored.iter().any(|key| key.algorithm == algorithm && matches!(key.stage, Stage::Active { .. })) {
            return Ok(());
        }
        tracing::info!(algorithm, "making the first signing key");
        let key = SigningKey::generate(self.algorithm).map_err(internal)?;
        let private = key.private_jwk().expose().as_bytes();
        let key = NewKey {
            kid: key.kid().to_owned(),
            algorithm: algorithm.to_owned(),
            public_jwk: serde_json::to_string(key.public_jwk()).map_err(internal)?,
            private_sealed: self.sealer.seal(&row(key.kid()), private, entropy).map_err(internal)?,
        };
        let actor = Actor {
            kind: "service",
            id: crate::process::NAME.to_owned(),
            address: String::new(),
            request_id: String::new(),
        };
        store.write(move |unit| keys::insert_first(unit, &key, &actor)).await?;
        Ok(())
    }

    /// Reads the keys anew: the active one signs, all of them verify.
    pub async fn load(&self, store: &Store, state: &TokenState) -> Result<()> {
        let stored = store.read(keys::list).await?;
        let public: Result<Vec<_>, serde_json::Error> =
            stored.iter().map(|key| serde_json::from_str(&key.public_jwk)).collect();
        let set = JwkSet::from_public(&public.map_err(internal)?).map_err(internal)?;
        let mut active =
            stored.iter().filter(|key| key.algorithm == self.algorithm.name()).filter_map(|key| match &key.stage {
                Stage::Active { private, .. } => Some((&key.kid, private)),
                Stage::Next { .. } | Stage::Retiring { .. } => None,
            });
        let (kid, private) =
            active.next().ok_or_else(|| Failure::new(aut::INTERNAL).with_cause("there is no active signing key"))?;
        let private = self.sealer.open(&row(kid), private).map_err(|error| {
            Failure::new(aut::INTERNAL).with_cause(format!(
                "the signing keys cannot be opened with the deployment keys of 'keys.file': {error}"
            ))
        })?;
        let text = std::str::from_utf8(private.expose()).map_err(internal)?;
        self.active.store(Some(Arc::new(SigningKey::from_private_jwk(text).map_err(internal)?)));
        state.set_keys(set);
        Ok(())
    }

    /// Signs a token of a type such as `JWT`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String> {
        let key = self.active.load();
        let key = key.as_ref().ok_or_else(|| Failure::new(aut::INTERNAL).with_cause("no signing key is loaded"))?;
        key.sign(typ, claims).map_err(internal)
    }
}

/// Whether these deployment keys open every signing key of the database.
pub fn keys_open(unit: &mut Unit<'_>, deployment_keys: &DeploymentKeys) -> Result<bool> {
    let sealer = Sealer::new(&deployment_keys.purpose(Purpose::SealedRow));
    Ok(keys::list(unit)?.iter().all(|key| match &key.stage {
        Stage::Next { private } | Stage::Active { private, .. } => sealer.open(&row(&key.kid), private).is_ok(),
        Stage::Retiring { .. } => true,
    }))
}

fn row(kid: &str) -> RowIdentity<'_> {
    RowIdentity { tenant: "", table: "signing_keys", column: "private_sealed", row: kid }
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(aut::INTERNAL).with_cause(cause)
}
