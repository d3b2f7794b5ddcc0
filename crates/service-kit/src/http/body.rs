//! Bodies: read whole within a bound, parsed strictly.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use domain::json::parse_object;
use error_codes::{Failure, FieldDetail, Generic, IDENTITY};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::context::edge;
use super::{HttpFailure, Members};

/// How deep objects and arrays may be nested.
const DEEPEST: usize = 16;
/// The most members of a form.
const MOST_PAIRS: usize = 64;

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest, in bytes.
    pub bytes: usize,
    /// How long it may be on its way.
    pub time: Duration,
}

impl Bounds {
    /// What holds where a route has no edge.
    const NONE: Self = Self { bytes: 0, time: Duration::ZERO };
}

/// A JSON object: UTF-8, no name twice, bounded in size and depth.
#[derive(Debug)]
pub struct JsonBody {
    members: Map<String, Value>,
    codes: &'static Generic,
}

impl JsonBody {
    /// Begins to read the members.
    pub fn members(self) -> Members {
        Members::new(self.members, self.codes)
    }

    /// The object as it came, for one whose members rules read that name every fault by its place.
    pub fn into_object(self) -> Map<String, Value> {
        self.members
    }
}

impl FromRequest for JsonBody {
    type Error = HttpFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HttpFailure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (codes, bounds) = edge(request).map_or((&IDENTITY, Bounds::NONE), |edge| (edge.codes, edge.bounds));
        let (payload, is_long) = (payload.take(), declares_too_much(request, bounds));
        Box::pin(async move {
            let bytes = if is_long { return Err(codes.too_large.into()) } else { read(payload, bounds, codes).await? };
            let members = parse_object(&bytes, DEEPEST)
                .map_err(|fault| Failure::new(codes.malformed).with_field("body", fault.to_string()))?;
            Ok(Self { members, codes })
        })
    }
}

/// A form (`application/x-www-form-urlencoded`): UTF-8, no name twice.
#[derive(Debug)]
pub struct FormBody {
    pairs: BTreeMap<String, String>,
    codes: &'static Generic,
}

impl FormBody {
    /// Takes the one member the form must have; any other is refused.
    pub fn only(mut self, name: &str) -> Result<String, Failure> {
        let value = self.pairs.remove(name);
        if !self.pairs.is_empty() {
            let rejected = |value| FieldDetail::Rejected(Value::String(value));
            let fields = self.pairs.into_iter().map(|(name, value)| (name, rejected(value))).collect();
            return Err(Failure::new(self.codes.unexpected_fields).with_fields(fields));
        }
        match value {
            Some(value) if !value.is_empty() => Ok(value),
            Some(_) | None => Err(Failure::new(self.codes.missing_fields).with_field(name, "is required")),
        }
    }
}

impl FromRequest for FormBody {
    type Error = HttpFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HttpFailure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (codes, bounds) = edge(request).map_or((&IDENTITY, Bounds::NONE), |edge| (edge.codes, edge.bounds));
        let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let (payload, is_long) = (payload.take(), declares_too_much(request, bounds));
        Box::pin(async move {
            let bytes = if is_long { return Err(codes.too_large.into()) } else { read(payload, bounds, codes).await? };
            if !is_form {
                let reason = "must be sent as application/x-www-form-urlencoded";
                return Err(Failure::new(codes.malformed).with_field("body", reason).into());
            }
            let pairs = parse_form(&bytes).ok_or_else(|| {
                Failure::new(codes.malformed).with_field("body", "must be a form in UTF-8, each name once")
            })?;
            Ok(Self { pairs, codes })
        })
    }
}

/// Percent-decodes strictly: a broken escape, bytes that are not UTF-8, NUL and a repeated name are no form.
fn parse_form(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    for part in bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let (name, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(split) => (&part[..split], &part[split + 1..]),
            None => (part, &[][..]),
        };
        let fresh = pairs.insert(decode(name)?, decode(value)?).is_none();
        if !fresh || pairs.len() > MOST_PAIRS {
            return None;
        }
    }
    Some(pairs)
}

fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(*bytes.next()?).to_digit(16)?;
                let low = char::from(*bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            plain => *plain,
        });
    }
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

/// Whether the request says itself that its body is over the bound; then nothing of it is read.
fn declares_too_much(request: &HttpRequest, bounds: Bounds) -> bool {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > bounds.bytes))
}

async fn read(payload: Payload, bounds: Bounds, codes: &'static Generic) -> Result<web::Bytes, Failure> {
    match tokio::time::timeout(bounds.time, read_whole(payload, bounds, codes)).await {
        Ok(read) => read,
        Err(_) => {
            let reason = format!("must arrive within {} seconds", bounds.time.as_secs());
            Err(Failure::new(codes.malformed).with_field("body", reason))
        }
    }
}

async fn read_whole(mut payload: Payload, bounds: Bounds, codes: &'static Generic) -> Result<web::Bytes, Failure> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error: PayloadError| Failure::new(codes.malformed).with_cause(error))?;
        if body.len() + chunk.len() > bounds.bytes {
            return Err(codes.too_large.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_is_read_strictly() {
        let pairs = parse_form(b"id_token_hint=a.b%2Ec&x=1+2").unwrap();
        assert_eq!(pairs["id_token_hint"], "a.b.c");
        assert_eq!(pairs["x"], "1 2");
        for wrong in [&b"a=%"[..], b"a=%zz", b"a=%ff", b"a=%00", b"a=1&a=2"] {
            assert!(parse_form(wrong).is_none(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_form_makes_the_parser_fall(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(pairs) = parse_form(&bytes) {
                prop_assert!(pairs.len() <= MOST_PAIRS);
            }
        }
    }
}
