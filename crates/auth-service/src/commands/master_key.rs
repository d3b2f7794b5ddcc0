//! `auth-service master-key`: the deployment keys of this service.

use std::time::Duration;

use auth_store::keys::{self, SealedKey};
use crypto::keys::DeploymentKeys;
use crypto::seal;
use domain::Timestamp;
use service_kit::master_key::{KnownKey, MasterKeyAct, Need, Standing};
use service_kit::settings::SettingsError;
use store::{Store, master_keys};

use super::{Desk, refused};
use crate::app::keys::row;
use crate::settings::Settings;

/// How much later than it is written down a process may have worked with a key: the pause between two notes, doubled.
const SLACK: Duration = Duration::from_secs(120);

impl Desk<'_> {
    /// Does one of them; returns what is to be printed.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub async fn master_key(&self, act: MasterKeyAct) -> Result<String, SettingsError> {
        let file = &self.settings.keys;
        match act {
            MasterKeyAct::Status { json: true } => Ok(format!("{:#}\n", self.standing().await?.json())),
            MasterKeyAct::Status { json: false } => Ok(self.standing().await?.shown(&file.file)),
            MasterKeyAct::Add { beside } => {
                // What works until the restart is written down, so that its refresh tokens are waited for.
                self.note_current().await?;
                file.add(beside, &*self.entropy)
            }
            MasterKeyAct::Swap => {
                self.note_current().await?;
                file.swap(&*self.entropy)
            }
            MasterKeyAct::Reseal => {
                let resealed = self.reseal(usize::MAX).await?;
                Ok(format!("{resealed} values were sealed anew. {}\n", self.standing().await?.advice()))
            }
            MasterKeyAct::Drop { anyway } => {
                let told = file.drop_other(&self.standing().await?, anyway, &*self.entropy)?;
                let current = self.deployment_keys.current_id();
                let forgetting = self.store.write(move |unit| master_keys::forget_others(unit, current));
                forgetting.await.map_err(refused)?;
                Ok(told)
            }
        }
    }

    /// Seals at most so many values anew, each in a transaction of its own; returns how many there were. What was done stays
    /// done, and what is sealed with the current key is passed over.
    pub async fn reseal(&self, most: usize) -> Result<usize, SettingsError> {
        let mut resealed = 0;
        let old = self.sealed().await?.into_iter().filter(|key| !self.sealer.is_current(&key.private_sealed));
        for was in old.take(most) {
            let cannot = |error: seal::SealError| self.settings.keys.foreign(error);
            let private = self.sealer.open(&row(&was.kid), &was.private_sealed).map_err(cannot)?;
            let sealed = self.sealer.seal(&row(&was.kid), private.expose(), &*self.entropy).map_err(cannot)?;
            let replaced = self.store.write(move |unit| keys::reseal(unit, &was, &sealed)).await.map_err(refused)?;
            resealed += usize::from(replaced);
        }
        Ok(resealed)
    }

    /// The keys of the file, and what needs each.
    async fn standing(&self) -> Result<Standing, SettingsError> {
        let sealed = self.sealed().await?;
        let last_current = self.store.read(master_keys::last_current).await.map_err(refused)?;
        let now = self.clock.now();
        let known = |id: u8| {
            let last_current_at = last_current.iter().find(|(key, _)| *key == id).map(|(_, at)| *at);
            let count = sealed.iter().filter(|key| seal::key_id(&key.private_sealed) == Some(id)).count();
            let mut needs = Vec::new();
            if count > 0 {
                needs.push(Need::Sealed(u64::try_from(count).unwrap_or(u64::MAX)));
            }
            let until = last_current_at.map(|at| refresh_tokens_until(self.settings, at)).filter(|until| *until > now);
            needs.extend(until.map(Need::RefreshTokens));
            KnownKey { id, last_current_at, needs }
        };
        let other = self.deployment_keys.previous_id().map(known);
        Ok(Standing { current: known(self.deployment_keys.current_id()), other })
    }

    async fn sealed(&self) -> Result<Vec<SealedKey>, SettingsError> {
        self.store.read(keys::list_sealed).await.map_err(refused)
    }

    async fn note_current(&self) -> Result<(), SettingsError> {
        let current = self.deployment_keys.current_id();
        self.store.write(move |unit| master_keys::mark_current(unit, current)).await.map_err(refused)
    }
}

/// Refuses a key file without a key that refresh tokens need; of several processes, a key that one used is one that all
/// need.
pub(crate) async fn refuse_lacking_key(
    settings: &Settings,
    keys: &DeploymentKeys,
    store: &Store,
    now: Timestamp,
) -> Result<(), SettingsError> {
    let known = [Some(keys.current_id()), keys.previous_id()];
    let last_current = store.read(master_keys::last_current).await.map_err(refused)?;
    for (id, at) in last_current.into_iter().filter(|(id, _)| !known.contains(&Some(*id))) {
        let until = refresh_tokens_until(settings, at);
        if until > now {
            return Err(settings.keys.lacking(id, Need::RefreshTokens(until).text()));
        }
    }
    Ok(())
}

/// When no refresh token is left that was tagged with a key while it was current: a machine's expires, and a person's is
/// replaced at each use.
fn refresh_tokens_until(settings: &Settings, last_current_at: Timestamp) -> Timestamp {
    let tokens = &settings.tokens;
    let longest = tokens.machine_refresh_seconds.max(tokens.session_idle_seconds);
    last_current_at.plus(SLACK + Duration::from_secs(longest.into()))
}
