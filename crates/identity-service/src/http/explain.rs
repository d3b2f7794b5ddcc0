//! `/v1/permissions/…` and `/v1/…/{id}/effective-permissions`: who may do what, and why.

use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::id::{ApplicationId, UserId};
use domain::text;
use error_codes::IDENTITY;
use identity::holders::Place;
use service_kit::http::{Caller, Context, HttpResult, ListQuery, limit_of, path_value, read_cursor, write_cursor};
use utoipa::IntoParams;

use self::body::{EffectiveResponse, ExplanationResponse, HolderResponse, HoldersResponse};
use super::query::{Query, foreign_cursor};
use super::{PageParameters, origin};
use crate::app::App;
use crate::app::explain::Whose;

mod body;

/// The longest name of a subject.
const LONGEST_SUBJECT: usize = 255;
/// Rows of a page when no limit is sent.
const DEFAULT_LIMIT: u16 = 100;

/// What is asked about a subject.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; the edge reads it strictly")]
struct ExplanationParameters {
    /// The id or the username of a user, or the id of an application.
    #[param(example = "ana.souza")]
    subject: String,
    #[param(example = "midaz")]
    product: String,
    #[param(example = "ledgers")]
    resource: String,
    #[param(example = "get")]
    action: String,
}

/// What is asked about everybody.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; the edge reads it strictly")]
struct HoldersParameters {
    #[param(example = "midaz")]
    product: String,
    #[param(example = "ledgers")]
    resource: String,
    #[param(example = "get")]
    action: String,
    /// Rows at most; 100 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Explain a permission
///
/// Needs `roles:get`. May this subject do this now, and why, or why not? A list of ways shows 50 at most, the shortest first,
/// and how many there are.
#[utoipa::path(
    path = "/v1/permissions/explanation",
    tag = "Permissions API",
    params(ExplanationParameters),
    responses(
        (status = 200, description = "Whether it is allowed, with the ways that lead to it or the reasons against it", body = ExplanationResponse),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1022"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/permissions/explanation")]
pub(super) async fn explain_permission(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let query = Query::parse(request.query_string(), &["subject", "product", "resource", "action"])?;
    let subject = query.required("subject", |name| text::line(name, 1, LONGEST_SUBJECT).map(str::to_owned))?;
    let asked = query.permission()?;
    let explained = app.explain(acting.tenant, subject, asked).await?;
    Ok(HttpResponse::Ok().json(ExplanationResponse::of(explained)))
}

/// List the holders of a permission
///
/// Needs `roles:get`. Everybody who may do this now, with a row for each way on which they may: active people, and
/// applications, also those that act as the editor of their product. A page may hold fewer rows than its limit, even none;
/// the list ends where there is no `nextCursor`.
#[utoipa::path(
    path = "/v1/permissions/holders",
    tag = "Permissions API",
    params(HoldersParameters),
    responses(
        (status = 200, description = "A page of holders", body = HoldersResponse),
        (status = 400, description = "IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/permissions/holders")]
pub(super) async fn list_permission_holders(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let query = Query::parse(request.query_string(), &["product", "resource", "action", "limit", "cursor"])?;
    let limit = query.optional("limit", limit_of)?.unwrap_or(DEFAULT_LIMIT);
    let place = |cursor: &str| read_cursor(cursor).and_then(|key| Place::parse(&key)).ok_or_else(foreign_cursor);
    let after = query.optional("cursor", place)?;
    let found = app.list_holders(acting.tenant, query.permission()?, limit, after).await?;
    let items = found.rows.into_iter().map(HolderResponse::of).collect();
    let next_cursor = found.next.map(|place| write_cursor(&place.to_string()));
    Ok(HttpResponse::Ok().json(HoldersResponse { items, limit, next_cursor }))
}

/// List what a User may do
///
/// Needs `roles:get`. Every permission that the user holds now, by product, resource and action, with the ways on which it
/// comes; nothing for a user who is disabled.
#[utoipa::path(
    path = "/v1/users/{id}/effective-permissions",
    tag = "Permissions API",
    params(("id" = String, Path, description = "The id of a user"), PageParameters),
    responses(
        (status = 200, description = "The permissions; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<EffectiveResponse>),
        (status = 400, description = "IDE-0003, IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1003"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/users/{id}/effective-permissions")]
pub(super) async fn read_user_effective_permissions(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let whose = Whose::User(path_value::<UserId>(&request, "id", &IDENTITY)?);
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.effective_permissions(acting.tenant, whose, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(EffectiveResponse::of)))
}

/// List what an Application may do
///
/// Needs `roles:get`. Every permission that the application holds now, by product, resource and action, with the ways on
/// which it comes.
#[utoipa::path(
    path = "/v1/applications/{id}/effective-permissions",
    tag = "Permissions API",
    params(("id" = String, Path, description = "The id of an application"), PageParameters),
    responses(
        (status = 200, description = "The permissions; with a paging parameter inside an object with `items`, `page`, `limit`, `total` and `nextCursor`", body = Vec<EffectiveResponse>),
        (status = 400, description = "IDE-0003, IDE-0005"),
        (status = 401, description = "IDE-0008, IDE-0009"),
        (status = 403, description = "IDE-0023"),
        (status = 404, description = "IDE-1001"),
        (status = 503, description = "IDE-0022"),
    ),
    security(("bearer" = []))
)]
#[get("/applications/{id}/effective-permissions")]
pub(super) async fn read_application_effective_permissions(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let acting = app.permit(&caller.token, "roles", "get", &origin(context)).await?;
    let whose = Whose::Application(path_value::<ApplicationId>(&request, "id", &IDENTITY)?);
    let query = ListQuery::parse(request.query_string(), &IDENTITY)?;
    let listed = app.effective_permissions(acting.tenant, whose, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(EffectiveResponse::of)))
}
