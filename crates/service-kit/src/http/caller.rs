//! Who calls: the verified token of a request.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use domain::token::AccessToken;
use error_codes::{Failure, Generic, IDENTITY};

use super::HttpFailure;
use super::context::edge;
use crate::VerifyFault;

/// The verified caller of a route that asks for a token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What the token says.
    pub token: Arc<AccessToken>,
}

/// The same, of a route whose clients are not those of the Access Manager: the token comes behind its scheme alone (RFC 6750
/// §2.1).
#[derive(Clone, Debug)]
pub struct StrictCaller(pub Caller);

/// Reads the token of a request: `Bearer <token>`, or the bare token, which some clients send (RFC 6750 §2.1).
///
/// # Errors
/// No token, more than one `Authorization` header, or another scheme.
pub fn bearer<'a>(request: &'a HttpRequest, codes: &'static Generic) -> Result<&'a str, Failure> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(codes.token_missing)?;
    if headers.next().is_some() {
        return Err(codes.token_invalid.into());
    }
    let text = std::str::from_utf8(header.as_bytes()).map_err(|_| codes.token_invalid)?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        Some(_) => return Err(codes.token_invalid.into()),
        None if text.eq_ignore_ascii_case("bearer") => "",
        None => text,
    };
    if token.is_empty() { Err(codes.token_missing.into()) } else { Ok(token) }
}

impl FromRequest for Caller {
    type Error = HttpFailure;
    type Future = Ready<Result<Self, HttpFailure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(verify(request).map_err(HttpFailure))
    }
}

impl FromRequest for StrictCaller {
    type Error = HttpFailure;
    type Future = Ready<Result<Self, HttpFailure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_bare = request.headers().get(AUTHORIZATION).is_some_and(|header| !header.as_bytes().contains(&b' '));
        let caller = match edge(request) {
            Some(edge) if is_bare => Err(Failure::new(edge.codes.token_invalid)),
            Some(_) | None => verify(request),
        };
        ready(caller.map(Self).map_err(HttpFailure))
    }
}

fn verify(request: &HttpRequest) -> Result<Caller, Failure> {
    let Some(edge) = edge(request) else {
        return Err(Failure::new(IDENTITY.internal).with_cause("a route without an edge"));
    };
    let token = bearer(request, edge.codes)?;
    let token = edge.verifier.verify(token).map_err(|fault| match fault {
        VerifyFault::Invalid => Failure::new(edge.codes.token_invalid),
        VerifyFault::Stale => Failure::new(edge.codes.unavailable)
            .with_retry_after(std::time::Duration::from_secs(1))
            .with_cause("what is known of revocations is too old"),
    })?;
    // A path may name the tenant; the token's own decides.
    match request.match_info().get("tenant") {
        Some(tenant) if tenant != token.owner.as_str() => Err(edge.codes.token_invalid.into()),
        Some(_) | None => Ok(Caller { token }),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(headers: &[&str]) -> Result<String, String> {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header((AUTHORIZATION, *header));
        }
        let request = request.to_http_request();
        bearer(&request, &IDENTITY).map(ToOwned::to_owned).map_err(|failure| failure.code().number().to_owned())
    }

    #[test]
    fn a_token_comes_with_or_without_its_scheme() {
        assert_eq!(read(&["Bearer a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(read(&["bearer  a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(read(&["a.b.c"]), Ok("a.b.c".to_owned()));
    }

    #[test]
    fn nothing_else_is_a_token() {
        assert_eq!(read(&[]), Err("IDE-0008".to_owned()));
        assert_eq!(read(&["Bearer"]), Err("IDE-0008".to_owned()));
        assert_eq!(read(&["Basic YTpi"]), Err("IDE-0009".to_owned()));
        assert_eq!(read(&["Bearer a", "Bearer b"]), Err("IDE-0009".to_owned()));
    }
}
