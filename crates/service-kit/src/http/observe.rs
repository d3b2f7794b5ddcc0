//! Around every request: an id, a line in the log, and headers that every answer has.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tracing::Instrument;
use uuid::{NoContext, Timestamp, Uuid};

use super::context::RequestId;
use super::meter::HttpMeter;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Middleware for every route: gives the request its id, logs how it ended, and never its query, headers or body.
pub async fn observe<B: MessageBody>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let id = request_id(&request);
    let span = tracing::info_span!("http.request", request.id = %id);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    // HEAD is GET without the body, which the server leaves out by itself (RFC 9110 §9.3.2).
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let began = Instant::now();
    let outcome = next.call(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = outcome?;
    let took = began.elapsed();
    let meter = response.request().app_data::<web::Data<HttpMeter>>().cloned();
    let route = meter.as_ref().map(|meter| meter.count(&response, took)).unwrap_or_default();
    tracing::info!(
        http.method = %method,
        http.route = route,
        http.status = response.status().as_u16(),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    let speaks_tls = response.request().app_config().secure();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // Only where this process speaks TLS itself (RFC 6797 §7.2); a proxy that ends TLS says it for its own name.
    if speaks_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The caller's own id when it is short and plain, so that a trace can be followed across products; else a fresh one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let presentable = given.filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    });
    // Without a context that all threads would share and wait for.
    presentable.map_or_else(|| Uuid::new_v7(Timestamp::now(NoContext)).to_string(), ToOwned::to_owned)
}
