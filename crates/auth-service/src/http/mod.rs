//! The HTTP edge of auth: the Access Manager dialect, and the public keys.

mod audit;
mod authzen;
mod jwks;
mod logout;
mod permissions;
mod sessions;
mod subscribers;
mod token;
mod userinfo;

use std::sync::Arc;

use actix_web::web;
use service_kit::http::Context;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::app::{App, Origin};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatehouse Auth",
        description = "Tokens for people and software, sessions, and answers about permissions. Every operation also \
                       exists under `/t/{tenant}`, which names the tenant."
    ),
    paths(
        token::access_token,
        token::refresh_token,
        logout::log_out,
        userinfo::userinfo,
        permissions::permissions,
        permissions::authorize,
        authzen::evaluate,
        authzen::evaluate_many,
        authzen::metadata,
        sessions::list_own,
        sessions::end_all_own,
        sessions::end_own,
        sessions::list_of_user,
        sessions::end_all_of_user,
        sessions::end_of_user,
        subscribers::list_subscribers,
        audit::list_audit,
        audit::export_audit,
        jwks::jwks,
    ),
    tags(
        (name = "Authentication API", description = "Tokens and their end"),
        (name = "Session API", description = "Logins that go on"),
        (name = "User Information API", description = "Who the caller is"),
        (name = "Authorization API", description = "What subjects may do"),
        (name = "Audit API", description = "Who did what to whom, from where, and how it ended"),
    )
)]
struct Api;

/// Routes on which nobody is counted: questions about permissions and tokens, which are answered from memory and which
/// products ask for each of their own requests.
pub const UNLIMITED: &[&str] = &[
    "/v1/authorize",
    "/v1/permissions",
    "/v1/permissions/",
    "/v1/userinfo",
    "/access/v1/evaluation",
    "/access/v1/evaluations",
];

/// The API document.
pub fn document() -> Document {
    let mut document = Api::openapi();
    service_kit::http::describe(&mut document);
    document
}

/// The routes over an application.
pub fn routes(app: Arc<App>) -> impl Fn(&mut web::ServiceConfig) + Send + Clone + 'static {
    let app = web::Data::from(app);
    let published = web::Data::new(jwks::PublishedKeys::default());
    move |config| {
        config.app_data(app.clone()).app_data(published.clone()).service(jwks::jwks);
        for prefix in ["/v1", "/t/{tenant}/v1"] {
            config.service(
                web::scope(prefix)
                    .service(token::access_token)
                    .service(token::refresh_token)
                    .service(logout::log_out)
                    .service(userinfo::userinfo)
                    .service(permissions::permissions)
                    .service(permissions::permissions_with_slash)
                    .service(permissions::authorize)
                    .service(sessions::list_own)
                    .service(sessions::end_all_own)
                    .service(sessions::end_own)
                    .service(sessions::list_of_user)
                    .service(sessions::end_all_of_user)
                    .service(sessions::end_of_user)
                    .service(subscribers::list_subscribers)
                    .service(audit::list_audit)
                    .service(audit::export_audit)
                    .default_service(web::to(service_kit::http::not_found)),
            );
        }
        for prefix in ["/access/v1", "/t/{tenant}/access/v1"] {
            config.service(
                web::scope(prefix)
                    .service(authzen::evaluate)
                    .service(authzen::evaluate_many)
                    .default_service(web::to(service_kit::http::not_found)),
            );
        }
        config.service(authzen::metadata).service(authzen::metadata_of_tenant).service(jwks::jwks_of_tenant);
    }
}

/// Where a request comes from.
fn origin(context: Context) -> Origin {
    Origin {
        tenant: context.tenant,
        address: context.address,
        user_agent: context.user_agent,
        request_id: context.request_id,
    }
}
