//! Around every request: its id and its trace, a line in the log, and headers that every answer has.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use error_codes::Code;
use tracing::Instrument;

use super::meter::HttpMeter;
use crate::current::{Current, REQUEST_ID, TRACEPARENT};
use crate::spans::Traced;

/// Middleware for every route: gives the request its id and its place in its trace, and tells how it ended. Of its path
/// the log and the trace hold the pattern; of its query, headers and body nothing.
pub async fn observe<B: MessageBody>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let mut current = Current::arrived(header(REQUEST_ID), header(TRACEPARENT));
    let method = request.method().clone();
    let traced = Traced::request("HTTP", &mut current);
    let span =
        tracing::info_span!("http.request", request.id = current.request_id(), trace.id = %current.trace.trace_id());
    let id = HeaderValue::from_str(current.request_id());
    // HEAD is GET without the body, which the server leaves out by itself (RFC 9110 §9.3.2).
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let began = Instant::now();
    let answer = traced.around(next.call(request));
    let outcome = current.answer(answer).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = outcome?;
    let took = began.elapsed();
    let meter = response.request().app_data::<web::Data<HttpMeter>>().cloned();
    let route = meter.as_ref().map(|meter| meter.count(&response, took)).unwrap_or_default();
    let status = response.status().as_u16();
    if traced.is_recording() {
        describe(&traced, &method, route, &response);
    }
    tracing::info!(
        http.method = %method,
        http.route = route,
        http.status = status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    let speaks_tls = response.request().app_config().secure();
    let headers = response.headers_mut();
    if let Ok(id) = id {
        headers.insert(HeaderName::from_static(REQUEST_ID), id);
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

/// The methods that have a name in a trace; any other word is the client's own.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// What a trace tells of a request, named as OpenTelemetry names it.
fn describe<B>(traced: &Traced, method: &Method, route: &str, response: &ServiceResponse<B>) {
    let (status, method) = (response.status(), METHODS.into_iter().find(|known| *known == method.as_str()));
    traced.rename(format!("{} {route}", method.unwrap_or("HTTP")));
    traced.set("http.request.method", method.unwrap_or("_OTHER"));
    traced.set("http.route", route.to_owned());
    traced.set("http.response.status_code", i64::from(status.as_u16()));
    if let Some(code) = response.response().extensions().get::<Code>() {
        traced.set("error.type", code.number());
    }
    if status.is_server_error() {
        traced.failed();
    }
}
