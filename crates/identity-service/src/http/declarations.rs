//! `/v1/declarations`.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use identity::declaration::{Declaration, DeclaredPermission, DeclaredRole, Level, Machines, Scope};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;
use crate::app::declarations::Published;

/// What became of a manifest.
#[derive(Serialize, ToSchema)]
struct PublishedResponse {
    #[schema(example = "midaz")]
    product: String,
    /// Counts the declarations of the product in the tenant, from 1.
    revision: u64,
    /// The SHA-256 of the manifest without its version, by which an equal one is known.
    hash: String,
    /// False where the product had declared the same before; then nothing was done.
    changed: bool,
}

/// What a product declares.
#[derive(Serialize, ToSchema)]
struct DeclarationResponse {
    #[serde(flatten)]
    head: DeclarationHead,
    /// As the product wrote them.
    #[schema(value_type = Vec<Object>)]
    permissions: Vec<DeclaredPermission>,
    /// As the product wrote them.
    #[schema(value_type = Vec<Object>)]
    roles: Vec<DeclaredRole>,
    /// Kept, and not decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    m2m: Option<Machines>,
    /// `dimensions`, `partners`, `levels` and `integrations`; kept, and not decided on.
    #[schema(value_type = Object)]
    scope: Scope,
    /// The declaration before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<DeclarationHead>,
}

/// Which declaration it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeclarationHead {
    #[schema(example = "midaz")]
    product: String,
    /// Counts the declarations of the product in the tenant, from 1.
    revision: u64,
    /// The product's own count.
    version: u64,
    hash: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    declared_at: String,
    /// The id of the application that published it.
    declared_by: String,
}

/// A manifest. What is empty counts as absent; one without permissions, roles and m2m replaces the scope alone.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the body; rules read it, and name every fault by its place")]
struct ManifestInput {
    /// The product; as in the path.
    #[schema(example = "midaz")]
    service: String,
    /// The product's own count; an equal manifest with another one is the same manifest.
    #[schema(example = 1, minimum = 1)]
    version: u64,
    /// At most 500, each with `resource`, `action`, `effect` (`allow`), `roles` and `level`.
    #[schema(value_type = Option<Vec<Object>>, max_items = 500)]
    permissions: Option<Vec<DeclaredPermission>>,
    /// At most 100, each with `name` and `granted_to`, a list of objects with `group`.
    #[schema(value_type = Option<Vec<Object>>, max_items = 100)]
    roles: Option<Vec<DeclaredRole>>,
    /// `exposed`, `needs` and `roles`.
    #[schema(value_type = Option<Object>)]
    m2m: Option<Machines>,
    /// `dimensions`, each with `name`, `from`, `param`, `required`, `multi`, `collection`, `covers`, `label` and `parent`.
    #[schema(value_type = Option<Object>)]
    scope: Option<Scope>,
    partners: Option<bool>,
    /// At most 500, each with `resource`, `action` and `level`.
    #[schema(value_type = Option<Vec<Object>>, max_items = 500)]
    levels: Option<Vec<Level>>,
    #[schema(max_items = 100)]
    integrations: Option<Vec<String>>,
}

/// Retrieve the Declaration of a product
///
/// For the product's own applications; anybody else needs `roles:get`.
#[utoipa::path(
    path = "/v1/declarations/{slug}",
    tag = "Declarations API",
    params(("slug" = String, Path, description = "The name of a product")),
    responses(
        (status = 200, description = "What the product declares", body = DeclarationResponse),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1024"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/declarations/{slug}")]
pub(super) async fn read_declaration(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let (newest, previous) = app.read_declaration(&caller.token, slug(&request), &origin(context)).await?;
    Ok(HttpResponse::Ok().json(DeclarationResponse::of(newest, previous)))
}

/// Publish the Declaration of a product
///
/// For applications of the product alone, which need no permission: it replaces what the product declared before. An equal
/// manifest changes nothing. The fields of a 422 name every fault by its place.
#[utoipa::path(
    path = "/v1/declarations/{slug}",
    tag = "Declarations API",
    params(("slug" = String, Path, description = "The name of the product")),
    request_body = ManifestInput,
    responses(
        (status = 200, description = "It is what the product declares now", body = PublishedResponse),
        (status = 400, description = "IDE-0007"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 409, description = "IDE-1009: one of its roles was made at the same moment; try again"),
        (status = 413, description = "IDE-0026"),
        (status = 422, description = "IDE-1023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[put("/declarations/{slug}")]
pub(super) async fn publish_declaration(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
    body: JsonBody,
) -> HttpResult {
    let published = app.declare(&caller.token, slug(&request), body.into_object(), &origin(context)).await?;
    Ok(HttpResponse::Ok().json(PublishedResponse::of(published)))
}

/// The name in the path as it came: one that is none is nobody's product.
fn slug(request: &HttpRequest) -> &str {
    request.match_info().get("slug").unwrap_or_default()
}

impl PublishedResponse {
    fn of(Published { declaration, is_new }: Published) -> Self {
        let Declaration { product, revision, hash, .. } = declaration;
        Self { product, revision, hash, changed: is_new }
    }
}

impl DeclarationResponse {
    fn of(newest: Declaration, previous: Option<Declaration>) -> Self {
        Self {
            head: DeclarationHead::of(&newest),
            permissions: newest.access.permissions,
            roles: newest.access.roles,
            m2m: newest.access.m2m,
            scope: newest.scope,
            previous: previous.as_ref().map(DeclarationHead::of),
        }
    }
}

impl DeclarationHead {
    fn of(declaration: &Declaration) -> Self {
        Self {
            product: declaration.product.clone(),
            revision: declaration.revision,
            version: declaration.version,
            hash: declaration.hash.clone(),
            declared_at: declaration.declared_at.to_string(),
            declared_by: declaration.application.to_string(),
        }
    }
}
