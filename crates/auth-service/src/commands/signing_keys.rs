//! `auth-service keys`: the signing keys.

use std::path::{Path, PathBuf};

use ::auth::signing::{HURRY, MOST, Refusal, Stage, Step};
use auth_store::keys::StoredKey;
use clap::Subcommand;
use crypto::jws::{Algorithm, SigningKey};
use domain::Timestamp;
use serde_json::{Value, json};
use service_kit::settings::{SettingsError, read_private};
use service_kit::table::columns;
use store::Actor;

use super::{Desk, refused};
use crate::app::keys::{Changed, Removal, stage_name};

/// What an operator does with the signing keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysAct {
    /// Shows the signing keys.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publishes a fresh key that will sign, or lets a published one sign when its time has come.
    Rotate {
        /// RS256, ES256 or EdDSA; the one of 'tokens.algorithm' when left out.
        #[arg(long)]
        algorithm: Option<String>,
        /// The key signs after 2 seconds instead of 'signing.publish_seconds': every process knows it by then.
        #[arg(long)]
        now: bool,
    },
    /// Lets a key go.
    Retire {
        /// The key, as 'keys list' shows it.
        kid: String,
        /// The key goes at once, and every token that it signed is refused.
        #[arg(long)]
        compromised: bool,
    },
    /// Publishes a private key that will sign: RSA from 2048 bits, P-256 or Ed25519.
    Import {
        /// One PKCS#8 block in PEM, or a private JWK.
        file: PathBuf,
    },
}

impl Desk<'_> {
    /// Does one of them; returns what is to be printed.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub async fn signing_keys(&self, act: KeysAct) -> Result<String, SettingsError> {
        match act {
            KeysAct::List { json } => self.list(json).await,
            KeysAct::Rotate { algorithm, now } => self.rotate(algorithm.as_deref(), now).await,
            KeysAct::Retire { kid, compromised } => self.retire(&kid, compromised).await,
            KeysAct::Import { file } => self.import(&file).await,
        }
    }

    async fn list(&self, as_json: bool) -> Result<String, SettingsError> {
        let keys = self.keys().await?;
        if as_json {
            let shown: Vec<Value> = keys.iter().map(shown).collect();
            return Ok(format!("{:#}\n", json!({ "keys": shown })));
        }
        let headings = ["KID", "ALGORITHM", "STAGE", "MADE", "SIGNS SINCE", "THEN", "LAST NEEDED"].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(headings).chain(keys.iter().map(row)).collect();
        Ok(columns(&lines))
    }

    async fn rotate(&self, algorithm: Option<&str>, in_a_hurry: bool) -> Result<String, SettingsError> {
        let algorithm = match algorithm {
            Some(name) => Algorithm::parse(name)
                .ok_or_else(|| SettingsError::new(format!("'{name}' is not RS256, ES256 or EdDSA")))?,
            None => self.settings.tokens.algorithm()?,
        };
        let due = self.ring.take_due(&self.store, &*self.entropy, &Actor::operator()).await.map_err(refused)?;
        let mut told: String = due.iter().map(told_of).collect();
        let activated = |change: &Changed| matches!(change, Changed::Taken(Step::Activate { .. }, _));
        if !in_a_hurry && due.iter().any(activated) {
            return Ok(told);
        }
        let actor = Actor::operator();
        let rotating = self.ring.rotate(&self.store, &*self.entropy, &actor, algorithm, in_a_hurry);
        match rotating.await.map_err(refused)? {
            Changed::Refused(refusal) => return Err(sentence(&refusal, algorithm.name())),
            Changed::Nothing | Changed::Known => {
                let waits = |key: &StoredKey| match key.stage {
                    Stage::Next { signs_at } if key.algorithm == algorithm.name() => {
                        Some(format!("{} is published and signs from {signs_at}.\n", key.kid))
                    }
                    Stage::Next { .. } | Stage::Active { .. } | Stage::Retiring { .. } => None,
                };
                told.extend(self.keys().await?.iter().find_map(waits));
            }
            changed @ Changed::Taken(..) => told.push_str(&told_of(&changed)),
        }
        if in_a_hurry {
            told.push_str(
                "Software that reads JWKS and does not read it again at an unknown key may refuse tokens of this key \
                 for as long as it keeps the old answer.\n",
            );
        }
        if algorithm != self.settings.tokens.algorithm()? {
            told.push_str(&format!("It signs tokens once 'tokens.algorithm' is {algorithm}.\n"));
        }
        Ok(told)
    }

    async fn retire(&self, kid: &str, is_compromised: bool) -> Result<String, SettingsError> {
        let actor = Actor::operator();
        let retiring = self.ring.retire(&self.store, &*self.entropy, &actor, kid, is_compromised);
        Ok(match retiring.await.map_err(refused)? {
            Removal::Refused(refusal) => return Err(sentence(&refusal, kid)),
            Removal::Retiring(until) => format!("{kid} signs no more; it verifies until {until} and goes then.\n"),
            Removal::Gone(successor) => {
                let mut told = format!("{kid} is gone.\n");
                if let Some(successor) = successor {
                    told.push_str(&format!("{successor} signs now.\n"));
                }
                if is_compromised {
                    told.push_str(
                        "Its tokens are refused by every process within 5 seconds. Restart software that reads JWKS: it \
                         may accept them for as long as it keeps the old answer.\n",
                    );
                }
                told
            }
        })
    }

    async fn import(&self, file: &Path) -> Result<String, SettingsError> {
        let text = read_private(file, "private key")?;
        let key = SigningKey::import(text.expose()).map_err(|fault| {
            SettingsError::new(format!(
                "{} was not imported ({fault}); it must hold one RSA key from 2048 bits, P-256 or Ed25519 key, as a PEM \
                 block 'PRIVATE KEY' without a password or as a JWK",
                file.display()
            ))
        })?;
        let kid = key.kid().to_owned();
        let actor = Actor::operator();
        let importing = self.ring.import(&self.store, &*self.entropy, &actor, &key);
        match importing.await.map_err(refused)? {
            changed @ Changed::Taken(..) => Ok(told_of(&changed)),
            Changed::Refused(refusal) => Err(sentence(&refusal, key.algorithm().name())),
            Changed::Nothing | Changed::Known => {
                Err(SettingsError::new(format!("{kid} is known already; see 'auth-service keys list'")))
            }
        }
    }
}

fn row(key: &StoredKey) -> [String; 7] {
    let then = match key.stage {
        Stage::Next { signs_at } => format!("signs from {signs_at}"),
        Stage::Active { .. } => String::new(),
        Stage::Retiring { until } => format!("gone at {until}"),
    };
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    [
        key.kid.clone(),
        key.algorithm.clone(),
        stage_name(&key.stage).to_owned(),
        key.created_at.to_string(),
        time(key.activated_at),
        then,
        key.last_needed_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
    ]
}

fn shown(key: &StoredKey) -> Value {
    let (signs_at, gone_at) = match key.stage {
        Stage::Next { signs_at } => (Some(signs_at), None),
        Stage::Active { .. } => (None, None),
        Stage::Retiring { until } => (None, Some(until)),
    };
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "stage": stage_name(&key.stage),
        "createdAt": key.created_at.to_string(),
        "signsAt": time(signs_at),
        "activatedAt": time(key.activated_at),
        "goneAt": time(gone_at),
        "lastNeededAt": time(key.last_needed_at),
    })
}

/// What happened, as lines.
fn told_of(changed: &Changed) -> String {
    let Changed::Taken(step, kid) = changed else { return String::new() };
    match step {
        Step::Publish { signs_at, .. } => format!("{kid} is published and signs from {signs_at}.\n"),
        Step::Hasten { signs_at, .. } => format!("{kid} was published before and signs from {signs_at}.\n"),
        Step::Activate { replaced_until, .. } => {
            format!("{kid} signs now; the key before it verifies until {replaced_until}.\n")
        }
        Step::Retire { until, .. } => format!("{kid} signs no more and verifies until {until}.\n"),
        Step::Remove { .. } => format!("{kid} is gone: its last token has expired.\n"),
    }
}

/// Why nothing was done; `of` is the key, or its algorithm where there is no room.
fn sentence(refusal: &Refusal, of: &str) -> SettingsError {
    SettingsError::new(match refusal {
        Refusal::Full(leaves_at) => {
            let when = leaves_at.map(|at| format!("the next one leaves at {at}; ")).unwrap_or_default();
            format!("{MOST} keys of {of} are published and no more may be; {when}'keys retire' makes room")
        }
        Refusal::Unknown => format!("there is no key {of}; see 'auth-service keys list'"),
        Refusal::Signs => format!(
            "{of} signs; 'keys rotate --now' puts another key in its place within {} s, and --compromised ends it and its \
             tokens at once",
            HURRY.as_secs()
        ),
        Refusal::Needed(until) => {
            format!(
                "tokens that {of} signed live until {until}, when it goes by itself; --compromised ends them at once"
            )
        }
    })
}
