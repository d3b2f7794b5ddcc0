//! `PATCH /v1/users/{id}/reset-password` and `PATCH /v1/users/{id}/update-password`.

use actix_web::{HttpRequest, HttpResponse, patch, web};
use domain::Secret;
use domain::id::UserId;
use error_codes::{IDENTITY, Result};
use service_kit::http::{Caller, Context, HttpResult, JsonBody, path_value};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;

/// A password that an administrator gives.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct ResetPasswordInput {
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 255)]
    new_password: Secret<String>,
}

/// A password that its owner changes.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct UpdatePasswordInput {
    #[schema(value_type = String, format = Password)]
    old_password: Secret<String>,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 255)]
    new_password: Secret<String>,
}

/// Reset a User Password
///
/// Needs `reset-password:patch`, and every permission that the user has. All tokens of the user are refused from now on.
#[utoipa::path(
    path = "/v1/users/{id}/reset-password",
    tag = "Users API",
    params(("id" = String, Path, description = "The id of a user")),
    request_body = ResetPasswordInput,
    responses(
        (status = 204, description = "The password is the new one"),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0003, IDE-0004, IDE-0007, IDE-0020, IDE-0027"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/users/{id}/reset-password")]
pub(super) async fn reset_password(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "reset-password", "patch", &origin(context)).await?;
    let id = path_value::<UserId>(&request, "id", &IDENTITY)?;
    let input = ResetPasswordInput::read(body)?;
    app.reset_password(acting, id, &input.new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Update a User Password
///
/// Needs `update-password:patch`, which everybody has, and the token of the user whose password it is. All tokens of the
/// user are refused from now on, this one too.
#[utoipa::path(
    path = "/v1/users/{id}/update-password",
    tag = "Users API",
    params(("id" = String, Path, description = "Your own id")),
    request_body = UpdatePasswordInput,
    responses(
        (status = 204, description = "The password is the new one"),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0003, IDE-0004, IDE-0007, IDE-0013, IDE-0020, IDE-0027, IDE-1017"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/users/{id}/update-password")]
pub(super) async fn update_password(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "update-password", "patch", &origin(context)).await?;
    let id = path_value::<UserId>(&request, "id", &IDENTITY)?;
    let input = UpdatePasswordInput::read(body)?;
    app.change_password(acting, id, input.old_password, &input.new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl ResetPasswordInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self { new_password: Secret::new(members.required("newPassword")) };
        members.finish()?;
        Ok(input)
    }
}

impl UpdatePasswordInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self {
            old_password: Secret::new(members.required("oldPassword")),
            new_password: Secret::new(members.required("newPassword")),
        };
        members.finish()?;
        Ok(input)
    }
}
