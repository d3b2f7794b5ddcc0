//! `/v1/applications`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use domain::id::ApplicationId;
use error_codes::{IDENTITY, Result};
use identity::application::{ApplicationSecret, NewApplication, NewSecret, masked};
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, JsonBody, ListQuery, path_value};
use utoipa::ToSchema;

use super::{PageParameters, origin};
use crate::app::App;
use crate::app::applications::ApplicationView;

/// Software that authenticates for itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApplicationResponse {
    #[schema(format = "uuid")]
    id: String,
    /// The product as whose editor it acts.
    #[schema(example = "midaz")]
    name: String,
    description: String,
    client_id: String,
    /// In clear once, when it is made; afterwards `********` and the id of the newest living secret, or empty where there
    /// is none.
    client_secret: String,
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    created_at: String,
    /// The living secrets, the oldest first.
    secrets: Vec<SecretInformation>,
}

/// What is known of a secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretInformation {
    #[schema(format = "uuid")]
    id: String,
    created_at: String,
    /// From when on it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
}

/// An application to be made.
#[derive(ToSchema)]
struct ApplicationInput {
    /// A registered product.
    #[schema(example = "midaz")]
    name: String,
    /// What it is for; tells applications of one product apart.
    #[schema(example = "Nightly ledger exports", max_length = 255)]
    description: String,
}

/// List Applications
///
/// Needs `applications:get`.
#[utoipa::path(
    path = "/v1/applications",
    tag = "Applications API",
    params(PageParameters),
    responses(
        (status = 200, description = "The applications in the order they were made; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<ApplicationResponse>),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/applications")]
pub(super) async fn list_applications(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "get", &origin(context)).await?;
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.list_applications(acting.tenant, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(ApplicationResponse::of)))
}

/// Create an Application
///
/// Needs `applications:post`, and every permission of the product's editor role. The answer is the only one that shows
/// the secret.
#[utoipa::path(
    path = "/v1/applications",
    tag = "Applications API",
    request_body = ApplicationInput,
    responses(
        (status = 201, description = "The application with its secret in clear", body = ApplicationResponse),
        (status = 400, description = "IDE-0001, IDE-0002, IDE-0004, IDE-0007, IDE-0012"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 413, description = "IDE-0026"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[post("/applications")]
pub(super) async fn create_application(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    body: JsonBody,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "post", &origin(context)).await?;
    let input = ApplicationInput::read(body)?;
    let new = NewApplication::parse(&input.name, &input.description, &app.products)?;
    let (made, NewSecret { value, .. }) = app.create_application(acting, new).await?;
    Ok(created(&ApplicationResponse { client_secret: value.expose().clone(), ..ApplicationResponse::of(made) }))
}

/// Retrieve an Application
///
/// Needs `applications:get`.
#[utoipa::path(
    path = "/v1/applications/{id}",
    tag = "Applications API",
    params(("id" = String, Path, description = "The id of an application")),
    responses(
        (status = 200, description = "The application", body = ApplicationResponse),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1001"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/applications/{id}")]
pub(super) async fn read_application(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "get", &origin(context)).await?;
    let id = path_value::<ApplicationId>(&request, "id", &IDENTITY)?;
    let found = app.read_application(acting.tenant, id).await?;
    Ok(HttpResponse::Ok().json(ApplicationResponse::of(found)))
}

/// Delete an Application
///
/// Needs `applications:delete`, and every permission of the product's editor role. Its secrets and tokens are refused
/// from now on.
#[utoipa::path(
    path = "/v1/applications/{id}",
    tag = "Applications API",
    params(("id" = String, Path, description = "The id of an application")),
    responses(
        (status = 204, description = "The application is deleted"),
        (status = 400, description = "IDE-0003"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023, IDE-1014"),
        (status = 404, description = "IDE-1001"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[delete("/applications/{id}")]
pub(super) async fn delete_application(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "applications", "delete", &origin(context)).await?;
    let id = path_value::<ApplicationId>(&request, "id", &IDENTITY)?;
    app.delete_application(acting, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An answer that shows a secret is not for caches.
pub(super) fn created(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

impl ApplicationResponse {
    fn of(ApplicationView { application, secrets }: ApplicationView) -> Self {
        Self {
            id: application.id.to_string(),
            name: application.product.unwrap_or(application.name),
            description: application.description,
            client_id: application.client_id.to_string(),
            client_secret: secrets.last().map(|newest| masked(newest.id)).unwrap_or_default(),
            created_at: application.created_at.to_string(),
            secrets: secrets.iter().map(SecretInformation::of).collect(),
        }
    }
}

impl SecretInformation {
    fn of(secret: &ApplicationSecret) -> Self {
        Self {
            id: secret.id.to_string(),
            created_at: secret.created_at.to_string(),
            expires_at: secret.expires_at.map(|time| time.to_string()),
            last_used_at: secret.last_used_at.map(|time| time.to_string()),
        }
    }
}

impl ApplicationInput {
    fn read(body: JsonBody) -> Result<Self> {
        let mut members = body.members();
        let input = Self { name: members.required("name"), description: members.required("description") };
        members.finish()?;
        Ok(input)
    }
}
