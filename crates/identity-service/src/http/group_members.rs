//! `/v1/groups/{id}/users/{userId}`.

use actix_web::{HttpRequest, HttpResponse, delete, put, web};
use domain::id::UserId;
use error_codes::IDENTITY;
use service_kit::http::{Caller, Context, HttpResult, path_value};

use super::grants::BoundsInput;
use super::groups::group_of_path;
use super::optional_body::OptionalBody;
use super::origin;
use crate::app::App;

/// Put a User into a Group
///
/// Needs `groups:put`, and every permission that the user has or would get. Without a body the user is in the group from
/// now on and without an end; who is in it already gets these bounds. At least one administrator stays without an end.
#[utoipa::path(
    path = "/v1/groups/{id}/users/{userId}",
    tag = "Groups API",
    params(
        ("id" = String, Path, description = "The id of a group"),
        ("userId" = String, Path, description = "The id of a user"),
    ),
    request_body = Option<BoundsInput>,
    responses(
        (status = 204, description = "The user is in the group"),
        (status = 400, description = "IDE-0002, IDE-0003, IDE-0004, IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003, IDE-1006"),
        (status = 409, description = "IDE-1016"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[put("/groups/{id}/users/{userId}")]
pub(super) async fn add_group_member(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: OptionalBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "put", &origin(context)).await?;
    let user = path_value::<UserId>(&request, "userId", &IDENTITY)?;
    let validity = BoundsInput::read(body)?;
    app.add_member(acting, group_of_path(&request)?, user, validity).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take a User out of a Group
///
/// Needs `groups:delete`, and every permission that the user has.
#[utoipa::path(
    path = "/v1/groups/{id}/users/{userId}",
    tag = "Groups API",
    params(
        ("id" = String, Path, description = "The id of a group"),
        ("userId" = String, Path, description = "The id of a user"),
    ),
    responses(
        (status = 204, description = "The user is not in the group"),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003, IDE-1006"),
        (status = 409, description = "IDE-1016"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/groups/{id}/users/{userId}")]
pub(super) async fn remove_group_member(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "delete", &origin(context)).await?;
    let user = path_value::<UserId>(&request, "userId", &IDENTITY)?;
    app.remove_member(acting, group_of_path(&request)?, user).await?;
    Ok(HttpResponse::NoContent().finish())
}
