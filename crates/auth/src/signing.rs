//! The life of a signing key: published → signs → verifies what it signed → gone.
//!
//! Each step is decided here from all keys of the deployment and the time, so that whoever takes it (a process, a command)
//! decides alike. The ring is held while a step is decided and taken; so of many who would take it, one does.

use std::time::Duration;

use domain::Timestamp;

#[cfg(test)]
mod tests;

/// Keys of one algorithm that may be published at a time.
pub const MOST: usize = 16;
/// How long a key is published before it may sign where that is asked for in a hurry.
///
/// A verifier that follows the token state and does not know a key although its knowledge is younger than this may be sure
/// that no such key signs.
pub const HURRY: Duration = Duration::from_secs(2);
/// How long a key stays beyond the last token it signed when it was replaced: what a process may still sign before it
/// hears of that, and what the clocks of two processes may differ by.
const MARGIN: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The spans of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// How long a key is published before it signs; 1 hour.
    pub publish: Duration,
    /// How long a key signs; `None`: until it is replaced by hand. 90 days.
    pub sign: Option<Duration>,
    /// The longest life of a token: an access token, or an ID token, which lives as long.
    pub token: Duration,
}

/// A key, as far as its life goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the header of tokens.
    pub kid: String,
    /// The name of its algorithm.
    pub algorithm: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// Where it is in its life.
    pub stage: Stage,
}

/// Where a key is in its life. Its public half is published in every stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Published, so that verifiers know it before it signs.
    Next {
        /// From when on it signs.
        signs_at: Timestamp,
    },
    /// Signs; one of each algorithm does.
    Active {
        /// Since when.
        since: Timestamp,
    },
    /// Signs no longer; its private half is gone.
    Retiring {
        /// When its last token has expired.
        until: Timestamp,
    },
}

/// One step in the life of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A fresh key of this algorithm is made and published.
    Publish {
        /// The algorithm.
        algorithm: String,
        /// From when on it signs.
        signs_at: Timestamp,
    },
    /// A published key signs earlier than was said.
    Hasten {
        /// The key.
        kid: String,
        /// From when on it signs.
        signs_at: Timestamp,
    },
    /// A published key signs from now on, and what signed of its algorithm only verifies.
    Activate {
        /// The key.
        kid: String,
        /// Until when the replaced key stays.
        replaced_until: Timestamp,
    },
    /// A key that signed only verifies from now on, and none follows it.
    Retire {
        /// The key.
        kid: String,
        /// Until when it stays.
        until: Timestamp,
    },
    /// A key is gone.
    Remove {
        /// The key.
        kid: String,
    },
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many keys of the algorithm are published as may be; one leaves at the given time, where one leaves by itself.
    Full(Option<Timestamp>),
    /// There is no such key.
    Unknown,
    /// The key signs the tokens of this deployment.
    Signs,
    /// Tokens that the key signed live until then.
    Needed(Timestamp),
}

impl Default for Spans {
    fn default() -> Self {
        Self { publish: Duration::from_secs(60 * 60), sign: Some(90 * DAY), token: Duration::from_secs(60 * 60) }
    }
}

impl Spans {
    /// Checks that the settings fit together; the sentence says which do not.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.sign.is_some_and(|sign| sign <= self.publish + self.token) {
            return Err("a key must sign longer than it is published before, and than a token lives");
        }
        Ok(())
    }

    /// When the last token of a key that is replaced now has expired.
    pub fn gone_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.token + MARGIN)
    }
}

/// What time asks for now, for every algorithm of the ring; `current` is the algorithm that signs. One step at a time: ask again
/// after it was taken.
pub fn due(keys: &[Key], current: &str, spans: &Spans, now: Timestamp) -> Option<Step> {
    removal(keys, now).or_else(|| activation(keys, spans, now)).or_else(|| publication(keys, current, spans, now))
}

/// When [`due`] will ask for something, as far as the ring tells; `None` for never.
pub fn due_at(keys: &[Key], current: &str, spans: &Spans) -> Option<Timestamp> {
    let ends = keys.iter().filter_map(|key| match key.stage {
        Stage::Next { signs_at } => Some(signs_at),
        Stage::Retiring { until } => Some(until),
        Stage::Active { .. } => None,
    });
    let has_room = of(keys, current).count() < MOST;
    ends.chain(publication_at(keys, current, spans).filter(|_| has_room)).min()
}

/// The step of an operator who wants another key to sign. A key that was published already is waited for; in a hurry it
/// signs as soon as every verifier that follows the token state knows it. `None`: a published key signs soon enough.
///
/// # Errors
/// [`Refusal::Full`].
pub fn rotate(
    keys: &[Key],
    algorithm: &str,
    spans: &Spans,
    now: Timestamp,
    in_a_hurry: bool,
) -> Result<Option<Step>, Refusal> {
    let waiting = waiting(keys, algorithm);
    let slowest = waiting.iter().rev().find(|(_, signs_at)| in_a_hurry && *signs_at > now.plus(HURRY));
    if let Some((key, _)) = slowest {
        let signs_at = key.published_at.plus(HURRY).max(now);
        return Ok(Some(Step::Hasten { kid: key.kid.clone(), signs_at }));
    }
    if !in_a_hurry && !waiting.is_empty() {
        return Ok(None);
    }
    publish(keys, algorithm, now.plus(if in_a_hurry { HURRY } else { spans.publish })).map(Some)
}

/// The publication of a key of this algorithm that somebody brings or makes.
///
/// # Errors
/// [`Refusal::Full`].
pub fn publish(keys: &[Key], algorithm: &str, signs_at: Timestamp) -> Result<Step, Refusal> {
    if of(keys, algorithm).count() < MOST {
        return Ok(Step::Publish { algorithm: algorithm.to_owned(), signs_at });
    }
    let leaves = of(keys, algorithm).filter_map(|key| match key.stage {
        Stage::Retiring { until } => Some(until),
        Stage::Next { .. } | Stage::Active { .. } => None,
    });
    Err(Refusal::Full(leaves.min()))
}

/// The step of an operator who wants a key to go. One that is compromised goes at once, and its tokens with it; else only
/// what nobody needs goes at once, and a key of an algorithm that no longer signs goes when its last token has expired.
///
/// # Errors
/// [`Refusal::Unknown`]; [`Refusal::Signs`] and [`Refusal::Needed`] for a key that is not compromised.
pub fn retire(
    keys: &[Key],
    kid: &str,
    current: &str,
    spans: &Spans,
    now: Timestamp,
    is_compromised: bool,
) -> Result<Step, Refusal> {
    let key = keys.iter().find(|key| key.kid == kid).ok_or(Refusal::Unknown)?;
    let remove = Step::Remove { kid: kid.to_owned() };
    match key.stage {
        _ if is_compromised => Ok(remove),
        // It never signed.
        Stage::Next { .. } => Ok(remove),
        Stage::Retiring { until } if now >= until => Ok(remove),
        Stage::Retiring { until } => Err(Refusal::Needed(until)),
        Stage::Active { .. } if key.algorithm == current => Err(Refusal::Signs),
        Stage::Active { .. } => Ok(Step::Retire { kid: kid.to_owned(), until: spans.gone_at(now) }),
    }
}

/// The key that signs: the active one of the algorithm, or where that has none yet, the youngest active one of another.
pub fn signer<'a>(keys: &'a [Key], algorithm: &str) -> Option<&'a Key> {
    let active = keys.iter().filter_map(|key| match key.stage {
        Stage::Active { since } => Some((key.algorithm == algorithm, since, key)),
        Stage::Next { .. } | Stage::Retiring { .. } => None,
    });
    active.max_by_key(|(is_current, since, _)| (*is_current, *since)).map(|(.., key)| key)
}

fn removal(keys: &[Key], now: Timestamp) -> Option<Step> {
    let over = |key: &&Key| matches!(key.stage, Stage::Retiring { until } if until <= now);
    keys.iter().find(over).map(|key| Step::Remove { kid: key.kid.clone() })
}

fn activation(keys: &[Key], spans: &Spans, now: Timestamp) -> Option<Step> {
    let ready = keys.iter().filter_map(|key| match key.stage {
        Stage::Next { signs_at } if signs_at <= now => Some((signs_at, key)),
        Stage::Next { .. } | Stage::Active { .. } | Stage::Retiring { .. } => None,
    });
    let (_, key) = ready.min_by_key(|(signs_at, key)| (*signs_at, key.kid.clone()))?;
    Some(Step::Activate { kid: key.kid.clone(), replaced_until: spans.gone_at(now) })
}

fn publication(keys: &[Key], current: &str, spans: &Spans, now: Timestamp) -> Option<Step> {
    let at = publication_at(keys, current, spans)?;
    // A full ring is not refused here: it has room again when its oldest key leaves.
    (at <= now).then(|| publish(keys, current, now.plus(spans.publish)).ok()).flatten()
}

/// When the schedule wants a key published: in time for it to sign when the active one has signed long enough.
fn publication_at(keys: &[Key], current: &str, spans: &Spans) -> Option<Timestamp> {
    if !waiting(keys, current).is_empty() {
        return None;
    }
    let since = of(keys, current).find_map(|key| match key.stage {
        Stage::Active { since } => Some(since),
        Stage::Next { .. } | Stage::Retiring { .. } => None,
    });
    match since {
        Some(since) => spans.sign.map(|sign| since.plus(sign).minus(spans.publish)),
        // An algorithm that the settings changed to.
        None => Some(Timestamp::from_seconds(0)),
    }
}

/// The published keys of an algorithm that do not sign yet, the one that signs first at the beginning.
fn waiting<'a>(keys: &'a [Key], algorithm: &'a str) -> Vec<(&'a Key, Timestamp)> {
    let mut waiting: Vec<_> = of(keys, algorithm)
        .filter_map(|key| match key.stage {
            Stage::Next { signs_at } => Some((key, signs_at)),
            Stage::Active { .. } | Stage::Retiring { .. } => None,
        })
        .collect();
    waiting.sort_by_key(|(_, signs_at)| *signs_at);
    waiting
}

fn of<'a>(keys: &'a [Key], algorithm: &'a str) -> impl Iterator<Item = &'a Key> {
    keys.iter().filter(move |key| key.algorithm == algorithm)
}
