//! `GET /v1/userinfo`.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use service_kit::http::{Caller, HttpResult};
use utoipa::ToSchema;

use crate::app::App;
use crate::app::identity::{Party, Subject};

/// Who the caller is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserInfo {
    /// The `sub` of the caller's tokens.
    sub: String,
    /// For human eyes.
    name: String,
    /// The username, or the name of an application.
    preferred_username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// Retrieve User Information
#[utoipa::path(
    path = "/v1/userinfo",
    tag = "User Information API",
    responses(
        (status = 200, description = "Who the caller is", body = UserInfo),
        (status = 401, description = "AUT-0006, AUT-0007"),
    ),
    security(("bearer" = []))
)]
#[get("/userinfo")]
pub(super) async fn userinfo(app: web::Data<App>, caller: Caller) -> HttpResult {
    let subject = app.subject_of(&caller.token).await?;
    Ok(HttpResponse::Ok().json(UserInfo::of(&subject)))
}

impl UserInfo {
    fn of(subject: &Subject) -> Self {
        match &subject.party {
            Party::Person(user, _) => Self {
                sub: user.id.to_string(),
                name: user.display_name(),
                preferred_username: user.username.clone(),
                email: Some(user.email.clone()),
                email_verified: Some(user.email_verified),
            },
            Party::Application(application) => Self {
                sub: application.sub(),
                name: application.display_name().to_owned(),
                preferred_username: application.name.clone(),
                email: None,
                email_verified: None,
            },
        }
    }
}
