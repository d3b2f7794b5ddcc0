//! The signing keys: sealed in the database, kept parsed in memory, read anew whenever they change.
//!
//! A process that was told of a change and has not read it yet signs nothing, and vouches for nothing once that lasts: so a
//! key that was retired signs no more, and none of its tokens is accepted, even where the database does not answer.

mod change;
mod made;
mod progress;

pub use change::{Changed, Removal};
pub use made::{Trust, made_from, row};

use std::sync::Arc;
use std::time::Duration;

use ::auth::signing::{self, Key, Spans, Stage};
use arc_swap::ArcSwap;
use auth_store::keys::{self, StoredKey};
use client::News;
use crypto::jws::{Algorithm, JwkSet, SigningKey};
use crypto::keys::{DeploymentKeys, Purpose};
use crypto::seal::Sealer;
use domain::change::Change;
use domain::{Entropy, Timestamp};
use error_codes::{Failure, Result, aut};
use store::{Actor, Store, Unit};

use self::progress::Progress;

/// The pause before keys that could not be read are read again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a request waits for keys that are being read before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The keys of this process, and the seal of all of them.
pub struct Keyring {
    algorithm: Algorithm,
    spans: Spans,
    sealer: Sealer,
    held: ArcSwap<Held>,
    progress: Progress,
}

/// What was read last.
#[derive(Default)]
struct Held {
    signer: Option<Arc<SigningKey>>,
    keys: Vec<Key>,
}

impl Keyring {
    /// A ring without keys.
    pub fn new(algorithm: Algorithm, spans: Spans, sealer: Sealer) -> Self {
        Self { algorithm, spans, sealer, held: ArcSwap::default(), progress: Progress::default() }
    }

    /// Says that the keys in the database changed: nothing is signed until they were read anew.
    pub fn tell(&self) {
        self.progress.tell();
    }

    /// How long keys that changed have been waiting to be read; zero where none are.
    pub fn lag(&self) -> Duration {
        self.progress.lag()
    }

    /// Resolves when everything that this ring was told of has been read.
    pub async fn caught_up(&self) {
        self.progress.caught_up().await;
    }

    /// Reads the keys anew whenever they changed, until `stop` resolves; a reading that fails is repeated.
    pub async fn follow(&self, store: &Store, news: &News, stop: impl Future<Output = ()>) {
        let reading = async {
            loop {
                let told = self.progress.changed().await;
                match self.load(store, news).await {
                    Ok(()) => self.progress.done(told),
                    Err(failure) => {
                        tracing::error!(%failure, "the changed signing keys could not be read and will be again");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = reading => {}
        }
    }

    /// Reads the keys: one signs, all of them verify, and who follows the token state is told.
    pub async fn load(&self, store: &Store, news: &News) -> Result<()> {
        let stored = store.read(keys::list).await?;
        let public: Result<Vec<_>, serde_json::Error> =
            stored.iter().map(|key| serde_json::from_str(&key.public_jwk)).collect();
        let set = JwkSet::from_public(&public.map_err(internal)?).map_err(internal)?;
        let lives: Vec<Key> = stored.iter().map(StoredKey::life).collect();
        let signer = signing::signer(&lives, self.algorithm.name())
            .and_then(|signer| stored.iter().find(|key| key.kid == signer.kid))
            .ok_or_else(|| Failure::new(aut::INTERNAL).with_cause("there is no active signing key"))?;
        let held = self.held.load();
        // Parsing an RSA key is dear, and most changes leave the one that signs.
        let signer = match &held.signer {
            Some(known) if known.kid() == signer.kid => Arc::clone(known),
            Some(_) | None => Arc::new(self.open(signer)?),
        };
        self.held.store(Arc::new(Held { signer: Some(signer), keys: lives }));
        news.state().set_keys(set);
        news.spread(&Change::KeysChanged);
        Ok(())
    }

    /// The key that signs now, for the tokens of one answer.
    ///
    /// # Errors
    /// AUT-0016 while a change of the keys is not read.
    pub async fn signer(&self) -> Result<Arc<SigningKey>> {
        if tokio::time::timeout(PATIENCE, self.progress.caught_up()).await.is_err() {
            let cause = "the changed signing keys could not be read yet";
            return Err(Failure::new(aut::UNAVAILABLE).with_retry_after(Duration::from_secs(1)).with_cause(cause));
        }
        let signer = self.held.load().signer.clone();
        signer.ok_or_else(|| Failure::new(aut::INTERNAL).with_cause("no signing key is loaded"))
    }

    /// Takes the steps that time asks for, each at most once among all processes; from memory where there are none.
    pub async fn keep_time(&self, store: &Store, entropy: &dyn Entropy, now: Timestamp) -> Result<()> {
        let is_due = {
            let held = self.held.load();
            signing::due_at(&held.keys, self.algorithm.name(), &self.spans).is_some_and(|at| at <= now)
        };
        if is_due { self.take_due(store, entropy, &service()).await.map(|_| ()) } else { Ok(()) }
    }

    fn open(&self, key: &StoredKey) -> Result<SigningKey> {
        let private = key.private_sealed.as_deref().unwrap_or_default();
        made::open(&self.sealer, &key.kid, private)
    }
}

/// The stage of a key in a word.
pub fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Next { .. } => "next",
        Stage::Active { .. } => "active",
        Stage::Retiring { .. } => "retiring",
    }
}

/// Whether these deployment keys open every signing key of the database.
pub fn keys_open(unit: &mut Unit<'_>, deployment_keys: &DeploymentKeys) -> Result<bool> {
    let sealer = Sealer::new(&deployment_keys.purpose(Purpose::SealedRow));
    Ok(keys::list_sealed(unit)?.iter().all(|key| sealer.open(&row(&key.kid), &key.private_sealed).is_ok()))
}

/// This service, as the actor of what time asks for.
fn service() -> Actor {
    Actor { kind: "service", id: crate::process::NAME.to_owned(), address: String::new(), request_id: String::new() }
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(aut::INTERNAL).with_cause(cause)
}
