//! A body that may be left out.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use service_kit::http::{HttpFailure, JsonBody, Members};

/// A JSON object, or no body at all. What is there is read as strictly as any other body.
#[derive(Debug)]
pub(super) struct OptionalBody(Option<JsonBody>);

impl OptionalBody {
    /// Begins to read the members, where there is a body.
    pub(super) fn members(self) -> Option<Members> {
        self.0.map(JsonBody::members)
    }
}

impl FromRequest for OptionalBody {
    type Error = HttpFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HttpFailure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = has_body(request).then(|| JsonBody::from_request(request, payload));
        Box::pin(async move {
            match body {
                Some(body) => Ok(Self(Some(body.await?))),
                None => Ok(Self(None)),
            }
        })
    }
}

/// Whether a body follows the head: one of two headers says so (RFC 9112 §6.3).
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_body_is_announced_by_its_headers() {
        let has =
            |name: &str, value: &str| has_body(&TestRequest::default().insert_header((name, value)).to_http_request());
        assert!(has("content-length", "2") && has("transfer-encoding", "chunked"));
        assert!(!has("content-length", "0") && !has("content-type", "application/json"));
    }
}
