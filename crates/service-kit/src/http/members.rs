//! Reads the members of a JSON object one by one and collects every fault, so that a client learns of all at once.

use std::collections::BTreeMap;

use error_codes::{Code, Failure, FieldDetail, Generic};
use serde_json::{Map, Value};

/// Longer rejected values are not sent back.
const LONGEST_ECHO: usize = 256;

/// The members of a request that were not read yet, and what was wrong with those that were.
///
/// The order of errors is fixed: unknown members first, then missing ones, then wrong ones.
#[derive(Debug)]
pub struct Members {
    left: Map<String, Value>,
    missing: BTreeMap<String, FieldDetail>,
    invalid: BTreeMap<String, FieldDetail>,
    invalid_code: Option<Code>,
    codes: &'static Generic,
}

impl Members {
    pub(super) fn new(members: Map<String, Value>, codes: &'static Generic) -> Self {
        Self { left: members, missing: BTreeMap::new(), invalid: BTreeMap::new(), invalid_code: None, codes }
    }

    /// Whether a member was sent, whatever its value.
    pub fn contains(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// A text that must be there; `null` and the empty text count as absent. An absent one reads as empty until
    /// [`finish`](Self::finish) refuses the request.
    pub fn required(&mut self, name: &str) -> String {
        match self.optional(name) {
            Some(text) if !text.is_empty() => text,
            Some(_) | None => {
                if !self.invalid.contains_key(name) {
                    self.missing.insert(name.to_owned(), FieldDetail::Reason("is required".to_owned()));
                }
                String::new()
            }
        }
    }

    /// A text that must be there and must parse.
    pub fn required_as<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.required(name);
        if text.is_empty() { None } else { self.accept(name, parse(&text)) }
    }

    /// A text that may be there; `null` counts as absent.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.contains('\0') => {
                self.refuse(name, "must not hold NUL");
                None
            }
            Some(Value::String(text)) => Some(text),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.refuse(name, "must be a string");
                None
            }
        }
    }

    /// A text that may be there and must then parse.
    pub fn optional_as<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.optional(name)?;
        self.accept(name, parse(&text))
    }

    /// A truth value that may be there.
    pub fn optional_bool(&mut self, name: &str) -> Option<bool> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(value),
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.refuse(name, "must be true or false");
                None
            }
        }
    }

    /// A whole number from 0 to 4294967295 that may be there.
    pub fn optional_whole(&mut self, name: &str) -> Option<u32> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let whole = value.as_u64().and_then(|whole| u32::try_from(whole).ok());
                if whole.is_none() {
                    self.refuse(name, "must be a whole number from 0 to 4294967295");
                }
                whole
            }
        }
    }

    /// An object that may be there; it is read on its own, and its faults are told by
    /// [`finish_inside`](Self::finish_inside).
    pub fn optional_object(&mut self, name: &str) -> Option<Members> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(members)) => Some(Self::new(members, self.codes)),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                self.refuse(name, "must be an object");
                None
            }
        }
    }

    /// A list of at most `most` texts that may be there.
    pub fn optional_list(&mut self, name: &str, most: usize) -> Option<Vec<String>> {
        let refused = match self.left.remove(name) {
            None | Some(Value::Null) => return None,
            Some(Value::Array(values)) if values.len() > most => format!("must have at most {most} entries"),
            Some(Value::Array(values)) => {
                let texts: Option<Vec<String>> = values
                    .into_iter()
                    .map(|value| value.as_str().filter(|text| !text.contains('\0')).map(ToOwned::to_owned))
                    .collect();
                match texts {
                    Some(texts) => return Some(texts),
                    None => "must be a list of strings".to_owned(),
                }
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                "must be a list of strings".to_owned()
            }
        };
        self.refuse(name, refused);
        None
    }

    /// A list of at most `most` objects that must be there; each is read on its own.
    pub fn required_objects(&mut self, name: &str, most: usize) -> Vec<Members> {
        match self.left.remove(name) {
            None | Some(Value::Null) => {
                self.missing.insert(name.to_owned(), FieldDetail::Reason("is required".to_owned()));
                Vec::new()
            }
            Some(Value::Array(values)) if values.len() <= most && values.iter().all(Value::is_object) => values
                .into_iter()
                .filter_map(|value| match value {
                    Value::Object(members) => Some(Self::new(members, self.codes)),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
                })
                .collect(),
            Some(_) => {
                self.refuse(name, format!("must be a list of at most {most} objects"));
                Vec::new()
            }
        }
    }

    /// Takes a member as it is, for one that is read elsewhere.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// Passes over every member that was not read.
    pub fn ignore_the_rest(&mut self) {
        self.left.clear();
    }

    /// Says what is wrong with a member.
    pub fn refuse(&mut self, name: &str, reason: impl Into<String>) {
        self.invalid.insert(name.to_owned(), FieldDetail::Reason(reason.into()));
    }

    /// Says what is wrong with a member, under a code of its own.
    pub fn refuse_as(&mut self, code: Code, name: &str, reason: impl Into<String>) {
        self.invalid_code = Some(code);
        self.refuse(name, reason);
    }

    fn accept<T, E: std::fmt::Display>(&mut self, name: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|reason| self.refuse(name, reason.to_string())).ok()
    }

    /// Refuses the request when anything was wrong with it.
    pub fn finish(self) -> Result<(), Failure> {
        if !self.left.is_empty() {
            let fields = self
                .left
                .into_iter()
                .map(|(name, value)| {
                    let detail = rejected(&name, value);
                    (name, detail)
                })
                .collect();
            return Err(Failure::new(self.codes.unexpected_fields).with_fields(fields));
        }
        if !self.missing.is_empty() {
            return Err(Failure::new(self.codes.missing_fields).with_fields(self.missing));
        }
        if !self.invalid.is_empty() {
            let code = self.invalid_code.unwrap_or(self.codes.invalid_field);
            return Err(Failure::new(code).with_fields(self.invalid));
        }
        Ok(())
    }

    /// As [`finish`](Self::finish), for an object inside another: every name is told with the place before it.
    pub fn finish_inside(self, place: &str) -> Result<(), Failure> {
        self.finish().map_err(|failure| {
            let named = |name: &String| format!("{place}.{name}");
            let fields = failure.fields().iter().map(|(name, detail)| (named(name), detail.clone())).collect();
            Failure::new(failure.code()).with_fields(fields)
        })
    }

    /// As [`finish`](Self::finish), and hands over what was read.
    ///
    /// `value` must be `Some` when nothing was wrong, which holds when each of its parts was read through this object.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T, Failure> {
        let codes = self.codes;
        self.finish()?;
        value.ok_or_else(|| Failure::new(codes.internal).with_cause("a member was lost between reading and building"))
    }
}

/// A member that nobody asked for comes back with its value, unless it is long or sounds like a secret: an answer may be
/// logged where the request is not.
fn rejected(name: &str, value: Value) -> FieldDetail {
    let name = name.to_ascii_lowercase();
    let is_secret = ["password", "secret", "token", "passcode"].iter().any(|word| name.contains(word));
    if is_secret || value.to_string().len() > LONGEST_ECHO {
        FieldDetail::Reason("is not accepted".to_owned())
    } else {
        FieldDetail::Rejected(value)
    }
}

#[cfg(test)]
mod tests {
    use error_codes::IDENTITY;
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Members {
        Members::new(value.as_object().unwrap().clone(), &IDENTITY)
    }

    #[test]
    fn every_missing_member_is_named() {
        let mut body = members(json!({ "a": "x", "b": "", "c": null }));
        for name in ["a", "b", "c", "d"] {
            body.required(name);
        }
        let failure = body.finish().unwrap_err();
        assert_eq!(failure.code().number(), "IDE-0001");
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    }

    #[test]
    fn unknown_members_come_back_and_stand_above_missing_ones() {
        let mut body = members(json!({ "x": 1, "y": "z".repeat(300) }));
        body.required("a");
        let failure = body.finish().unwrap_err();
        assert_eq!(failure.code().number(), "IDE-0004");
        assert_eq!(failure.fields()["x"], FieldDetail::Rejected(json!(1)));
        assert_eq!(failure.fields()["y"], FieldDetail::Reason("is not accepted".to_owned()));
    }

    #[test]
    fn a_wrong_type_is_told_by_name() {
        let mut body = members(json!({ "a": 1, "b": "yes", "c": ["x", 1], "d": "a\0b" }));
        body.required("a");
        body.optional_bool("b");
        body.optional_list("c", 5);
        body.optional("d");
        let failure = body.finish().unwrap_err();
        assert_eq!(failure.code().number(), "IDE-0002");
        assert_eq!(failure.fields().len(), 4);
    }

    #[test]
    fn what_is_wrong_inside_is_told_with_its_place() {
        let mut body = members(json!({ "limits": { "users": -1, "groups": 1.5, "applications": 7 }, "settings": [] }));
        let mut limits = body.optional_object("limits").unwrap();
        assert_eq!((limits.optional_whole("users"), limits.optional_whole("groups")), (None, None));
        assert_eq!(limits.optional_whole("applications"), Some(7));
        let failure = limits.finish_inside("limits").unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["limits.groups", "limits.users"]);
        assert!(body.optional_object("settings").is_none());
        assert_eq!(body.finish().unwrap_err().fields().keys().collect::<Vec<_>>(), ["settings"]);
    }
}
