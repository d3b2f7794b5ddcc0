//! `GET /v1/permissions` and `POST /v1/authorize`.

use ::auth::question::Question;
use actix_web::{HttpResponse, get, post, web};
use domain::product::canonical;
use error_codes::Result;
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;

/// A question about a permission. Members that are not listed are passed over.
#[derive(ToSchema)]
struct EnforcePermissionInput {
    /// Whose permission; absent for the token's own subject.
    sub: Option<String>,
    #[schema(example = "ledgers")]
    resource: String,
    #[schema(example = "post")]
    action: String,
    /// The product whose permissions count; absent for any.
    product: Option<String>,
}

/// The answer; a no is an answer too.
#[derive(Serialize, ToSchema)]
struct EnforcePermissionResult {
    authorized: bool,
    /// RFC 3339.
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    timestamp: String,
    /// Why not: `permission` or `suspended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Retrieve User Permission(s)
#[utoipa::path(
    path = "/v1/permissions",
    tag = "Authorization API",
    responses(
        (status = 200, description = "The actions of each resource", body = std::collections::BTreeMap<String, Vec<String>>),
        (status = 401, description = "AUT-0006, AUT-0007"),
    ),
    security(("bearer" = []))
)]
#[get("/permissions")]
pub(super) async fn permissions(app: web::Data<App>, caller: Caller) -> HttpResult {
    let subject = app.subject_of(&caller.token).await?;
    Ok(HttpResponse::Ok().json(subject.permissions.by_resource()))
}

/// The same with the slash that consoles send.
#[get("/permissions/")]
pub(super) async fn permissions_with_slash(app: web::Data<App>, caller: Caller) -> HttpResult {
    let subject = app.subject_of(&caller.token).await?;
    Ok(HttpResponse::Ok().json(subject.permissions.by_resource()))
}

/// Validate User Permission
#[utoipa::path(
    path = "/v1/authorize",
    tag = "Authorization API",
    request_body = EnforcePermissionInput,
    responses(
        (status = 200, description = "The answer, also a no", body = EnforcePermissionResult),
        (status = 400, description = "AUT-0001, AUT-0009"),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017: a question about somebody else"),
        (status = 404, description = "AUT-1015"),
    ),
    security(("bearer" = []))
)]
#[post("/authorize")]
pub(super) async fn authorize(app: web::Data<App>, caller: Caller, context: Context, body: JsonBody) -> HttpResult {
    let input = EnforcePermissionInput::read(body)?;
    let question =
        Question { product: input.product.as_deref().map(canonical), resource: &input.resource, action: &input.action };
    let answer = app.authorize(&caller.token, input.sub.as_deref(), question, &origin(context)).await?;
    Ok(HttpResponse::Ok().json(EnforcePermissionResult {
        authorized: answer.is_authorized(),
        timestamp: app.clock.now().to_string(),
        reason: answer.reason(),
    }))
}

impl EnforcePermissionInput {
    /// The middleware sends more from version to version; only what decides is read.
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self {
            sub: members.optional("sub"),
            resource: members.required("resource"),
            action: members.required("action"),
            // Of another type it decides nothing, like the other members of later versions.
            product: members
                .take("product")
                .and_then(|product| product.as_str().map(ToOwned::to_owned))
                .filter(|product| !product.is_empty()),
        };
        members.ignore_the_rest();
        members.finish()?;
        Ok(input)
    }
}
