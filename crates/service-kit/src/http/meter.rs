//! Counts requests and measures answers, each route under its pattern; what a path holds never becomes a label.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use error_codes::Code;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};
use utoipa::openapi::OpenApi;

use super::routes::{KnownRoutes, without_tenant};
use crate::metrics::{Metrics, SECONDS};
use crate::settings::SettingsError;

/// The statuses that are counted by themselves.
const STATUSES: [u16; 16] = [200, 201, 204, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 429, 500, 503];
/// What is no route of the API document: the API page, and paths that do not exist.
const OTHER: &str = "other";

/// What the HTTP edge of a process counts.
pub(super) struct HttpMeter {
    routes: HashMap<String, Vec<(Method, RouteMeter)>>,
    other: RouteMeter,
    refusals: IntCounterVec,
}

/// One method of one route.
struct RouteMeter {
    route: String,
    method: String,
    durations: Histogram,
    requests: IntCounterVec,
    statuses: [OnceLock<IntCounter>; STATUSES.len()],
}

impl HttpMeter {
    /// Has a place for every operation of an API document.
    pub(super) fn new(metrics: &Metrics, document: &OpenApi) -> Result<Self, SettingsError> {
        let help = "Answers to HTTP requests.";
        let requests = metrics.counters("gatehouse_http_requests_total", help, &["method", "route", "status"])?;
        let help = "From the head of an HTTP request to the head of its answer.";
        let name = "gatehouse_http_request_duration_seconds";
        let durations = metrics.histograms(name, help, SECONDS, &["method", "route"])?;
        let help = "Refused HTTP requests by the published code of the refusal.";
        let refusals = metrics.counters("gatehouse_http_refusals_total", help, &["code"])?;
        let meter = |route: &str, method: &str| RouteMeter::new(route, method, &requests, &durations);
        let mut routes = HashMap::new();
        for (pattern, methods) in KnownRoutes::operations(document) {
            let of_methods = methods.into_iter().filter_map(|method| {
                let parsed = Method::from_bytes(method.as_bytes()).ok()?;
                Some((parsed, meter(&pattern, method)))
            });
            let of_methods = of_methods.collect();
            routes.insert(pattern, of_methods);
        }
        Ok(Self { routes, other: meter(OTHER, OTHER), refusals })
    }

    /// Counts an answer; returns the route under which it was counted.
    pub(super) fn count<B>(&self, response: &ServiceResponse<B>, took: Duration) -> &str {
        let meter = self.find(response).unwrap_or(&self.other);
        meter.durations.observe(took.as_secs_f64());
        meter.count(response.status().as_u16());
        if let Some(code) = response.response().extensions().get::<Code>() {
            self.refusals.with_label_values(&[code.number()]).inc();
        }
        &meter.route
    }

    fn find<B>(&self, response: &ServiceResponse<B>) -> Option<&RouteMeter> {
        let request = response.request();
        let methods = match self.routes.get(without_tenant(request.path())) {
            Some(methods) => methods,
            None => self.routes.get(without_tenant(&request.match_pattern()?))?,
        };
        methods.iter().find(|(known, _)| known == request.method()).map(|(_, meter)| meter)
    }
}

impl RouteMeter {
    fn new(route: &str, method: &str, requests: &IntCounterVec, durations: &HistogramVec) -> Self {
        Self {
            route: route.to_owned(),
            method: method.to_owned(),
            durations: durations.with_label_values(&[method, route]),
            requests: requests.clone(),
            statuses: [const { OnceLock::new() }; STATUSES.len()],
        }
    }

    fn count(&self, status: u16) {
        let counter = |status: &str| self.requests.with_label_values(&[self.method.as_str(), &self.route, status]);
        match STATUSES.iter().position(|known| *known == status) {
            Some(index) => self.statuses[index].get_or_init(|| counter(&status.to_string())).inc(),
            None => counter(OTHER).inc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::{App, HttpResponse, web};

    use super::*;

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(item, list))]
    struct Document;

    #[allow(dead_code, reason = "describes a route")]
    #[utoipa::path(get, path = "/v1/items/{id}")]
    fn item() {}

    #[allow(dead_code, reason = "describes a route")]
    #[utoipa::path(get, path = "/v1/items")]
    fn list() {}

    #[actix_web::test]
    async fn a_path_is_counted_under_its_pattern_and_never_by_itself() {
        let metrics = Metrics::new("example").unwrap();
        let meter = HttpMeter::new(&metrics, &<Document as utoipa::OpenApi>::openapi()).unwrap();
        let answer = || async { HttpResponse::Ok().finish() };
        let app = App::new()
            .route("/v1/items/{id}", web::get().to(answer))
            .route("/t/{tenant}/v1/items/{id}", web::get().to(answer))
            .route("/v1/items", web::get().to(answer))
            .default_service(web::to(|| async { HttpResponse::NotFound().finish() }));
        let app = actix_web::test::init_service(app).await;
        let paths =
            ["/v1/items/secret-1", "/t/lerian/v1/items/secret-2", "/v1/items", "/t/lerian/v1/items", "/v2/secret-3"];
        let mut counted = Vec::new();
        for path in paths {
            let request = TestRequest::get().uri(path).to_request();
            let response = actix_web::test::call_service(&app, request).await;
            counted.push(meter.count(&response, Duration::from_millis(1)));
        }
        assert_eq!(counted, ["/v1/items/{id}", "/v1/items/{id}", "/v1/items", "/v1/items", "other"]);
        let text = metrics.text().unwrap();
        let labels = "method=\"GET\",route=\"/v1/items/{id}\",status=\"200\",service=\"example\"";
        assert!(text.contains(&format!("gatehouse_http_requests_total{{{labels}}} 2")), "{text}");
        assert!(!text.contains("secret") && !text.contains("lerian"), "{text}");
    }
}
