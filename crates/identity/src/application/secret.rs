//! The secrets of an application: two may live at once, so that one can be replaced without an outage.

use std::time::Duration;

use domain::id::SecretId;
use domain::{Entropy, InvalidText, Secret, Timestamp};
use error_codes::{Failure, Result, ide};

use super::credentials;

/// What a secret is shown as once it was made, before its id.
const MASK: &str = "********";
/// The most secrets that live at once.
const MOST: usize = 2;

/// What is known of a secret; its value is not.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationSecret {
    /// Its id, signed into the tokens it buys.
    pub id: SecretId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first moment at which it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the precision of the reports of auth.
    pub last_used_at: Option<Timestamp>,
    /// Tokens it bought.
    pub tokens_issued: u64,
}

impl ApplicationSecret {
    /// Whether it is accepted.
    pub fn is_live_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// A secret that was just made: the only time its value is seen. Only the SHA-256 of it is kept.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Its id.
    pub id: SecretId,
    /// Its value.
    pub value: Secret<String>,
}

impl NewSecret {
    /// A fresh secret, without an end.
    pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self { id: SecretId::new(now, entropy), value: credentials::secret(entropy) }
    }

    /// A secret that was made elsewhere in the form of ours; nothing weaker is taken.
    ///
    /// # Errors
    /// A text that has not 40 lower-case hexadecimal digits.
    pub fn given(value: Secret<String>, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, InvalidText> {
        if credentials::is_secret(value.expose()) {
            Ok(Self { id: SecretId::new(now, entropy), value })
        } else {
            Err(InvalidText::new("must have 40 lower-case hexadecimal digits, as 'openssl rand -hex 20' makes them"))
        }
    }
}

/// How long the old secret lives beside a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(Duration);

impl Overlap {
    /// The longest overlap: 90 days.
    const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);

    /// Reads an overlap in seconds; without one it is a week.
    ///
    /// # Errors
    /// IDE-0002 over 90 days.
    pub fn parse(field: &str, seconds: Option<u64>) -> Result<Self> {
        let overlap = Duration::from_secs(seconds.unwrap_or(7 * 24 * 3600));
        if overlap > Self::LONGEST {
            let reason = format!("must be at most {} seconds", Self::LONGEST.as_secs());
            return Err(Failure::new(ide::INVALID_FIELD_TYPE).with_field(field, reason));
        }
        Ok(Self(overlap))
    }

    /// When the old secret ends: never later than it would have anyway.
    pub fn end_of(self, old: &ApplicationSecret, now: Timestamp) -> Timestamp {
        let end = now.plus(self.0);
        old.expires_at.map_or(end, |expires_at| expires_at.min(end))
    }
}

/// Refuses a third living secret.
///
/// # Errors
/// IDE-1015.
pub fn room_for_another(secrets: &[ApplicationSecret], now: Timestamp) -> Result<()> {
    let live = secrets.iter().filter(|secret| secret.is_live_at(now)).count();
    if live < MOST { Ok(()) } else { Err(Failure::new(ide::TOO_MANY_SECRETS)) }
}

/// What stands for the value of a secret after it was made.
pub fn masked(id: SecretId) -> String {
    format!("{MASK}{id}")
}

/// Whether a presented value is what we show instead of one: a sign that somebody copied it from a list.
pub fn is_masked(value: &str) -> bool {
    value.starts_with(MASK)
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    fn secret(expires_at: Option<i64>) -> ApplicationSecret {
        let now = Timestamp::from_seconds(0);
        ApplicationSecret {
            id: SecretId::new(now, &OsEntropy),
            created_at: now,
            expires_at: expires_at.map(Timestamp::from_seconds),
            last_used_at: None,
            tokens_issued: 0,
        }
    }

    #[test]
    fn two_live_secrets_are_the_limit_and_a_dead_one_does_not_count() {
        let now = Timestamp::from_seconds(100);
        assert!(room_for_another(&[secret(None)], now).is_ok());
        assert!(room_for_another(&[secret(None), secret(Some(100))], now).is_ok());
        let failure = room_for_another(&[secret(None), secret(Some(101))], now).unwrap_err();
        assert_eq!(failure.code(), ide::TOO_MANY_SECRETS);
    }

    #[test]
    fn an_overlap_never_lengthens_a_life() {
        let now = Timestamp::from_seconds(100);
        let hour = Overlap::parse("overlapSeconds", Some(3600)).unwrap();
        assert_eq!(hour.end_of(&secret(None), now), Timestamp::from_seconds(3700));
        assert_eq!(hour.end_of(&secret(Some(200)), now), Timestamp::from_seconds(200));
        assert!(Overlap::parse("overlapSeconds", Some(u64::MAX)).is_err());
        assert!(Overlap::parse("overlapSeconds", None).is_ok());
    }

    #[test]
    fn a_masked_value_is_known_as_one() {
        let id = secret(None).id;
        assert!(is_masked(&masked(id)) && masked(id).ends_with(&id.to_string()));
        assert!(!is_masked(NewSecret::new(Timestamp::from_seconds(0), &OsEntropy).value.expose()));
    }
}
