//! Which secrets were used: counted here, told to identity from time to time, so that no token costs a write.

use contracts::identity::v1::SecretUse;
use dashmap::DashMap;
use domain::Timestamp;
use domain::id::SecretId;

use super::identity::Identity;

/// Secrets in one report.
const MOST_AT_ONCE: usize = 1_000;

/// Uses since the last report.
#[derive(Debug, Default)]
pub struct Usage(DashMap<SecretId, (Timestamp, u64)>);

impl Usage {
    /// Counts a token that a secret bought.
    pub fn count(&self, secret: SecretId, now: Timestamp) {
        let mut held = self.0.entry(secret).or_insert((now, 0));
        *held = (now, held.1 + 1);
    }

    /// Tells identity; what cannot be told is kept for the next time.
    pub async fn report(&self, identity: &Identity) {
        // In order, so that two reports never wait for each other's rows in a circle.
        let mut secrets: Vec<SecretId> = self.0.iter().map(|held| *held.key()).collect();
        secrets.sort_unstable();
        for part in secrets.chunks(MOST_AT_ONCE) {
            self.report_some(identity, part).await;
        }
    }

    async fn report_some(&self, identity: &Identity, secrets: &[SecretId]) {
        let taken: Vec<(SecretId, (Timestamp, u64))> =
            secrets.iter().filter_map(|secret| self.0.remove(secret)).collect();
        if taken.is_empty() {
            return;
        }
        let uses = taken
            .iter()
            .map(|(secret, (at, tokens))| SecretUse {
                secret_id: secret.to_string(),
                last_used_at: at.micros(),
                tokens: *tokens,
            })
            .collect();
        if let Err(failure) = identity.report_use(uses).await {
            tracing::warn!(%failure, "the use of secrets could not be reported and will be later");
            for (secret, (at, tokens)) in taken {
                let mut held = self.0.entry(secret).or_insert((at, 0));
                *held = (held.0.max(at), held.1 + tokens);
            }
        }
    }
}
