//! `/v1/applications/{id}/secrets`.

use actix_web::{HttpRequest, HttpResponse, delete, post, web};
use domain::id::{ApplicationId, SecretId};
use error_codes::{IDENTITY, Result};
use identity::application::Overlap;
use serde::Serialize;
use serde_json::Value;
use service_kit::http::{Caller, Context, HttpResult, path_value};
use utoipa::ToSchema;

use super::applications::created;
use super::optional_body::OptionalBody;
use super::origin;
use crate::app::App;
use crate::app::secrets::AddedSecret;

/// The member that tells how long the old secret lives on.
const OVERLAP: &str = "oldExpiresInSeconds";

/// A second secret.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the body; the edge reads its one member")]
struct SecretInput {
    /// How long the secret there is lives on, at most 90 days; a week when absent.
    #[schema(example = 86400, maximum = 7_776_000)]
    old_expires_in_seconds: Option<u64>,
}

/// A secret that was just made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretResponse {
    #[schema(format = "uuid")]
    id: String,
    /// In clear, here and never again.
    client_secret: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    created_at: String,
}

/// Add a secret to an Application
///
/// Needs `applications:post`, and every permission of the product's editor role. Two secrets may live at once, so that
/// one can be replaced without an outage; the old one gets an end.
#[utoipa::path(
    path = "/v1/applications/{id}/secrets",
    tag = "Applications API",
    params(("id" = String, Path, description = "The id of an application")),
    request_body = Option<SecretInput>,
    responses(
        (status = 201, description = "The secret in clear", body = SecretResponse),
        (status = 400, description = "IDE-0002, IDE-0003, IDE-0004, IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1001"),
        (status = 409, description = "IDE-1015"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/applications/{id}/secrets")]
pub(super) async fn add_application_secret(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: OptionalBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "post", &origin(context)).await?;
    let id = path_value::<ApplicationId>(&request, "id", &IDENTITY)?;
    let overlap = SecretInput::read(body)?;
    let added = app.add_secret(acting, id, overlap).await?;
    Ok(created(&SecretResponse::of(&added)))
}

/// Withdraw a secret of an Application
///
/// Needs `applications:delete`, and every permission of the product's editor role. The tokens that the secret bought are
/// refused from now on; those of another secret live on.
#[utoipa::path(
    path = "/v1/applications/{id}/secrets/{secretId}",
    tag = "Applications API",
    params(
        ("id" = String, Path, description = "The id of an application"),
        ("secretId" = String, Path, description = "The id of a secret"),
    ),
    responses(
        (status = 204, description = "The secret is withdrawn"),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1001, IDE-1013"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/applications/{id}/secrets/{secretId}")]
pub(super) async fn withdraw_application_secret(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "delete", &origin(context)).await?;
    let id = path_value::<ApplicationId>(&request, "id", &IDENTITY)?;
    let secret = path_value::<SecretId>(&request, "secretId", &IDENTITY)?;
    app.withdraw_secret(acting, id, secret).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl SecretInput {
    /// Reads how long the old secret lives on.
    fn read(body: OptionalBody) -> Result<Overlap> {
        let Some(mut members) = body.members() else { return Overlap::parse(OVERLAP, None) };
        let sent = members.take(OVERLAP).filter(|value| !value.is_null());
        let seconds = sent.as_ref().and_then(Value::as_u64);
        if sent.is_some() && seconds.is_none() {
            members.refuse(OVERLAP, "must be a whole number");
        }
        members.finish()?;
        Overlap::parse(OVERLAP, seconds)
    }
}

impl SecretResponse {
    fn of(added: &AddedSecret) -> Self {
        Self {
            id: added.secret.id.to_string(),
            client_secret: added.secret.value.expose().clone(),
            created_at: added.created_at.to_string(),
        }
    }
}
