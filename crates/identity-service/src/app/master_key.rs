//! The deployment keys of this service: what was made with each, and its move to the current one.

use crypto::keys::{DeploymentKeys, Purpose};
use crypto::seal::{self, RowIdentity, SealError, Sealer};
use domain::Entropy;
use error_codes::Result;
use identity_store::passwords;
use service_kit::master_key::{KnownKey, MasterKeyAct, Need, Standing};
use service_kit::settings::{KeySettings, SettingsError};
use store::{Store, Unit, deployment, master_keys};

/// Where a value stands that every start opens, to know whether the keys are those of the database.
const CHECK: RowIdentity<'static> = RowIdentity { tenant: "", table: "deployment", column: "value", row: "key_check" };

/// The database and the keys it is used with.
pub struct MasterKeys<'a> {
    /// Where the keys are.
    pub file: &'a KeySettings,
    /// The keys.
    pub keys: &'a DeploymentKeys,
    /// The seal.
    pub sealer: &'a Sealer,
    /// The database.
    pub store: &'a Store,
    /// Chance.
    pub entropy: &'a dyn Entropy,
}

impl MasterKeys<'_> {
    /// Refuses keys that are not those of the database, and a file without a key that passwords need, before anything is
    /// written with them.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub async fn check(&self) -> Result<(), SettingsError> {
        self.check_seal().await?;
        let known = [Some(self.keys.current_id()), self.keys.previous_id()];
        // Only keys that were in use can be needed, so the passwords are not counted at an ordinary start.
        for (id, _) in self.store.read(master_keys::last_current).await.map_err(refused)? {
            if !known.contains(&Some(id))
                && let Some(needed) = self.long_passwords(id).await?
            {
                return Err(self.file.lacking(id, needed.text()));
            }
        }
        Ok(())
    }

    /// Writes down that a process works with the current key.
    pub async fn note_current(&self) -> Result<(), SettingsError> {
        let current = self.keys.current_id();
        self.store.write(move |unit| master_keys::mark_current(unit, current)).await.map_err(refused)
    }

    /// Does what an operator asks for; returns what is to be printed.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub async fn act(&self, act: MasterKeyAct) -> Result<String, SettingsError> {
        self.check_seal().await?;
        match act {
            MasterKeyAct::Status { json: true } => Ok(format!("{:#}\n", self.standing().await?.json())),
            MasterKeyAct::Status { json: false } => Ok(self.standing().await?.shown(&self.file.file)),
            MasterKeyAct::Add { beside } => {
                self.note_current().await?;
                self.file.add(beside, self.entropy)
            }
            MasterKeyAct::Swap => {
                self.note_current().await?;
                self.file.swap(self.entropy)
            }
            MasterKeyAct::Reseal => {
                let resealed = self.reseal().await?;
                Ok(format!("{resealed} values were sealed anew. {}\n", self.standing().await?.advice()))
            }
            MasterKeyAct::Drop { anyway } => {
                let told = self.file.drop_other(&self.standing().await?, anyway, self.entropy)?;
                let current = self.keys.current_id();
                let forgetting = self.store.write(move |unit| master_keys::forget_others(unit, current));
                forgetting.await.map_err(refused)?;
                Ok(told)
            }
        }
    }

    /// Opens the check value; the first start keeps one.
    async fn check_seal(&self) -> Result<(), SettingsError> {
        let foreign = |error: SealError| self.file.foreign(error);
        let sealed = hex(&self.sealer.seal(&CHECK, b"gatehouse", self.entropy).map_err(foreign)?);
        let kept = self.store.write(move |unit| deployment::keep(unit, CHECK.row, &sealed)).await.map_err(refused)?;
        let kept = unhex(&kept).ok_or_else(|| self.file.foreign("the check value is malformed"))?;
        self.sealer.open(&CHECK, &kept).map(|_| ()).map_err(foreign)
    }

    /// Seals what another key than the current one sealed anew; returns how many values that were.
    async fn reseal(&self) -> Result<usize, SettingsError> {
        let Some(kept) = self.store.read(|unit| deployment::find(unit, CHECK.row)).await.map_err(refused)? else {
            return Ok(0);
        };
        if unhex(&kept).is_some_and(|sealed| self.sealer.is_current(&sealed)) {
            return Ok(0);
        }
        let sealed = self.sealer.seal(&CHECK, b"gatehouse", self.entropy);
        let sealed = hex(&sealed.map_err(|error| self.file.foreign(error))?);
        let replacing = self.store.write(move |unit| deployment::replace(unit, CHECK.row, &kept, &sealed));
        Ok(usize::from(replacing.await.map_err(refused)?))
    }

    /// The keys of the file, and what needs each.
    async fn standing(&self) -> Result<Standing, SettingsError> {
        let current = self.known(self.keys.current_id()).await?;
        let other = match self.keys.previous_id() {
            Some(id) => Some(self.known(id).await?),
            None => None,
        };
        Ok(Standing { current, other })
    }

    async fn known(&self, id: u8) -> Result<KnownKey, SettingsError> {
        let last_current = self.store.read(master_keys::last_current).await.map_err(refused)?;
        let last_current_at = last_current.iter().find(|(key, _)| *key == id).map(|(_, at)| *at);
        let kept = self.store.read(|unit| deployment::find(unit, CHECK.row)).await.map_err(refused)?;
        let is_sealed_with_it = kept.and_then(|kept| seal::key_id(&unhex(&kept)?)) == Some(id);
        let mut needs = Vec::new();
        needs.extend(is_sealed_with_it.then_some(Need::Sealed(1)));
        needs.extend(self.long_passwords(id).await?);
        Ok(KnownKey { id, last_current_at, needs })
    }

    async fn long_passwords(&self, id: u8) -> Result<Option<Need>, SettingsError> {
        let count = self.store.read(move |unit| passwords::count_prehashed(unit, id)).await.map_err(refused)?;
        Ok(u64::try_from(count).ok().filter(|count| *count > 0).map(Need::LongPasswords))
    }
}

/// Whether these deployment keys are those of the database; any are, of a database that was never served from.
pub fn keys_open(unit: &mut Unit<'_>, keys: &DeploymentKeys) -> error_codes::Result<bool> {
    let Some(kept) = deployment::find(unit, CHECK.row)? else { return Ok(true) };
    let sealer = Sealer::new(&keys.purpose(Purpose::SealedRow));
    Ok(unhex(&kept).is_some_and(|kept| sealer.open(&CHECK, &kept).is_ok()))
}

fn refused(failure: error_codes::Failure) -> SettingsError {
    let cause = failure.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
    SettingsError::new(format!("the database cannot be used: {failure}{cause}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
