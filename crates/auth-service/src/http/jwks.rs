//! The public keys (RFC 7517 §5).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, routes, web};
use arc_swap::ArcSwapOption;
use crypto::jws::JwkSet;
use service_kit::http::Document;

use crate::app::App;

/// The answer, made once for each set of keys.
#[derive(Default)]
pub(super) struct PublishedKeys(ArcSwapOption<Published>);

struct Published {
    keys: Arc<JwkSet>,
    document: Document,
}

/// The keys that sign our tokens
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "Authentication API",
    responses(
        (status = 200, description = "A JWK Set; the same for every tenant"),
        (status = 304, description = "The set is the one whose `ETag` was shown in `If-None-Match`"),
    ),
    security(())
)]
#[routes]
#[get("/.well-known/jwks.json")]
#[get("/.well-known/jwks")]
pub(super) async fn jwks(
    app: web::Data<App>,
    published: web::Data<PublishedKeys>,
    request: HttpRequest,
) -> HttpResponse {
    published.answer(&app, &request)
}

/// The same under a tenant's issuer.
#[get("/t/{tenant}/.well-known/{name:jwks(?:\\.json)?}")]
pub(super) async fn jwks_of_tenant(
    app: web::Data<App>,
    published: web::Data<PublishedKeys>,
    request: HttpRequest,
) -> HttpResponse {
    published.answer(&app, &request)
}

impl PublishedKeys {
    fn answer(&self, app: &App, request: &HttpRequest) -> HttpResponse {
        let keys = app.state.keys();
        if let Some(published) = &*self.0.load()
            && Arc::ptr_eq(&published.keys, &keys)
        {
            return published.document.answer(request);
        }
        let document = Document::new(keys.json().to_vec(), "public, max-age=300");
        let answer = document.answer(request);
        self.0.store(Some(Arc::new(Published { keys, document })));
        answer
    }
}
