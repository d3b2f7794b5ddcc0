//! `GET /v1/subscribers`.

use actix_web::{HttpResponse, get, web};
use auth_store::subscribers::Subscriber;
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;

/// A process that listens to what ends tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriberResponse {
    /// Of the subscription.
    #[schema(format = "uuid")]
    id: String,
    /// As which it may call.
    #[schema(example = "identity-service")]
    name: String,
    #[schema(example = "10.0.0.7")]
    address: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    since: String,
    /// It has everything that happened before this moment, by the clock of auth-service; absent before it said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    known_until: Option<String>,
}

/// List Subscribers
///
/// Needs the platform permission `tenants:get`. Who listens to the token state of any process of auth-service, the oldest
/// first, and up to when each knows what ended tokens: after an end of sessions every receiver has it once all are past
/// that moment.
#[utoipa::path(
    path = "/v1/subscribers",
    tag = "Session API",
    responses(
        (status = 200, description = "The subscribers", body = Vec<SubscriberResponse>),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017"),
        (status = 503, description = "AUT-0016"),
    ),
    security(("bearer" = []))
)]
#[get("/subscribers")]
pub(super) async fn list_subscribers(app: web::Data<App>, caller: Caller, context: Context) -> HttpResult {
    let found = app.list_subscribers(&caller.token, &origin(context)).await?;
    let shown: Vec<_> = found.into_iter().map(SubscriberResponse::of).collect();
    Ok(HttpResponse::Ok().json(shown))
}

impl SubscriberResponse {
    fn of(subscriber: Subscriber) -> Self {
        Self {
            id: subscriber.id.to_string(),
            name: subscriber.name,
            address: subscriber.address,
            since: subscriber.since.to_string(),
            known_until: subscriber.known_until.map(|time| time.to_string()),
        }
    }
}
