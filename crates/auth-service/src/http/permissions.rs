//! `GET /v1/permissions` and `POST /v1/authorize`.

use ::auth::question::{Denial, Question};
use actix_web::{HttpResponse, get, post, web};
use domain::product::canonical;
use error_codes::Result;
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, Members};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;
use crate::app::permissions::Asking;

/// A question about a permission. Members that are not listed are passed over.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct EnforcePermissionInput {
    /// Whose permission; absent for the token's own subject.
    sub: Option<String>,
    #[schema(example = "ledgers")]
    resource: String,
    #[schema(example = "post")]
    action: String,
    /// The product whose permissions count; absent for any.
    product: Option<String>,
    /// The address of the caller, which decides where the tenant admits only some networks.
    client_ip: Option<String>,
}

/// The answer; a no is an answer too.
#[derive(Serialize, ToSchema)]
struct EnforcePermissionResult {
    authorized: bool,
    /// RFC 3339.
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    timestamp: String,
    /// Why not: `permission`, `suspended`, or `network` where the tenant admits nobody from there.
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
    let asking = Asking { token: &caller.token, sub: input.sub.as_deref(), client_ip: input.client_ip.as_deref() };
    let consulted = app.consult(asking, &origin(context)).await?;
    let answer = consulted.answer(question);
    Ok(HttpResponse::Ok().json(EnforcePermissionResult {
        authorized: answer.is_authorized(),
        timestamp: app.clock.now().to_string(),
        reason: answer.denial().map(Denial::reason),
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
            product: text_if_any(&mut members, "product").filter(|product| !product.is_empty()),
            client_ip: text_if_any(&mut members, "clientIp"),
        };
        members.ignore_the_rest();
        members.finish()?;
        Ok(input)
    }
}

/// A text, where there is one; what is of another type decides nothing, like the members of later versions.
fn text_if_any(members: &mut Members, name: &str) -> Option<String> {
    members.take(name).and_then(|value| value.as_str().map(ToOwned::to_owned))
}
