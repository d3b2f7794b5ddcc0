//! `/v1/audit`.

use actix_web::{HttpRequest, get, web};
use error_codes::AUTH;
use service_kit::audit::{AuditEventResponse, AuditPageResponse};
use service_kit::http::{
    AuditFilterParameters, AuditPageParameters, Caller, Context, HttpResult, TrailQuery, json_lines,
};

use super::origin;
use crate::app::App;

/// List Audit events
///
/// Needs `audit:get`. The events of logins, sessions and signing keys, the newest first; page by page in the order of `nextCursor`. Events that
/// are added meanwhile move nothing to another page.
#[utoipa::path(
    path = "/v1/audit",
    tag = "Audit API",
    params(AuditFilterParameters, AuditPageParameters),
    responses(
        (status = 200, description = "A page of the trail", body = AuditPageResponse),
        (status = 400, description = "AUT-0004"),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017"),
        (status = 503, description = "AUT-0016"),
    ),
    security(("bearer" = []))
)]
#[get("/audit")]
pub(super) async fn list_audit(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let query = TrailQuery::page(request.query_string(), &AUTH)?;
    let found = app.list_audit(&caller.token, &query, &origin(context)).await?;
    Ok(query.answer(found.events, found.next))
}

/// Export Audit events
///
/// Needs `audit:get`. The same events as the list, the oldest first and all in one answer: one JSON object in each line.
/// It ends with what was there when it began; an answer that breaks off is not whole. An export is itself an event.
#[utoipa::path(
    path = "/v1/audit/export",
    tag = "Audit API",
    params(AuditFilterParameters),
    responses(
        (status = 200, description = "The events, one in each line", body = AuditEventResponse, content_type = "application/jsonl"),
        (status = 400, description = "AUT-0004"),
        (status = 401, description = "AUT-0006, AUT-0007"),
        (status = 403, description = "AUT-0017"),
        (status = 503, description = "AUT-0016"),
    ),
    security(("bearer" = []))
)]
#[get("/audit/export")]
pub(super) async fn export_audit(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let query = TrailQuery::export(request.query_string(), &AUTH)?;
    let batches = app.export_audit(&caller.token, query, &origin(context)).await?;
    json_lines(batches).await
}
