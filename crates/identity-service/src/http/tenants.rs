//! `/v1/tenants`.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use error_codes::{IDENTITY, Result};
use identity::tenant::TenantName;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, ListQuery};

use self::body::{
    MadeTenantResponse, TenantInput, TenantResponse, TenantUpdateInput, read_new_tenant, read_tenant_change,
};
use super::{PageParameters, origin};
use crate::app::App;

pub(crate) use self::body::{made_tenant_body, tenant_body};

mod body;

/// List Tenants
///
/// Needs `tenants:get`, in the system tenant.
#[utoipa::path(
    path = "/v1/tenants",
    tag = "Tenants API",
    params(PageParameters),
    responses(
        (status = 200, description = "The tenants in the order they were made; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<TenantResponse>),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/tenants")]
pub(super) async fn list_tenants(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    app.permit_platform(&caller.token, "get", "", &origin(context)).await?;
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.list_tenants(query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(TenantResponse::of)))
}

/// Create a Tenant
///
/// Needs `tenants:post`, in the system tenant. The tenant begins with the built-in groups and roles, a default application
/// and an administrator, who gets a fresh password where none is given; it is shown once, here.
#[utoipa::path(
    path = "/v1/tenants",
    tag = "Tenants API",
    request_body = TenantInput,
    responses(
        (status = 201, description = "The tenant and its administrator", body = MadeTenantResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007, IDE-0020, IDE-0027"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 409, description = "IDE-1009"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/tenants")]
pub(super) async fn create_tenant(app: web::Data<App>, caller: Caller, context: Context, body: JsonBody) -> HttpResult {
    let platform = app.permit_platform(&caller.token, "post", "", &origin(context)).await?;
    let (new, password) = read_new_tenant(body)?;
    let made = app.create_tenant(platform, new, password).await?;
    Ok(HttpResponse::Created().json(MadeTenantResponse::of(made)))
}

/// Retrieve Tenant details
///
/// Needs `tenants:get`, in the system tenant.
#[utoipa::path(
    path = "/v1/tenants/{id}",
    tag = "Tenants API",
    params(("id" = String, Path, description = "The id of a tenant, or its name")),
    responses(
        (status = 200, description = "The tenant", body = TenantResponse),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1018"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/tenants/{id}")]
pub(super) async fn read_tenant(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    app.permit_platform(&caller.token, "get", named(&request), &origin(context)).await?;
    let found = app.read_tenant(tenant_of_path(&request)?).await?;
    Ok(HttpResponse::Ok().json(TenantResponse::of(found)))
}

/// Update a Tenant
///
/// Needs `tenants:patch`, in the system tenant. What is absent stays. A change takes effect in every process at once, for
/// whatever is issued from then on. With `active` `false` every token of the tenant is dead and nobody logs in; with `true`
/// they may log in again, and the old tokens stay dead.
#[utoipa::path(
    path = "/v1/tenants/{id}",
    tag = "Tenants API",
    params(("id" = String, Path, description = "The id of a tenant, or its name")),
    request_body = TenantUpdateInput,
    responses(
        (status = 200, description = "The whole tenant", body = TenantResponse),
        (status = 400, description = "IDE-0002, IDE-0004, IDE-0007, IDE-0010"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1020"),
        (status = 404, description = "IDE-1018"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[patch("/tenants/{id}")]
pub(super) async fn update_tenant(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let platform = app.permit_platform(&caller.token, "patch", named(&request), &origin(context)).await?;
    let name = tenant_of_path(&request)?;
    let changed = app.update_tenant(platform, name, read_tenant_change(body)?).await?;
    Ok(HttpResponse::Ok().json(TenantResponse::of(changed)))
}

/// Delete a Tenant
///
/// Needs `tenants:delete`, in the system tenant. Every token of the tenant is refused from now on, everything in it is gone,
/// and its name is never given again.
#[utoipa::path(
    path = "/v1/tenants/{id}",
    tag = "Tenants API",
    params(("id" = String, Path, description = "The id of a tenant, or its name")),
    responses(
        (status = 204, description = "The tenant is deleted"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1020"),
        (status = 404, description = "IDE-1018"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/tenants/{id}")]
pub(super) async fn delete_tenant(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let platform = app.permit_platform(&caller.token, "delete", named(&request), &origin(context)).await?;
    app.delete_tenant(platform, tenant_of_path(&request)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn named(request: &HttpRequest) -> &str {
    request.match_info().get("id").unwrap_or_default()
}

/// The tenant that a path names. What can name none is one that does not exist.
fn tenant_of_path(request: &HttpRequest) -> Result<TenantName> {
    TenantName::parse(named(request))
}
