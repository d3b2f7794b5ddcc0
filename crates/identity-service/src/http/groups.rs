//! `/v1/groups`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use domain::Slug;
use error_codes::{IDENTITY, Result, ide};
use identity::group::{NewGroup, parse_name};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, ListQuery};
use utoipa::ToSchema;

use super::{PageParameters, origin};
use crate::app::App;
use crate::app::groups::GroupView;

/// What people are put into to get permissions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupResponse {
    /// For ever, and never given to another group.
    #[schema(example = "midaz-viewer-group")]
    id: String,
    #[schema(example = "Midaz Viewer")]
    name: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    created_at: String,
    /// The usernames of those who are in it now, at most 1000.
    users: Vec<String>,
}

/// A group to be made.
#[derive(ToSchema)]
struct GroupInput {
    /// Lower-case letters, digits and inner hyphens; made of the name when absent.
    #[schema(example = "fraud-desk", max_length = 63)]
    id: Option<String>,
    #[schema(example = "Fraud Desk", max_length = 255)]
    name: String,
}

/// What is to change about a group.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads its one member")]
struct GroupUpdateInput {
    #[schema(example = "Fraud Desk", max_length = 255)]
    name: String,
}

/// List Groups
///
/// Needs `groups:get`.
#[utoipa::path(
    path = "/v1/groups",
    tag = "Groups API",
    params(PageParameters),
    responses(
        (status = 200, description = "The groups by id; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<GroupResponse>),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/groups")]
pub(super) async fn list_groups(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "get", &origin(context)).await?;
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.list_groups(acting.tenant, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(GroupResponse::of)))
}

/// Create a Group
///
/// Needs `groups:post`. Nobody is in the new group, and it permits nothing.
#[utoipa::path(
    path = "/v1/groups",
    tag = "Groups API",
    request_body = GroupInput,
    responses(
        (status = 201, description = "The group", body = GroupResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 409, description = "IDE-1009"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/groups")]
pub(super) async fn create_group(app: web::Data<App>, caller: Caller, context: Context, body: JsonBody) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "post", &origin(context)).await?;
    let input = GroupInput::read(body)?;
    let new = NewGroup::parse(input.id.as_deref(), &input.name)?;
    let made = app.create_group(acting, new).await?;
    Ok(HttpResponse::Created().json(GroupResponse::of(made)))
}

/// Retrieve Group details
///
/// Needs `groups:get`.
#[utoipa::path(
    path = "/v1/groups/{id}",
    tag = "Groups API",
    params(("id" = String, Path, description = "The id of a group")),
    responses(
        (status = 200, description = "The group", body = GroupResponse),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1006"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/groups/{id}")]
pub(super) async fn read_group(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "get", &origin(context)).await?;
    let found = app.read_group(acting.tenant, group_of_path(&request)?).await?;
    Ok(HttpResponse::Ok().json(GroupResponse::of(found)))
}

/// Rename a Group
///
/// Needs `groups:patch`. The id stays; built-in groups keep their names.
#[utoipa::path(
    path = "/v1/groups/{id}",
    tag = "Groups API",
    params(("id" = String, Path, description = "The id of a group")),
    request_body = GroupUpdateInput,
    responses(
        (status = 200, description = "The group", body = GroupResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007, IDE-0010"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1006"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/groups/{id}")]
pub(super) async fn rename_group(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "patch", &origin(context)).await?;
    let name = GroupUpdateInput::read(body)?;
    let renamed = app.rename_group(acting, group_of_path(&request)?, name).await?;
    Ok(HttpResponse::Ok().json(GroupResponse::of(renamed)))
}

/// Delete a Group
///
/// Needs `groups:delete`, and every permission of the group. Built-in groups stay; the id is never given again.
#[utoipa::path(
    path = "/v1/groups/{id}",
    tag = "Groups API",
    params(("id" = String, Path, description = "The id of a group")),
    responses(
        (status = 204, description = "The group is deleted; nobody is in it any more"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1006"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/groups/{id}")]
pub(super) async fn delete_group(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "delete", &origin(context)).await?;
    app.delete_group(acting, group_of_path(&request)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The group that a path names. An id that no group can have is one that no group has.
pub(super) fn group_of_path(request: &HttpRequest) -> Result<Slug> {
    Slug::parse(request.match_info().get("id").unwrap_or_default()).map_err(|_| ide::GROUP_NOT_FOUND.into())
}

impl GroupResponse {
    fn of(GroupView { group, usernames }: GroupView) -> Self {
        Self {
            id: group.slug.to_string(),
            name: group.name,
            created_at: group.created_at.to_string(),
            users: usernames,
        }
    }
}

impl GroupInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self { id: members.optional("id"), name: members.required("name") };
        members.finish()?;
        Ok(input)
    }
}

impl GroupUpdateInput {
    /// Reads the new name.
    fn read(body: JsonBody) -> Result<String> {
        let mut members = body.members();
        if members.take("id").is_some() {
            members.refuse_as(ide::UNMODIFIABLE_FIELD, "id", "cannot be changed");
        }
        let name = members.required_as("name", parse_name);
        members.finish_with(name)
    }
}
