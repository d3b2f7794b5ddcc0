//! Private keys at rest: made, sealed for their row, and opened again.

use auth_store::keys::{self, NewKey};
use crypto::jws::{Algorithm, SigningKey};
use crypto::seal::{RowIdentity, SealError, Sealer};
use domain::Entropy;
use error_codes::{Failure, Result, aut};
use store::Store;

use super::{Keyring, internal, service};

/// Whether the deployment keys are those of the database.
#[derive(Debug)]
pub enum Trust {
    /// Every private key opens.
    Whole,
    /// A private key does not open with them, for this reason.
    Broken(SealError),
}

/// The place of a private key, to which its seal is bound.
pub fn row(kid: &str) -> RowIdentity<'_> {
    RowIdentity { tenant: "", table: "signing_keys", column: "private_sealed", row: kid }
}

/// A key as it is stored.
pub fn made_from(key: &SigningKey, sealer: &Sealer, entropy: &dyn Entropy) -> Result<NewKey> {
    let private = key.private_jwk().expose().as_bytes();
    Ok(NewKey {
        kid: key.kid().to_owned(),
        algorithm: key.algorithm().name().to_owned(),
        public_jwk: serde_json::to_string(key.public_jwk()).map_err(internal)?,
        private_sealed: sealer.seal(&row(key.kid()), private, entropy).map_err(internal)?,
    })
}

/// A private key out of its seal.
pub(super) fn open(sealer: &Sealer, kid: &str, sealed: &[u8]) -> Result<SigningKey> {
    let private = sealer.open(&row(kid), sealed).map_err(|error| {
        Failure::new(aut::INTERNAL)
            .with_cause(format!("the signing keys cannot be opened with the deployment keys of 'keys.file': {error}"))
    })?;
    let text = std::str::from_utf8(private.expose()).map_err(internal)?;
    SigningKey::from_private_jwk(text).map_err(internal)
}

/// A fresh key of an algorithm, made on a thread of its own: RSA takes a tenth of a second or more.
#[allow(clippy::disallowed_methods, reason = "no database is asked, so there is no gate to pass")]
pub(super) async fn fresh(algorithm: Algorithm) -> Result<SigningKey> {
    let making = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm));
    making.await.map_err(internal)?.map_err(internal)
}

impl Keyring {
    /// Tries the deployment keys on every private key, before anything is written with them.
    pub async fn trust(&self, store: &Store) -> Result<Trust> {
        for key in store.read(keys::list_sealed).await? {
            if let Err(error) = self.sealer.open(&row(&key.kid), &key.private_sealed) {
                return Ok(Trust::Broken(error));
            }
        }
        Ok(Trust::Whole)
    }

    /// Makes the first key, which signs at once, where there is none; of several processes that start together one wins.
    ///
    /// Where keys of another algorithm sign, the schedule publishes one of this algorithm first.
    pub async fn make_first(&self, store: &Store, entropy: &dyn Entropy) -> Result<()> {
        if !store.read(keys::list).await?.is_empty() {
            return Ok(());
        }
        tracing::info!(algorithm = self.algorithm.name(), "making the first signing key");
        let key = made_from(&fresh(self.algorithm).await?, &self.sealer, entropy)?;
        store.write(move |unit| keys::insert_first(unit, &key, &service())).await?;
        Ok(())
    }
}
