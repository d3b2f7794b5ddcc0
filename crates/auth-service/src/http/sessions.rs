//! `/v1/sessions` and `/v1/users/{id}/sessions`.

use ::auth::session::{Session, State};
use actix_web::{HttpRequest, HttpResponse, delete, get, web};
use domain::id::{SessionId, UserId};
use error_codes::AUTH;
use serde::Serialize;
use service_kit::http::{Caller, Context, HttpResult, ListQuery, path_value};
use utoipa::ToSchema;

use super::origin;
use crate::app::App;

/// A login that goes on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionResponse {
    id: String,
    user_id: String,
    /// The application through which the person logged in.
    application_id: String,
    /// Where the login came from.
    address: String,
    user_agent: String,
    /// How the person proved who they are (RFC 8176 §2).
    amr: Vec<String>,
    created_at: String,
    last_used_at: Option<String>,
    /// When it ends at the latest.
    expires_at: String,
    /// Whether it is the one of this request.
    current: bool,
}

/// List your sessions
#[utoipa::path(
    path = "/v1/sessions",
    tag = "Session API",
    responses(
        (status = 200, description = "Your sessions, the newest first", body = Vec<SessionResponse>),
        (status = 401, description = "AUT-0006, AUT-0007"),
    ),
    security(("bearer" = []))
)]
#[get("/sessions")]
pub(super) async fn list_own(app: web::Data<App>, caller: Caller, request: HttpRequest) -> HttpResult {
    let query = ListQuery::parse(request.query_string(), &AUTH)?;
    let listed = app.list_sessions(app.own_sessions(&caller.token).await?, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(|session| SessionResponse::of(&session, &caller))))
}

/// End all your sessions
#[utoipa::path(
    path = "/v1/sessions",
    tag = "Session API",
    responses(
        (status = 204, description = "All have ended, this one too"),
        (status = 401, description = "AUT-0006, AUT-0007"),
    ),
    security(("bearer" = []))
)]
#[delete("/sessions")]
pub(super) async fn end_all_own(app: web::Data<App>, caller: Caller, context: Context) -> HttpResult {
    let owner = app.own_sessions(&caller.token).await?;
    app.end_sessions(&caller.token, owner, origin(context)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of your sessions
#[utoipa::path(
    path = "/v1/sessions/{id}",
    tag = "Session API",
    params(("id" = String, Path, description = "The id of a session")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 400, description = "AUT-0002"),
        (status = 404, description = "AUT-1020"),
    ),
    security(("bearer" = []))
)]
#[delete("/sessions/{id}")]
pub(super) async fn end_own(app: web::Data<App>, caller: Caller, context: Context, request: HttpRequest) -> HttpResult {
    let id = path_value::<SessionId>(&request, "id", &AUTH)?;
    let owner = app.own_sessions(&caller.token).await?;
    app.end_session(&caller.token, owner, id, origin(context)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List the sessions of a user
#[utoipa::path(
    path = "/v1/users/{id}/sessions",
    tag = "Session API",
    params(("id" = String, Path, description = "The id of a user")),
    responses(
        (status = 200, description = "Their sessions, the newest first", body = Vec<SessionResponse>),
        (status = 403, description = "AUT-0017"),
        (status = 404, description = "AUT-1015"),
    ),
    security(("bearer" = []))
)]
#[get("/users/{id}/sessions")]
pub(super) async fn list_of_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let user = path_value::<UserId>(&request, "id", &AUTH)?;
    let query = ListQuery::parse(request.query_string(), &AUTH)?;
    let owner = app.sessions_of(&caller.token, user, "get", &origin(context)).await?;
    let listed = app.list_sessions(owner, query.page.clone()).await?;
    Ok(query.answer(&request, listed.map(|session| SessionResponse::of(&session, &caller))))
}

/// End all sessions of a user
#[utoipa::path(
    path = "/v1/users/{id}/sessions",
    tag = "Session API",
    params(("id" = String, Path, description = "The id of a user")),
    responses(
        (status = 204, description = "All have ended"),
        (status = 403, description = "AUT-0017"),
        (status = 404, description = "AUT-1015"),
    ),
    security(("bearer" = []))
)]
#[delete("/users/{id}/sessions")]
pub(super) async fn end_all_of_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let user = path_value::<UserId>(&request, "id", &AUTH)?;
    let origin = origin(context);
    let owner = app.sessions_of(&caller.token, user, "delete", &origin).await?;
    app.end_sessions(&caller.token, owner, origin).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one session of a user
#[utoipa::path(
    path = "/v1/users/{id}/sessions/{session}",
    tag = "Session API",
    params(
        ("id" = String, Path, description = "The id of a user"),
        ("session" = String, Path, description = "The id of a session"),
    ),
    responses(
        (status = 204, description = "It has ended"),
        (status = 403, description = "AUT-0017"),
        (status = 404, description = "AUT-1015, AUT-1020"),
    ),
    security(("bearer" = []))
)]
#[delete("/users/{id}/sessions/{session}")]
pub(super) async fn end_of_user(
    app: web::Data<App>,
    caller: Caller,
    context: Context,
    request: HttpRequest,
) -> HttpResult {
    let user = path_value::<UserId>(&request, "id", &AUTH)?;
    let id = path_value::<SessionId>(&request, "session", &AUTH)?;
    let origin = origin(context);
    let owner = app.sessions_of(&caller.token, user, "delete", &origin).await?;
    app.end_session(&caller.token, owner, id, origin).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl SessionResponse {
    fn of(session: &Session, caller: &Caller) -> Self {
        let login = &session.login;
        Self {
            id: login.session.to_string(),
            user_id: login.user.to_string(),
            application_id: login.application.to_string(),
            address: login.origin.address.clone(),
            user_agent: login.origin.user_agent.clone(),
            amr: login.authentication.methods.clone(),
            created_at: session.created_at.to_string(),
            last_used_at: match session.state {
                State::Live(live) => Some(live.used_at.to_string()),
                State::Ended { .. } => None,
            },
            expires_at: session.expires_at.to_string(),
            current: login.session == caller.token.session,
        }
    }
}
