//! What ended tokens, and the keys that made them: everything a verifier must know beside the token itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use crypto::jws::JwkSet;
use dashmap::DashMap;
use domain::change::Change;
use domain::id::{ApplicationId, SecretId, SessionId, TenantId, UserId};
use domain::token::{AccessToken, TokenSubject};
use domain::{Epoch, Epochs, Timestamp};
use uuid::Uuid;

/// How long what ended tokens is remembered: over the longest life of an access token, which must stay below it.
pub const HISTORY: Duration = Duration::from_secs(2 * 60 * 60);

/// What ended tokens within the life of an access token, and the public keys.
///
/// It only learns: epochs rise, sessions and secrets stay dead. So what arrives twice or late does no harm, and nothing
/// is ever forgotten before the tokens it ended have expired by themselves. Of what subjects may do it counts only that
/// something changed.
pub struct TokenState {
    keys: ArcSwap<JwkSet>,
    epochs: DashMap<Uuid, (Kind, Epoch, Timestamp)>,
    secrets: DashMap<SecretId, Timestamp>,
    sessions: DashMap<SessionId, Timestamp>,
    answers_version: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tenant,
    Application,
    User,
}

impl TokenState {
    /// Knows nothing, so accepts no signature.
    pub fn new(no_keys: JwkSet) -> Self {
        Self {
            keys: ArcSwap::from_pointee(no_keys),
            epochs: DashMap::new(),
            secrets: DashMap::new(),
            sessions: DashMap::new(),
            answers_version: AtomicU64::new(0),
        }
    }

    /// Replaces the public keys; the same ones again change nothing, and forget no verified signature.
    pub fn set_keys(&self, keys: JwkSet) {
        if self.keys.load().json() != keys.json() {
            self.keys.store(Arc::new(keys));
        }
    }

    /// The public keys.
    pub fn keys(&self) -> Arc<JwkSet> {
        self.keys.load_full()
    }

    /// Learns of a change: what it ended, and that what subjects may do may be something else now.
    pub fn learn(&self, change: &Change, now: Timestamp) {
        match change {
            Change::TenantEpoch(id, epoch) => self.raise(id.uuid(), Kind::Tenant, *epoch, now),
            Change::ApplicationEpoch(id, epoch) => self.raise(id.uuid(), Kind::Application, *epoch, now),
            Change::UserEpoch(id, epoch) => self.raise(id.uuid(), Kind::User, *epoch, now),
            Change::SecretWithdrawn(id) => {
                self.secrets.entry(*id).or_insert(now);
            }
            Change::SessionEnded(id, _) => {
                self.sessions.entry(*id).or_insert(now);
            }
            Change::UserRevised(_)
            | Change::ApplicationRevised(_)
            | Change::PolicyRevised(_)
            | Change::TenantRevised(_) => self.distrust_answers(),
            Change::KeysChanged => {}
        }
    }

    /// Counts what may change what subjects may do: an answer that was asked for at another count is worth nothing.
    ///
    /// One count for everybody, since changes are rare beside questions, and an answer costs auth no more than a look into
    /// its memory.
    pub fn answers_version(&self) -> u64 {
        self.answers_version.load(Ordering::Acquire)
    }

    /// What subjects may do may be something else now.
    pub fn distrust_answers(&self) {
        self.answers_version.fetch_add(1, Ordering::AcqRel);
    }

    fn raise(&self, id: Uuid, kind: Kind, epoch: Epoch, now: Timestamp) {
        let mut held = self.epochs.entry(id).or_insert((kind, epoch, now));
        // What is heard again keeps its time, or two that tell each other would never forget.
        if epoch > held.1 {
            *held = (kind, epoch, now);
        }
        drop(held);
        // Who was disabled may do nothing, also in the answers to others who ask about them.
        self.distrust_answers();
    }

    /// Whether a token was ended before its time.
    pub fn has_ended(&self, token: &AccessToken) -> bool {
        let (subject, secret_withdrawn) = match &token.subject {
            TokenSubject::User { id, .. } => (id.uuid(), false),
            TokenSubject::Application { secret } => (token.application.uuid(), self.secrets.contains_key(secret)),
        };
        secret_withdrawn
            || self.sessions.contains_key(&token.session)
            || self.is_raised(token.tenant.uuid(), token.epochs.tenant)
            || self.is_raised(token.application.uuid(), token.epochs.application)
            || self.is_raised(subject, token.epochs.subject)
    }

    /// Whether the epochs that something is about to be issued under still hold, as far as is known.
    pub fn epochs_hold(&self, tenant: TenantId, application: ApplicationId, user: UserId, epochs: Epochs) -> bool {
        !self.is_raised(tenant.uuid(), epochs.tenant)
            && !self.is_raised(application.uuid(), epochs.application)
            && !self.is_raised(user.uuid(), epochs.subject)
    }

    fn is_raised(&self, id: Uuid, issued_under: Epoch) -> bool {
        self.epochs.get(&id).is_some_and(|held| held.1 > issued_under)
    }

    /// Everything known, for one who begins to listen.
    pub fn known(&self) -> Vec<Change> {
        let epochs = self.epochs.iter().map(|held| {
            let (id, (kind, epoch, _)) = held.pair();
            match kind {
                Kind::Tenant => Change::TenantEpoch((*id).into(), *epoch),
                Kind::Application => Change::ApplicationEpoch((*id).into(), *epoch),
                Kind::User => Change::UserEpoch((*id).into(), *epoch),
            }
        });
        let secrets = self.secrets.iter().map(|held| Change::SecretWithdrawn(*held.key()));
        let sessions = self.sessions.iter().map(|held| Change::SessionEnded(*held.key(), held.plus(HISTORY)));
        epochs.chain(secrets).chain(sessions).collect()
    }

    /// Forgets what ended only tokens that have expired by themselves since.
    pub fn forget_before(&self, then: Timestamp) {
        self.epochs.retain(|_, held| held.2 >= then);
        self.secrets.retain(|_, learned| *learned >= then);
        self.sessions.retain(|_, learned| *learned >= then);
    }
}
