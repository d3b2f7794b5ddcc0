//! `POST /v1/logout`.

use actix_web::{HttpResponse, post, web};
use service_kit::http::{Context, FormBody, HttpResult};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;

/// Names the session to end.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form; the edge reads its one member")]
struct LogoutForm {
    /// An ID token or access token of the session; it may have expired.
    id_token_hint: String,
}

/// End User Session
#[utoipa::path(
    path = "/v1/logout",
    tag = "Authentication API",
    request_body(content = LogoutForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 204, description = "The session has ended; none of its tokens is accepted any more"),
        (status = 400, description = "AUT-0001, AUT-0003, AUT-0009"),
        (status = 401, description = "AUT-0007"),
    ),
    security(())
)]
#[post("/logout")]
pub(super) async fn log_out(app: web::Data<App>, context: Context, form: FormBody) -> HttpResult {
    let hint = form.only("id_token_hint")?;
    app.log_out(&hint, origin(context)).await?;
    Ok(HttpResponse::NoContent().finish())
}
