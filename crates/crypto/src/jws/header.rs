//! The protected header of a token: what it may say, and what it must not.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::fault::JwtFault;
use domain::json;

/// Members that move the decision to the sender: other keys, or another meaning of what is signed. Unknown members are
/// ignored (RFC 7515 §4); `crit` would forbid that, and we understand no extension.
const FORBIDDEN: [&str; 6] = ["crit", "b64", "jwk", "jku", "x5u", "x5c"];
const MAX_DEPTH: usize = 4;

/// What a header says. Claimed by the sender until the signature has been verified.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
    pub(super) typ: Option<String>,
}

impl Header {
    /// Reads a decoded header.
    pub(super) fn parse(text: &[u8]) -> Result<Self, JwtFault> {
        let mut members = json::parse_object(text, MAX_DEPTH).map_err(|_| JwtFault::Header)?;
        let name = take_string(&mut members, "alg")?.ok_or(JwtFault::Header)?;
        let kid = take_string(&mut members, "kid")?.ok_or(JwtFault::Header)?;
        let typ = take_string(&mut members, "typ")?;
        if let Some(name) = FORBIDDEN.into_iter().find(|name| members.contains_key(*name)) {
            return Err(JwtFault::ForbiddenHeader(name));
        }
        let algorithm = Algorithm::parse(&name).ok_or(JwtFault::UnsupportedAlgorithm)?;
        Ok(Self { algorithm, kid, typ })
    }

    /// The entry of `accepted` that the token's `typ` means.
    ///
    /// Media types are compared without case, and `application/` may be left out on either side (RFC 7515 §4.1.9).
    pub(super) fn accepted_type<'a>(&self, accepted: &[&'a str]) -> Result<&'a str, JwtFault> {
        let typ = short_type(self.typ.as_deref().ok_or(JwtFault::Type)?);
        accepted.iter().copied().find(|other| short_type(other).eq_ignore_ascii_case(typ)).ok_or(JwtFault::Type)
    }
}

fn take_string(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, JwtFault> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(JwtFault::Header)
        }
    }
}

/// A media type without its `application/`, if no other slash follows.
fn short_type(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("application") && !rest.contains('/') => rest,
        Some(_) | None => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> JwtFault {
        Header::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn members_that_nobody_knows_are_ignored() {
        let header = Header::parse(br#"{"alg":"ES256","kid":"k","typ":"at+jwt","x5t":"AA","more":{"a":[1]}}"#).unwrap();
        assert_eq!(
            (header.algorithm, header.kid.as_str(), header.typ.as_deref()),
            (Algorithm::Es256, "k", Some("at+jwt"))
        );
    }

    #[test]
    fn members_that_choose_a_key_or_a_meaning_are_refused_whatever_they_hold() {
        for name in FORBIDDEN {
            for value in ["null", "[]", "{}", "\"\"", "true"] {
                let text = format!(r#"{{"alg":"ES256","kid":"k","{name}":{value}}}"#);
                assert_eq!(fault(&text), JwtFault::ForbiddenHeader(name));
            }
        }
    }

    #[test]
    fn algorithm_and_key_must_be_there_as_text() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"alg":"ES256"}"#,
            r#"{"kid":"k"}"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"{"alg":null,"kid":"k"}"#,
            r#"{"alg":["ES256"],"kid":"k"}"#,
            r#"{"alg":"ES256","kid":"k","typ":1}"#,
            r#"{"alg":"ES256","kid":"k","kid":"k"}"#,
            r#"{"alg":"ES256","kid":"k","more":[[[[]]]]}"#,
        ] {
            assert_eq!(fault(text), JwtFault::Header, "{text}");
        }
        for name in ["none", "None", "NONE", "", "HS256", "es256", "ES256 "] {
            assert_eq!(fault(&format!(r#"{{"alg":"{name}","kid":"k"}}"#)), JwtFault::UnsupportedAlgorithm);
        }
    }

    #[test]
    fn a_type_is_compared_without_case_and_without_application() {
        let accepted = |typ: &str| {
            let header = Header::parse(format!(r#"{{"alg":"ES256","kid":"k","typ":"{typ}"}}"#).as_bytes()).unwrap();
            header.accepted_type(&["at+jwt", "application/JWT"])
        };
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert_eq!(accepted(typ), Ok("at+jwt"));
        }
        for typ in ["jwt", "JWT", "application/jwt"] {
            assert_eq!(accepted(typ), Ok("application/JWT"));
        }
        for typ in ["", "at", "at+jwt ", "text/at+jwt", "application/application/at+jwt", "application/"] {
            assert_eq!(accepted(typ), Err(JwtFault::Type), "{typ}");
        }
        let without = Header::parse(br#"{"alg":"ES256","kid":"k"}"#).unwrap();
        assert_eq!(without.accepted_type(&["", "at+jwt"]), Err(JwtFault::Type));
    }
}
