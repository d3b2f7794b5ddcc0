//! JSON objects from strangers: no name twice, bounded nesting, nothing behind the end.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is not a JSON object that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// Not JSON (RFC 8259) in UTF-8, or JSON with something behind it.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
    /// An object, here or further down, with one name twice.
    DuplicateName,
    /// Objects and arrays nested deeper than allowed.
    TooDeep,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "must be JSON in UTF-8",
            Self::NotAnObject => "must be a JSON object",
            Self::DuplicateName => "must not hold one name twice",
            Self::TooDeep => "must not be nested so deeply",
        })
    }
}

impl std::error::Error for JsonFault {}

/// Parses one JSON object; `max_depth` counts the object itself as 1.
///
/// Names are compared after their escapes are resolved. What two parsers could read differently, one name twice above
/// all, is refused: the one that checks and the one that uses must see the same (RFC 8725 §2.4).
pub fn parse_object(text: &[u8], max_depth: usize) -> Result<Map<String, Value>, JsonFault> {
    let fault = Cell::new(JsonFault::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value =
        Strict { depth_left: max_depth, fault: &fault }.deserialize(&mut deserializer).map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonFault::Syntax)?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(JsonFault::NotAnObject)
        }
    }
}

/// Reads one value; says in `fault` what was wrong with it when that was not the syntax.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    fault: &'a Cell<JsonFault>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }

    /// The reader for what stands inside an object or an array.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.refuse(JsonFault::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inside)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.refuse(JsonFault::DuplicateName));
            }
            object.insert(name, members.next_value_seed(inside)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(text: &str) -> JsonFault {
        parse_object(text.as_bytes(), 3).unwrap_err()
    }

    #[test]
    fn an_object_parses_as_it_is_written() {
        let text = r#" { "a" : [1, -2, 0.5, "x", null, true], "b": {"c": {}}, "n": 18446744073709551615 } "#;
        let expected = json!({"a": [1, -2, 0.5, "x", null, true], "b": {"c": {}}, "n": 18_446_744_073_709_551_615_u64});
        assert_eq!(Value::Object(parse_object(text.as_bytes(), 3).unwrap()), expected);
    }

    #[test]
    fn a_name_may_not_stand_twice_at_any_level() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":{"a":1,"a":2}}"#, r#"{"b":[{"a":1,"a":2}]}"#]
        {
            assert_eq!(refusal(text), JsonFault::DuplicateName, "{text}");
        }
        assert!(parse_object(br#"{"a":{"a":{}},"b":{"a":1}}"#, 3).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        for text in [r#"{"a":{"b":{"c":{}}}}"#, r#"{"a":[[[]]]}"#, &format!(r#"{{"a":{}"#, "[".repeat(100_000))] {
            assert_eq!(refusal(text), JsonFault::TooDeep);
        }
        assert!(parse_object(br#"{"a":[[]]}"#, 3).is_ok());
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for text in ["null", "true", "1", "\"{}\"", "[]", "[{}]"] {
            assert_eq!(refusal(text), JsonFault::NotAnObject, "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_json_text_is_refused() {
        let wrong = [
            "",
            " ",
            "{",
            "{}x",
            "{}{}",
            "\u{feff}{}",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1e400}",
            "{\"a\":NaN}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\n\"}",
            "{}//",
            "{}\0",
        ];
        for text in wrong {
            assert_eq!(refusal(text), JsonFault::Syntax, "{text:?}");
        }
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}", 3), Err(JsonFault::Syntax));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in any::<Vec<u8>>()) {
            let _ = parse_object(&bytes, 3);
        }
    }
}
