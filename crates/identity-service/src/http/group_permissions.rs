//! `/v1/groups/{id}/permissions`.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use domain::permission::Permission;
use error_codes::Result;
use identity::policy::{self, RawPermission};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, Members};
use utoipa::ToSchema;

use super::groups::group_of_path;
use super::origin;
use crate::app::App;
use crate::app::group_permissions::GroupPermissions;

/// The most permissions in one request.
const MOST: usize = 1_000;

/// An action on a resource of a product.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
struct PermissionBody {
    #[schema(example = "midaz", max_length = 100)]
    product: String,
    /// `*` for any.
    #[schema(example = "ledgers", max_length = 100)]
    resource: String,
    /// `*` for any.
    #[schema(example = "get", max_length = 100)]
    action: String,
}

/// All permissions of a group from now on.
#[derive(ToSchema)]
struct GroupPermissionsInput {
    #[schema(max_items = 1000)]
    permissions: Vec<PermissionBody>,
}

/// What a group permits.
#[derive(Serialize, ToSchema)]
struct GroupPermissionsResponse {
    /// Of its own.
    permissions: Vec<PermissionBody>,
    /// The roles whose permissions it gives as well.
    #[schema(example = json!(["midaz-viewer-role"]))]
    roles: Vec<String>,
}

/// Retrieve the permissions of a Group
///
/// Needs `groups:get`.
#[utoipa::path(
    path = "/v1/groups/{id}/permissions",
    tag = "Groups API",
    params(("id" = String, Path, description = "The id of a group")),
    responses(
        (status = 200, description = "What the group permits", body = GroupPermissionsResponse),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1006"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/groups/{id}/permissions")]
pub(super) async fn read_group_permissions(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "get", &origin(context)).await?;
    let found = app.read_group_permissions(acting.tenant, group_of_path(&request)?).await?;
    Ok(HttpResponse::Ok().json(GroupPermissionsResponse::of(found)))
}

/// Set the permissions of a Group
///
/// Needs `groups:put`, and every permission that the group gives or would give. Its roles stay.
#[utoipa::path(
    path = "/v1/groups/{id}/permissions",
    tag = "Groups API",
    params(("id" = String, Path, description = "The id of a group")),
    request_body = GroupPermissionsInput,
    responses(
        (status = 200, description = "What the group permits now", body = GroupPermissionsResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1006"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[put("/groups/{id}/permissions")]
pub(super) async fn set_group_permissions(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "groups", "put", &origin(context)).await?;
    let wanted = GroupPermissionsInput::read(body)?.parse()?;
    let now = app.set_group_permissions(acting, group_of_path(&request)?, wanted).await?;
    Ok(HttpResponse::Ok().json(GroupPermissionsResponse::of(now)))
}

impl GroupPermissionsResponse {
    fn of(GroupPermissions { own, roles }: GroupPermissions) -> Self {
        Self {
            permissions: own.into_iter().map(PermissionBody::of).collect(),
            roles: roles.iter().map(ToString::to_string).collect(),
        }
    }
}

impl GroupPermissionsInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let entries = members.required_objects("permissions", MOST);
        members.finish()?;
        let permissions = entries.into_iter().enumerate().map(|(index, entry)| PermissionBody::read(index, entry));
        Ok(Self { permissions: permissions.collect::<Result<_>>()? })
    }

    fn parse(&self) -> Result<BTreeSet<Permission>> {
        policy::parse(&self.permissions.iter().map(PermissionBody::raw).collect::<Vec<_>>())
    }
}

impl PermissionBody {
    fn of(Permission { product, resource, action }: Permission) -> Self {
        Self { product, resource, action }
    }

    fn raw(&self) -> RawPermission<'_> {
        RawPermission { product: &self.product, resource: &self.resource, action: &self.action }
    }

    /// Reads one permission of the list; what is wrong with it is named by its place.
    fn read(index: usize, mut members: Members) -> Result<Self> {
        let permission = Self {
            product: members.required("product"),
            resource: members.required("resource"),
            action: members.required("action"),
        };
        members.finish_inside(&format!("permissions[{index}]"))?;
        Ok(permission)
    }
}
