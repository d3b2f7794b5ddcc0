//! `/v1/groups/{id}/permissions`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use domain::permission::Permission;
use error_codes::Result;
use identity::membership::Validity;
use identity::policy::{self, MOST, RawPermission};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, Members};
use utoipa::ToSchema;

use super::groups::group_of_path;
use super::origin;
use crate::app::App;
use crate::app::grants::{Grants, HolderName};

/// An action on a resource of a product, and when it is held.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
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
    /// RFC 3339; absent: it is held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2030-01-01T00:00:00Z")]
    valid_from: Option<String>,
    /// RFC 3339, the first moment at which it is held no more; absent: it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2031-01-01T00:00:00Z")]
    valid_until: Option<String>,
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
    let found = app.read_grants(acting.tenant, HolderName::Group(group_of_path(&request)?)).await?;
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
    let now = app.set_permissions(acting, HolderName::Group(group_of_path(&request)?), wanted).await?;
    Ok(HttpResponse::Ok().json(GroupPermissionsResponse::of(now)))
}

impl GroupPermissionsResponse {
    fn of(Grants { permissions, roles }: Grants) -> Self {
        Self {
            permissions: permissions.into_iter().map(PermissionBody::of).collect(),
            roles: roles.iter().map(|(role, _)| role.slug.to_string()).collect(),
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

    fn parse(&self) -> Result<BTreeMap<Permission, Validity>> {
        policy::parse(&self.permissions.iter().map(PermissionBody::raw).collect::<Vec<_>>())
    }
}

impl PermissionBody {
    fn of((Permission { product, resource, action }, validity): (Permission, Validity)) -> Self {
        let [valid_from, valid_until] = [validity.from, validity.until].map(|time| time.map(|time| time.to_string()));
        Self { product, resource, action, valid_from, valid_until }
    }

    fn raw(&self) -> RawPermission<'_> {
        RawPermission {
            product: &self.product,
            resource: &self.resource,
            action: &self.action,
            valid_from: self.valid_from.as_deref(),
            valid_until: self.valid_until.as_deref(),
        }
    }

    /// Reads one permission of the list; what is wrong with it is named by its place.
    fn read(index: usize, mut members: Members) -> Result<Self> {
        let permission = Self {
            product: members.required("product"),
            resource: members.required("resource"),
            action: members.required("action"),
            valid_from: members.optional("validFrom"),
            valid_until: members.optional("validUntil"),
        };
        members.finish_inside(&format!("permissions[{index}]"))?;
        Ok(permission)
    }
}
