//! Renders a failure over HTTP.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use error_codes::{Failure, FieldDetail, Kind};
use serde_json::{Map, Value, json};

use super::limit::{Budget, whole_seconds};

/// What a handler returns.
pub type HttpResult<T = HttpResponse> = Result<T, HttpFailure>;

/// A failure on its way out as `{code, title, message, fields?}`.
#[derive(Debug)]
pub struct HttpFailure(pub Failure);

impl<T: Into<Failure>> From<T> for HttpFailure {
    fn from(failure: T) -> Self {
        Self(failure.into())
    }
}

impl std::fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for HttpFailure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code().kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        log(&self.0);
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(delay) = self.0.retry_after() {
            let seconds = whole_seconds(delay);
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
            if self.0.code().kind() == Kind::Throttled {
                let budget = Budget { limit: self.0.limit(), remaining: 0, reset: delay };
                budget.tell(|name, value| {
                    response.insert_header((name, value));
                });
            }
        }
        if self.0.code().kind() == Kind::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        let mut response = response.json(failure_body(&self.0));
        // For whoever counts the answer.
        response.extensions_mut().insert(self.0.code());
        response
    }
}

/// What a failure says to the caller: `{code, title, message, fields?}`.
pub fn failure_body(failure: &Failure) -> Value {
    let code = failure.code();
    let mut body = json!({ "code": code.number(), "title": code.title(), "message": code.message() });
    if !failure.fields().is_empty()
        && let Value::Object(members) = &mut body
    {
        let fields: Map<String, Value> =
            failure.fields().iter().map(|(name, detail)| (name.clone(), shown(detail))).collect();
        members.insert("fields".to_owned(), Value::Object(fields));
    }
    body
}

fn shown(detail: &FieldDetail) -> Value {
    match detail {
        FieldDetail::Reason(reason) => Value::String(reason.clone()),
        FieldDetail::Rejected(value) => value.clone(),
    }
}

/// The cause of a failure is written down once, here, and never sent.
fn log(failure: &Failure) {
    let code = failure.code().number();
    match (failure.code().kind(), failure.cause()) {
        (Kind::Internal, Some(cause)) => tracing::error!(code, cause, "a request failed"),
        (Kind::Internal, None) => tracing::error!(code, "a request failed"),
        (Kind::Unavailable, Some(cause)) => tracing::warn!(code, cause, "a request could not be answered"),
        (_, Some(cause)) => tracing::info!(code, cause, "a request was refused"),
        (_, None) => tracing::debug!(code, "a request was refused"),
    }
}
