//! Middleware of actix: `.wrap(admit(guard))` before every route behind it, `.wrap(require(guard, question))` before one.
//!
//! Handlers take `web::ReqData<Arc<AccessToken>>` for what the token says, and `web::ReqData<Caller>` for questions of
//! their own.

use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use error_codes::Kind;
use serde::Serialize;
use service_kit::http::caller_address;

use crate::{Caller, Guard, Question, Refusal, bearer, refusal};

/// Lets through requests with a good token.
pub fn admit<S, B>(
    guard: Arc<Guard>,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse<EitherBody<B>>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(move |request: ServiceRequest, next: Next<B>| {
        let guard = Arc::clone(&guard);
        pass(request, next, async move |request: &HttpRequest| match known(request) {
            Some(caller) => Ok(caller),
            None => guard.admit(token(request)?).await,
        })
    })
}

/// Lets through requests with a good token whose holder may do this. Behind [`admit`] the token is not verified again.
pub fn require<S, B>(
    guard: Arc<Guard>,
    question: Question,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse<EitherBody<B>>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let question = Arc::new(question);
    from_fn(move |request: ServiceRequest, next: Next<B>| {
        let (guard, question) = (Arc::clone(&guard), Arc::clone(&question));
        pass(request, next, async move |request: &HttpRequest| {
            let address = caller_address(request, guard.trusted_proxies());
            let client_ip = address.map(|address| address.to_string()).unwrap_or_default();
            match known(request) {
                Some(caller) => guard.require(&caller, &question, &client_ip).await.map(|()| caller),
                None => guard.admit_for(token(request)?, &question, &client_ip).await,
            }
        })
    })
}

async fn pass<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
    decide: impl AsyncFnOnce(&HttpRequest) -> Result<Caller, Refusal>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match decide(request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert(Arc::clone(caller.token()));
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(refusal) => Ok(request.into_response(refusal.error_response()).map_into_right_body()),
    }
}

/// Who was let through before.
fn known(request: &HttpRequest) -> Option<Caller> {
    request.extensions().get::<Caller>().cloned()
}

fn token(request: &HttpRequest) -> Result<&str, Refusal> {
    bearer(request.headers().get_all(AUTHORIZATION).map(HeaderValue::as_bytes))
}

#[derive(Serialize)]
struct Body {
    title: &'static str,
    message: &'static str,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if self.kind() == Kind::Unauthenticated {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if self.kind() == Kind::Unavailable {
            response.insert_header((RETRY_AFTER, HeaderValue::from(refusal::RETRY_AFTER.as_secs())));
        }
        response.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
        response.json(Body { title: self.title(), message: self.message() })
    }
}
