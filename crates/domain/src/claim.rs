//! Reads the claims of a token whose signature was verified: strictly, and saying what was wrong with which.

use std::fmt;

use serde_json::{Map, Value};

use crate::Timestamp;

/// The last second that a `NumericDate` of ours may name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// Why the claims of a token were not accepted. For the log: the caller only learns that the token is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFault {
    /// A claim that every token of this kind has is not there.
    Absent(&'static str),
    /// A claim has a form or a value that we never sign.
    Malformed(&'static str),
    /// A token of another kind: `token_use` is not the one that is asked for.
    OtherUse,
    /// The issuer is not the one of the tenant that the token names.
    Issuer,
    /// The application that the token was issued to is not in its audience.
    Audience,
    /// The token has expired.
    Expired,
    /// The token is from the future by more than clocks may differ.
    NotYetValid,
}

impl fmt::Display for ClaimFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(name) => write!(f, "the claim '{name}' is absent"),
            Self::Malformed(name) => write!(f, "the claim '{name}' is malformed"),
            Self::OtherUse => f.write_str("the token is of another kind"),
            Self::Issuer => f.write_str("the issuer is not the tenant's"),
            Self::Audience => f.write_str("the audience lacks the application"),
            Self::Expired => f.write_str("the token has expired"),
            Self::NotYetValid => f.write_str("the token is not valid yet"),
        }
    }
}

impl std::error::Error for ClaimFault {}

/// The claims of one token.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a>(&'a Map<String, Value>);

impl<'a> Claims<'a> {
    /// Reads from these members; their names must be unique, which only a strict parser can tell.
    pub fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// Whether the claim is there, even as `null`.
    pub fn has(self, name: &'static str) -> bool {
        self.0.contains_key(name)
    }

    /// A string.
    pub fn text(self, name: &'static str) -> Result<&'a str, ClaimFault> {
        self.value(name)?.as_str().ok_or(ClaimFault::Malformed(name))
    }

    /// A string that `parse` accepts.
    pub fn parsed<T, E>(self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, ClaimFault> {
        parse(self.text(name)?).map_err(|_| ClaimFault::Malformed(name))
    }

    /// A `NumericDate` (RFC 7519 §2) in whole seconds; fractions are refused, `1.0` too.
    pub fn time(self, name: &'static str) -> Result<Timestamp, ClaimFault> {
        let seconds = self.value(name)?.as_i64().filter(|seconds| (0..=LAST_SECOND).contains(seconds));
        seconds.map(Timestamp::from_seconds).ok_or(ClaimFault::Malformed(name))
    }

    /// An array of strings with at least one element; a single string is not taken for one.
    pub fn texts(self, name: &'static str) -> Result<Vec<&'a str>, ClaimFault> {
        let elements = self.array(name)?;
        let texts: Option<Vec<_>> = elements.iter().map(Value::as_str).collect();
        texts.filter(|texts| !texts.is_empty()).ok_or(ClaimFault::Malformed(name))
    }

    /// An array of exactly so many counters.
    pub fn counters<const N: usize>(self, name: &'static str) -> Result<[u32; N], ClaimFault> {
        let elements: &[Value; N] = self.array(name)?.try_into().map_err(|_| ClaimFault::Malformed(name))?;
        let mut counters = [0; N];
        for (counter, element) in counters.iter_mut().zip(elements) {
            let value = element.as_u64().and_then(|value| u32::try_from(value).ok());
            *counter = value.ok_or(ClaimFault::Malformed(name))?;
        }
        Ok(counters)
    }

    fn array(self, name: &'static str) -> Result<&'a [Value], ClaimFault> {
        self.value(name)?.as_array().map(Vec::as_slice).ok_or(ClaimFault::Malformed(name))
    }

    fn value(self, name: &'static str) -> Result<&'a Value, ClaimFault> {
        self.0.get(name).ok_or(ClaimFault::Absent(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_time_is_a_whole_number_of_seconds() {
        let good = members(json!({"t": 1_795_406_402}));
        assert_eq!(Claims::new(&good).time("t"), Ok(Timestamp::from_seconds(1_795_406_402)));
        for wrong in
            [json!(1.0), json!(1.5), json!("1"), json!(-1), json!(null), json!(253_402_300_800_i64), json!(u64::MAX)]
        {
            let wrong = members(json!({ "t": wrong }));
            assert_eq!(Claims::new(&wrong).time("t"), Err(ClaimFault::Malformed("t")), "{wrong:?}");
        }
        assert_eq!(Claims::new(&good).time("u"), Err(ClaimFault::Absent("u")));
    }

    #[test]
    fn lists_hold_one_kind_of_value_and_counters_their_number() {
        let claims =
            members(json!({"a": ["x", "y"], "b": ["x", 1], "c": [], "d": "x", "v": [1, 2, 3], "w": [1, 2.0, 3]}));
        let claims = Claims::new(&claims);
        assert_eq!(claims.texts("a"), Ok(vec!["x", "y"]));
        for wrong in ["b", "c", "d"] {
            assert_eq!(claims.texts(wrong), Err(ClaimFault::Malformed(wrong)));
        }
        assert_eq!(claims.counters("v"), Ok([1, 2, 3]));
        assert_eq!(claims.counters::<2>("v"), Err(ClaimFault::Malformed("v")));
        assert_eq!(claims.counters::<3>("w"), Err(ClaimFault::Malformed("w")));
    }
}
