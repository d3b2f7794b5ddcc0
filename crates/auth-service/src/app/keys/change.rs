//! Changes of the ring: each decided and written down while the ring is held.

use ::auth::signing::{self, Refusal, Stage, Step};
use auth_store::keys::{self, NewKey, Origin, StoredKey};
use crypto::jws::{Algorithm, SigningKey};
use domain::{Entropy, Timestamp};
use error_codes::Result;
use store::{Actor, Store, Unit};

use super::made::{fresh, made_from};
use super::{Keyring, internal};

/// What a change of the ring came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A step was taken; of a published key this is its name.
    Taken(Step, String),
    /// There was nothing to do.
    Nothing,
    /// The rules refuse it.
    Refused(Refusal),
    /// This very key is known already.
    Known,
}

/// What became of a key that had to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone; where it signed, this one signs now.
    Gone(Option<String>),
    /// It only verifies until then.
    Retiring(Timestamp),
    /// The rules refuse it.
    Refused(Refusal),
}

impl Keyring {
    /// Takes every step that time asks for; returns what was done.
    pub async fn take_due(&self, store: &Store, entropy: &dyn Entropy, actor: &Actor) -> Result<Vec<Changed>> {
        let mut done = Vec::new();
        loop {
            let current = self.algorithm;
            let spans = self.spans;
            let decide = move |keys: &[signing::Key], now| Ok(signing::due(keys, current.name(), &spans, now));
            let changed = self.change(store, entropy, actor, self.algorithm, decide).await?;
            match changed {
                Changed::Taken(..) => done.push(changed),
                Changed::Nothing | Changed::Refused(_) | Changed::Known => return Ok(done),
            }
        }
    }

    /// Publishes a key that will sign, or lets one that was published sign earlier.
    pub async fn rotate(
        &self,
        store: &Store,
        entropy: &dyn Entropy,
        actor: &Actor,
        algorithm: Algorithm,
        in_a_hurry: bool,
    ) -> Result<Changed> {
        let spans = self.spans;
        let decide = move |keys: &[signing::Key], now| signing::rotate(keys, algorithm.name(), &spans, now, in_a_hurry);
        self.change(store, entropy, actor, algorithm, decide).await
    }

    /// Publishes a key that an operator brought.
    pub async fn import(
        &self,
        store: &Store,
        entropy: &dyn Entropy,
        actor: &Actor,
        key: &SigningKey,
    ) -> Result<Changed> {
        let publish = self.spans.publish;
        let new = made_from(key, &self.sealer, entropy)?;
        let actor = actor.clone();
        store
            .write(move |unit| {
                let lives = held(unit)?;
                match signing::publish(&lives, &new.algorithm, unit.now().plus(publish)) {
                    Ok(step) => publish_key(unit, step, &new, Origin::Imported, &actor),
                    Err(refusal) => Ok(Changed::Refused(refusal)),
                }
            })
            .await
    }

    /// Lets a key go. Where a compromised one signed, the oldest published one takes over at once, or a fresh one.
    pub async fn retire(
        &self,
        store: &Store,
        entropy: &dyn Entropy,
        actor: &Actor,
        kid: &str,
        is_compromised: bool,
    ) -> Result<Removal> {
        // A successor is made beforehand, since nothing slow may happen while the ring is held.
        let successor = match store.read(keys::list).await?.iter().find(|key| key.kid == kid) {
            Some(StoredKey { stage: Stage::Active { .. }, algorithm, .. }) if is_compromised => {
                let algorithm = Algorithm::parse(algorithm).unwrap_or(self.algorithm);
                Some(made_from(&fresh(algorithm).await?, &self.sealer, entropy)?)
            }
            Some(_) | None => None,
        };
        let (kid, actor, current, spans) = (kid.to_owned(), actor.clone(), self.algorithm, self.spans);
        store
            .write(move |unit| {
                let lives = held(unit)?;
                let now = unit.now();
                let step = match signing::retire(&lives, &kid, current.name(), &spans, now, is_compromised) {
                    Ok(step) => step,
                    Err(refusal) => return Ok(Removal::Refused(refusal)),
                };
                keys::take(unit, &step, &actor)?;
                if let Step::Retire { until, .. } = step {
                    return Ok(Removal::Retiring(until));
                }
                let signed = lives.iter().find(|key| key.kid == kid && matches!(key.stage, Stage::Active { .. }));
                let Some(signed) = signed else { return Ok(Removal::Gone(None)) };
                let known = lives.iter().find(|key| {
                    key.algorithm == signed.algorithm
                        && matches!(key.stage, Stage::Next { .. })
                        && key.published_at.plus(signing::HURRY) <= now
                });
                if let Some(known) = known {
                    let step = Step::Activate { kid: known.kid.clone(), replaced_until: now };
                    keys::take(unit, &step, &actor)?;
                    return Ok(Removal::Gone(Some(known.kid.clone())));
                }
                match &successor {
                    Some(successor) => {
                        keys::insert_first(unit, successor, &actor)?;
                        Ok(Removal::Gone(Some(successor.kid.clone())))
                    }
                    // It began to sign after the look above; the command that is run again makes a successor.
                    None => Err(internal(std::io::Error::other("the key began to sign meanwhile; try again"))),
                }
            })
            .await
    }

    /// Decides on one step while the ring is held, and takes it. A key that is to be published is made beforehand.
    async fn change(
        &self,
        store: &Store,
        entropy: &dyn Entropy,
        actor: &Actor,
        algorithm: Algorithm,
        decide: impl Fn(&[signing::Key], Timestamp) -> Result<Option<Step>, Refusal> + Clone + Send + 'static,
    ) -> Result<Changed> {
        let foreseen = {
            let decide = decide.clone();
            store.read(move |unit| Ok(decide(&lives(unit)?, unit.now()))).await?
        };
        let new = match foreseen {
            Ok(None) => return Ok(Changed::Nothing),
            Err(refusal) => return Ok(Changed::Refused(refusal)),
            Ok(Some(Step::Publish { .. })) => Some(made_from(&fresh(algorithm).await?, &self.sealer, entropy)?),
            Ok(Some(Step::Hasten { .. } | Step::Activate { .. } | Step::Retire { .. } | Step::Remove { .. })) => None,
        };
        let actor = actor.clone();
        store
            .write(move |unit| {
                let lives = held(unit)?;
                match (decide(&lives, unit.now()), &new) {
                    (Err(refusal), _) => Ok(Changed::Refused(refusal)),
                    (Ok(Some(step @ Step::Publish { .. })), Some(new)) => {
                        publish_key(unit, step, new, Origin::Made, &actor)
                    }
                    // Somebody else took the step that was foreseen.
                    (Ok(None | Some(Step::Publish { .. })), _) => Ok(Changed::Nothing),
                    (Ok(Some(step)), _) => {
                        let kid = kid_of(&step).to_owned();
                        let taken = keys::take(unit, &step, &actor)?;
                        Ok(if taken { Changed::Taken(step, kid) } else { Changed::Nothing })
                    }
                }
            })
            .await
    }
}

/// The ring, held until the commit.
fn held(unit: &mut Unit<'_>) -> Result<Vec<signing::Key>> {
    keys::hold(unit)?;
    lives(unit)
}

fn lives(unit: &mut Unit<'_>) -> Result<Vec<signing::Key>> {
    Ok(keys::list(unit)?.iter().map(StoredKey::life).collect())
}

fn publish_key(unit: &mut Unit<'_>, step: Step, new: &NewKey, origin: Origin, actor: &Actor) -> Result<Changed> {
    let Step::Publish { signs_at, .. } = step else { return Ok(Changed::Nothing) };
    let is_new = keys::insert_next(unit, new, signs_at, origin, actor)?;
    Ok(if is_new { Changed::Taken(step, new.kid.clone()) } else { Changed::Known })
}

fn kid_of(step: &Step) -> &str {
    match step {
        Step::Publish { .. } => "",
        Step::Hasten { kid, .. } | Step::Activate { kid, .. } | Step::Retire { kid, .. } | Step::Remove { kid } => kid,
    }
}
