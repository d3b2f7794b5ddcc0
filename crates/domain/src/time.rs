//! Points in time, and the clock that gives them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::InvalidText;

/// A point in time, UTC, to the microsecond: the precision both databases keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The longest text that is read as a time.
const LONGEST_TEXT: usize = 35;

impl Timestamp {
    /// The first point in time that RFC 3339 can write, which both databases can hold.
    pub const EARLIEST: Self = Self(-62_167_219_200_000_000);
    /// The last point in time that RFC 3339 can write.
    pub const LATEST: Self = Self(253_402_300_799_999_999);

    /// Reads a time with its offset, such as `2025-04-08T08:01:30Z` or `2025-04-08T10:01:30.5+02:00` (RFC 3339 §5.6).
    ///
    /// What is finer than a microsecond is cut off; a leap second is the first one after it.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let invalid = || InvalidText::new("must be a time such as 2025-04-08T08:01:30Z (RFC 3339)");
        // Other parsers disagree about what may stand between date and time, and about lower case.
        let is_strict = text.len() <= LONGEST_TEXT
            && text.as_bytes().get(10) == Some(&b'T')
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
        let read = DateTime::parse_from_rfc3339(text).ok().filter(|_| is_strict).ok_or_else(invalid)?;
        let time = Self(read.timestamp_micros());
        if (Self::EARLIEST..=Self::LATEST).contains(&time) { Ok(time) } else { Err(invalid()) }
    }

    /// From microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From seconds since 1970-01-01T00:00:00Z.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, the past ones rounded down (`NumericDate`, RFC 7519 §2).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This point and a span later; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(span)))
    }

    /// This point and a span earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(span)))
    }

    /// The span since an earlier point; zero when that point is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros_of(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl FromStr for Timestamp {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::parse(text)
    }
}

/// RFC 3339 in UTC with milliseconds, as every JSON answer shows times.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Where the present comes from; nothing else reads a wall clock.
pub trait Clock: Send + Sync + 'static {
    /// The present, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_with_milliseconds() {
        let time = Timestamp::from_micros(1_744_099_290_169_999);
        assert_eq!(time.to_string(), "2025-04-08T08:01:30.169Z");
        assert_eq!(time.seconds(), 1_744_099_290);
    }

    #[test]
    fn times_are_read_with_their_offset() {
        let time = Timestamp::from_micros(1_744_099_290_169_999);
        for text in [
            "2025-04-08T08:01:30.169999Z",
            "2025-04-08T08:01:30.169999999+00:00",
            "2025-04-08T10:01:30.169999+02:00",
            "2025-04-08T00:31:30.169999-07:30",
        ] {
            assert_eq!(Timestamp::parse(text), Ok(time), "{text}");
        }
        assert_eq!(Timestamp::parse("1970-01-01T00:00:00Z"), Ok(Timestamp::from_seconds(0)));
        assert_eq!(Timestamp::parse("1969-12-31T23:59:59Z"), Ok(Timestamp::from_seconds(-1)));
        assert_eq!(Timestamp::parse("2024-02-29T00:00:00Z").map(Timestamp::seconds), Ok(1_709_164_800));
        assert_eq!(Timestamp::parse("2016-12-31T23:59:60Z"), Timestamp::parse("2017-01-01T00:00:00Z"));
        assert_eq!(Timestamp::parse("0000-01-01T00:00:00Z"), Ok(Timestamp::EARLIEST));
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59.999999Z"), Ok(Timestamp::LATEST));
    }

    #[test]
    fn nothing_else_is_a_time() {
        for wrong in [
            "",
            "2025",
            "1744099290",
            "2025-04-08",
            "2025-04-08T08:01:30",
            "2025-04-08T08:01Z",
            "2025-04-08 08:01:30Z",
            "2025-04-08t08:01:30z",
            "2025-04-08T08:01:30z",
            " 2025-04-08T08:01:30Z",
            "2025-04-08T08:01:30Z ",
            "2025-04-08T08:01:30 02:00",
            "2025-04-08T08:01:30+0200",
            "2025-04-08T08:01:30.Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-04-08T24:00:00Z",
            "2025-04-08T08:01:30+25:00",
            "+12025-04-08T08:01:30Z",
            "-0001-04-08T08:01:30Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2025-04-08T08:01:30.1234567890123456789Z",
            "2025-04-08T08:01:30Z\0",
            "２025-04-08T08:01:30Z",
        ] {
            assert!(Timestamp::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_never_wrap() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::from_seconds(5).since(Timestamp::from_seconds(9)), Duration::ZERO);
    }
}
