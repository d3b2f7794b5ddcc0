//! `/v1/roles`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use domain::Slug;
use error_codes::{IDENTITY, Result, ide};
use identity::group::parse_name;
use identity::role::{NewRole, Role};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, ListQuery};
use utoipa::ToSchema;

use super::{PageParameters, origin};
use crate::app::App;

/// A named set of permissions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoleResponse {
    #[schema(example = "midaz-viewer-role")]
    id: String,
    #[schema(example = "Midaz Viewer")]
    name: String,
    /// Seeded with the tenant, and protected.
    built_in: bool,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    created_at: String,
}

/// A role to be made.
#[derive(ToSchema)]
struct RoleInput {
    /// Lower-case letters, digits and inner hyphens; made of the name when absent.
    #[schema(example = "fraud-clerk", max_length = 63)]
    id: Option<String>,
    #[schema(example = "Fraud Clerk", max_length = 255)]
    name: String,
}

/// What is to change about a role.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; the edge reads its one member")]
struct RoleUpdateInput {
    #[schema(example = "Fraud Clerk", max_length = 255)]
    name: String,
}

/// List Roles
///
/// Needs `roles:get`.
#[utoipa::path(
    path = "/v1/roles",
    tag = "Roles API",
    params(PageParameters),
    responses(
        (status = 200, description = "The roles by id; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<RoleResponse>),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/roles")]
pub(super) async fn list_roles(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.list_roles(acting.tenant, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(RoleResponse::of)))
}

/// Create a Role
///
/// Needs `roles:post`. Nobody has the new role, and it permits nothing.
#[utoipa::path(
    path = "/v1/roles",
    tag = "Roles API",
    request_body = RoleInput,
    responses(
        (status = 201, description = "The role", body = RoleResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 409, description = "IDE-1009"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/roles")]
pub(super) async fn create_role(app: web::Data<App>, caller: Caller, context: Context, body: JsonBody) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "post", &origin(context)).await?;
    let input = RoleInput::read(body)?;
    let new = NewRole::parse(input.id.as_deref(), &input.name)?;
    let made = app.create_role(acting, new).await?;
    Ok(HttpResponse::Created().json(RoleResponse::of(made)))
}

/// Retrieve Role details
///
/// Needs `roles:get`.
#[utoipa::path(
    path = "/v1/roles/{id}",
    tag = "Roles API",
    params(("id" = String, Path, description = "The id of a role")),
    responses(
        (status = 200, description = "The role", body = RoleResponse),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1021"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/roles/{id}")]
pub(super) async fn read_role(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let found = app.read_role(acting.tenant, role_of_path(&request, "id")?).await?;
    Ok(HttpResponse::Ok().json(RoleResponse::of(found)))
}

/// Rename a Role
///
/// Needs `roles:patch`. The id stays; built-in roles keep their names.
#[utoipa::path(
    path = "/v1/roles/{id}",
    tag = "Roles API",
    params(("id" = String, Path, description = "The id of a role")),
    request_body = RoleUpdateInput,
    responses(
        (status = 200, description = "The role", body = RoleResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007, IDE-0010"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1021"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/roles/{id}")]
pub(super) async fn rename_role(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "patch", &origin(context)).await?;
    let name = RoleUpdateInput::read(body)?;
    let renamed = app.rename_role(acting, role_of_path(&request, "id")?, name).await?;
    Ok(HttpResponse::Ok().json(RoleResponse::of(renamed)))
}

/// Delete a Role
///
/// Needs `roles:delete`, and every permission of the role. Built-in roles stay.
#[utoipa::path(
    path = "/v1/roles/{id}",
    tag = "Roles API",
    params(("id" = String, Path, description = "The id of a role")),
    responses(
        (status = 204, description = "The role is deleted; nobody has it any more"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1021"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/roles/{id}")]
pub(super) async fn delete_role(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "delete", &origin(context)).await?;
    app.delete_role(acting, role_of_path(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The role that a parameter of a path names. An id that no role can have is one that no role has.
pub(super) fn role_of_path(request: &HttpRequest, name: &str) -> Result<Slug> {
    Slug::parse(request.match_info().get(name).unwrap_or_default()).map_err(|_| ide::ROLE_NOT_FOUND.into())
}

impl RoleResponse {
    fn of(Role { slug, name, built_in, created_at, .. }: Role) -> Self {
        Self { id: slug.to_string(), name, built_in, created_at: created_at.to_string() }
    }
}

impl RoleInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self { id: members.optional("id"), name: members.required("name") };
        members.finish()?;
        Ok(input)
    }
}

impl RoleUpdateInput {
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
