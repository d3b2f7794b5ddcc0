//! The routes every service has, and the answer where there is none.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use error_codes::{Failure, IDENTITY};
use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, PathItem};

use super::HttpFailure;
use super::context::edge;
use super::server::Readiness;
use crate::metrics::Metrics;

/// Every path of a service with its methods, from its own API document.
pub struct KnownRoutes {
    routes: Vec<(String, Vec<&'static str>)>,
}

impl KnownRoutes {
    /// Reads the routes of an API document.
    pub fn of(document: &OpenApi) -> Self {
        let routes = Self::operations(document);
        Self { routes: routes.collect() }
    }

    /// Every path of an API document with its methods.
    pub(super) fn operations(document: &OpenApi) -> impl Iterator<Item = (String, Vec<&'static str>)> {
        document.paths.paths.iter().map(|(path, item)| (path.clone(), methods(item)))
    }

    /// The methods of a path; `None` where there is no such path.
    ///
    /// Every route also exists under `/t/{tenant}`, which the document says in words.
    fn methods(&self, path: &str) -> Option<String> {
        let path = without_tenant(path);
        let mut found: Vec<&str> = self
            .routes
            .iter()
            .filter(|(route, _)| fits(route, path))
            .flat_map(|(_, methods)| methods)
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        (!found.is_empty()).then(|| found.join(", "))
    }
}

/// A path, or its pattern, without the tenant it may begin with.
pub(super) fn without_tenant(path: &str) -> &str {
    let rest = path.strip_prefix("/t/").and_then(|rest| rest.find('/').map(|end| &rest[end..]));
    rest.unwrap_or(path)
}

/// Whether a path is one of a route such as `/v1/users/{id}`.
fn fits(route: &str, path: &str) -> bool {
    let is_same = |(named, sent): (&str, &str)| named == sent || (named.starts_with('{') && !sent.is_empty());
    route.split('/').count() == path.split('/').count() && route.split('/').zip(path.split('/')).all(is_same)
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    [
        ("DELETE", item.delete.is_some()),
        ("GET", item.get.is_some()),
        ("HEAD", item.head.is_some()),
        ("PATCH", item.patch.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, known)| known.then_some(method))
    .collect()
}

/// The answer where no route matches: 405 where the path exists with another method (RFC 9110 §15.5.6), else 404.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let Some(edge) = edge(&request) else {
        return actix_web::ResponseError::error_response(&HttpFailure(Failure::new(IDENTITY.route_not_found)));
    };
    match edge.routes.methods(request.path()) {
        Some(methods) => {
            let failure = HttpFailure(Failure::new(edge.codes.method_not_allowed));
            let mut response = actix_web::ResponseError::error_response(&failure);
            if let Ok(value) = header::HeaderValue::from_str(&methods) {
                response.headers_mut().insert(header::ALLOW, value);
            }
            response
        }
        None => actix_web::ResponseError::error_response(&HttpFailure(Failure::new(edge.codes.route_not_found))),
    }
}

/// Whether the process lives: exactly the seven letters that clients compare.
#[utoipa::path(get, path = "/health", tag = "Operations", responses((status = 200, description = "The word `healthy`", body = String, content_type = "text/plain")))]
#[actix_web::get("/health")]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("healthy")
}

/// Whether the process can do its work now.
#[utoipa::path(get, path = "/readyz", tag = "Operations", responses((status = 200, description = "Ready"), (status = 503, description = "Not ready; the operations listener says what is missing")))]
#[actix_web::get("/readyz")]
pub async fn readyz(readiness: web::Data<Readiness>) -> HttpResponse {
    if readiness.checks().await.iter().all(|(_, ready)| *ready) {
        HttpResponse::Ok().json(json!({ "status": "ready" }))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "not ready" }))
    }
}

/// Which build answers.
#[utoipa::path(get, path = "/version", tag = "Operations", responses((status = 200, description = "Name and version")))]
#[actix_web::get("/version")]
pub async fn version(readiness: web::Data<Readiness>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "name": readiness.service(), "version": env!("CARGO_PKG_VERSION") }))
}

/// The routes of the operations listener, which answers operators only: readiness with what is missing, and metrics.
pub fn operations(config: &mut web::ServiceConfig) {
    config.service(health).route("/metrics", web::get().to(metrics)).route(
        "/readyz",
        web::get().to(|readiness: web::Data<Readiness>| async move {
            let checks = readiness.checks().await;
            let ready = checks.iter().all(|(_, ready)| *ready);
            let shown: Map<String, Value> =
                checks.into_iter().map(|(name, ready)| (name.to_owned(), Value::Bool(ready))).collect();
            let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
            response.json(json!({ "ready": ready, "checks": shown }))
        }),
    );
}

/// What the process counted, for Prometheus.
async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    match metrics.text() {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be shown");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(health, readyz, version), tags((name = "Operations", description = "For those who run the service")))]
struct OperationsApi;

/// Completes an API document with what is the same everywhere: how a caller shows itself, and the routes of this module.
pub fn describe(document: &mut OpenApi) {
    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

    document.merge(<OperationsApi as utoipa::OpenApi>::openapi());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_a_route_is_one_piece_of_a_path() {
        for path in ["/v1/users/7/sessions", "/v1/users/{id}/sessions"] {
            assert!(fits("/v1/users/{id}/sessions", path), "{path}");
        }
        for path in [
            "/v1/users//sessions",
            "/v1/users/7",
            "/v1/users/7/sessions/",
            "/v1/users/7/8/sessions",
            "/v1/groups/7/sessions",
        ] {
            assert!(!fits("/v1/users/{id}/sessions", path), "{path}");
        }
        assert!(fits("/health", "/health") && !fits("/health", "/healthy"));
    }
}
