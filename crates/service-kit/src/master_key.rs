//! The rotation of the deployment keys: what both services do with their key file, and how they tell what is left to do.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::Path;

use clap::Subcommand;
use crypto::keys::{DeploymentKeys, Edit, edit};
use domain::{Entropy, Timestamp};
use serde_json::{Value, json};

use crate::settings::{KeySettings, SettingsError};
use crate::table::columns;

/// What an operator does with the deployment keys.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum MasterKeyAct {
    /// Shows the deployment keys and what still needs each; the service may run.
    Status {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Writes a fresh key into the key file, as the current one; restart the service then.
    Add {
        /// Writes it as the other one, for services of several processes: restart all of them, then `swap`.
        #[arg(long)]
        beside: bool,
    },
    /// Lets the two keys of the key file change places; restart the service then.
    Swap,
    /// Seals everything anew with the current key; the service may run, and it can be interrupted and run again.
    Reseal,
    /// Takes the other key out of the key file where nothing needs it; restart the service then.
    Drop {
        /// Takes it out all the same: what needs it is lost.
        #[arg(long)]
        anyway: bool,
    },
}

/// One reason to keep a deployment key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// So many sealed values, which `reseal` moves to the current key.
    Sealed(u64),
    /// So many passwords of more than 72 bytes, each of which moves at the next login with it.
    LongPasswords(u64),
    /// Refresh tokens, the last of which expires then.
    RefreshTokens(Timestamp),
}

/// A deployment key of the key file, as far as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its number.
    pub id: u8,
    /// When a process last worked with it as the current one, to the minute; `None` for never.
    pub last_current_at: Option<Timestamp>,
    /// What needs it.
    pub needs: Vec<Need>,
}

/// The keys of a key file: the current one, and the other one while there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Works.
    pub current: KnownKey,
    /// Waits, or is left from before.
    pub other: Option<KnownKey>,
}

impl KeySettings {
    /// Reads the keys.
    pub fn load(&self) -> Result<DeploymentKeys, SettingsError> {
        let cannot = |error| SettingsError::new(format!("the key file {}: {error}", self.file.display()));
        DeploymentKeys::parse(self.read()?.expose()).map_err(cannot)
    }

    /// Takes one step in the key file: the whole of it is there, or nothing changed. Only its owner may read it then.
    pub fn edit(&self, change: Edit, entropy: &dyn Entropy) -> Result<DeploymentKeys, SettingsError> {
        let cannot = |error: &dyn std::fmt::Display| {
            SettingsError::new(format!("the key file {} was not changed: {error}", self.file.display()))
        };
        let text = edit(self.read()?.expose(), change, entropy).map_err(|error| cannot(&error))?;
        replace(&self.file, text.expose()).map_err(|error| cannot(&error))?;
        self.load()
    }

    /// [`MasterKeyAct::Add`]; what to print.
    pub fn add(&self, beside: bool, entropy: &dyn Entropy) -> Result<String, SettingsError> {
        let keys = self.edit(if beside { Edit::AddBeside } else { Edit::Add }, entropy)?;
        let fresh = if beside { keys.previous_id() } else { Some(keys.current_id()) }.unwrap_or_default();
        let then = if beside { "'master-key swap'" } else { "'master-key reseal'" };
        Ok(format!("Key {fresh} was added. Restart every process of this service, then run {then}.\n"))
    }

    /// [`MasterKeyAct::Swap`]; what to print.
    pub fn swap(&self, entropy: &dyn Entropy) -> Result<String, SettingsError> {
        let current = self.edit(Edit::Swap, entropy)?.current_id();
        Ok(format!("Key {current} is current. Restart every process of this service, then run 'master-key reseal'.\n"))
    }

    /// [`MasterKeyAct::Drop`]; what to print.
    pub fn drop_other(
        &self,
        standing: &Standing,
        anyway: bool,
        entropy: &dyn Entropy,
    ) -> Result<String, SettingsError> {
        standing.may_drop(anyway)?;
        // A key that somebody took out of the file by hand is only forgotten.
        if standing.other.is_some() || !anyway {
            self.edit(Edit::DropOther, entropy)?;
        }
        let current = standing.current.id;
        Ok(format!("Key {current} is the only one now. Restart every process of this service.\n"))
    }
}

impl Standing {
    /// For people: the keys, and what is to be done next.
    pub fn shown(&self, file: &Path) -> String {
        let row = |key: &KnownKey, place: &str| {
            let at = key.last_current_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            [key.id.to_string(), place.to_owned(), at, key.needs_text()]
        };
        let headings = ["KEY", "PLACE", "LAST CURRENT", "NEEDED BY"].map(str::to_owned);
        let mut lines = vec![headings, row(&self.current, "current")];
        lines.extend(self.other.iter().map(|other| row(other, "other")));
        let shown = columns(&lines);
        format!("{}\n{shown}{}\n", file.display(), self.advice())
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let of = |key: &KnownKey| {
            let needs: Vec<Value> = key.needs.iter().map(Need::json).collect();
            json!({ "id": key.id, "lastCurrentAt": key.last_current_at.map(|at| at.to_string()), "needs": needs })
        };
        json!({ "current": of(&self.current), "other": self.other.as_ref().map(of), "advice": self.advice() })
    }

    /// What is to be done next, as one sentence.
    pub fn advice(&self) -> String {
        let Some(other) = &self.other else {
            return "There is one key; 'master-key add' begins a rotation.".to_owned();
        };
        let (id, current) = (other.id, self.current.id);
        if other.needs.iter().any(|need| matches!(need, Need::Sealed(_))) {
            return format!(
                "Restart every process with this key file, then run 'master-key reseal' to leave key {id}."
            );
        }
        if other.needs.is_empty() {
            return match other.last_current_at {
                Some(_) => format!("Nothing needs key {id}: run 'master-key drop', and restart every process."),
                None => format!(
                    "Key {id} was never used: restart every process with this key file, then run 'master-key swap'; key \
                     {current} works until then."
                ),
            };
        }
        format!("Key {id} cannot go yet; run 'master-key status' again when what needs it is gone.")
    }

    /// Whether the other key may go; else why not.
    pub fn may_drop(&self, anyway: bool) -> Result<(), SettingsError> {
        match &self.other {
            Some(other) if !other.needs.is_empty() && !anyway => Err(SettingsError::new(format!(
                "key {} is needed by {}; wait until that is gone, or say --anyway to lose it",
                other.id,
                other.needs_text()
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

impl KnownKey {
    /// What needs it, in words.
    pub fn needs_text(&self) -> String {
        let texts: Vec<String> = self.needs.iter().map(Need::text).collect();
        if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
    }
}

impl Need {
    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Sealed(count) => format!("{count} sealed values"),
            Self::LongPasswords(count) => format!("{count} passwords over 72 bytes, each until its next login"),
            Self::RefreshTokens(until) => format!("refresh tokens until {until}"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Sealed(count) => json!({ "sealedValues": count }),
            Self::LongPasswords(count) => json!({ "longPasswords": count }),
            Self::RefreshTokens(until) => json!({ "refreshTokensUntil": until.to_string() }),
        }
    }
}

/// Puts a new text in the place of a file, readable for its owner alone; after a crash it is the old one or the new one.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // Where the file is a link, what it points to is replaced.
    let file = file.canonicalize()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".new");
    // Left over from a crash, or another command at work: the latter finds out when it renames.
    let _ = std::fs::remove_file(&fresh);
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    // The service may run as somebody else than who runs the command.
    let owner = std::fs::metadata(&file)?;
    chown(&fresh, Some(owner.uid()), Some(owner.gid()))?;
    made.write_all(text.as_bytes())?;
    made.sync_all()?;
    std::fs::rename(&fresh, &file)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use domain::OsEntropy;

    use super::*;

    fn key(id: u8, last_current: Option<i64>, needs: &[Need]) -> KnownKey {
        KnownKey { id, last_current_at: last_current.map(Timestamp::from_seconds), needs: needs.to_vec() }
    }

    fn rotating(other: KnownKey) -> Standing {
        Standing { current: key(2, Some(9), &[Need::Sealed(3)]), other: Some(other) }
    }

    #[test]
    fn a_key_file_is_replaced_as_a_whole_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let settings = KeySettings { file: folder.path().join("master.key") };
        std::fs::write(&settings.file, "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").unwrap();
        let keys = settings.edit(Edit::Add, &OsEntropy).unwrap();
        assert_eq!((keys.current_id(), keys.previous_id()), (2, Some(1)));
        assert_eq!(std::fs::metadata(&settings.file).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::read_to_string(&settings.file).unwrap();
        let refused = settings.edit(Edit::Add, &OsEntropy).unwrap_err().to_string();
        assert!(refused.ends_with("finish the rotation and drop key 1 first"), "{refused}");
        assert_eq!(std::fs::read_to_string(&settings.file).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_advice_leads_through_a_rotation() {
        let one = Standing { current: key(1, Some(9), &[]), other: None };
        assert!(one.advice().contains("'master-key add'"));
        assert!(rotating(key(3, None, &[])).advice().contains("'master-key swap'"));
        assert!(rotating(key(1, Some(5), &[Need::Sealed(1)])).advice().contains("'master-key reseal'"));
        let tokens = Need::RefreshTokens(Timestamp::from_seconds(60));
        assert!(rotating(key(1, Some(5), &[tokens])).advice().contains("cannot go yet"));
        assert!(rotating(key(1, Some(5), &[])).advice().contains("'master-key drop'"));
    }

    #[test]
    fn a_key_that_is_needed_goes_only_where_that_is_said() {
        let standing = rotating(key(1, Some(5), &[Need::LongPasswords(2)]));
        let refused = standing.may_drop(false).unwrap_err().to_string();
        assert!(refused.contains("2 passwords over 72 bytes"), "{refused}");
        assert_eq!(standing.may_drop(true), Ok(()));
        assert_eq!(rotating(key(1, Some(5), &[])).may_drop(false), Ok(()));
    }
}
