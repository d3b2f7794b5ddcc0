//! The public keys (RFC 7517 §5).

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, get, web};
use service_kit::http::HttpResult;

use crate::app::App;

/// The keys that sign our tokens
#[utoipa::path(
    path = "/.well-known/jwks.json",
    tag = "Authentication API",
    responses((status = 200, description = "A JWK Set; the same for every tenant")),
    security(())
)]
#[get("/.well-known/{name:jwks(?:\\.json)?}")]
pub(super) async fn jwks(app: web::Data<App>) -> HttpResult {
    Ok(render(&app))
}

/// The same under a tenant's issuer.
#[get("/t/{tenant}/.well-known/{name:jwks(?:\\.json)?}")]
pub(super) async fn jwks_of_tenant(app: web::Data<App>) -> HttpResult {
    Ok(render(&app))
}

fn render(app: &App) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
        .body(app.state.keys().json().to_vec())
}
