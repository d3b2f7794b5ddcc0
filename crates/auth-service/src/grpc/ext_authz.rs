//! `envoy.service.auth.v3.Authorization`: a proxy asks before it lets a request pass.
//!
//! Whatever is wrong with a request is answered with a refusal that the proxy hands on to the client; an error of the call
//! itself would be decided by how the proxy is configured.

use std::sync::Arc;

use ::auth::question::Question;
use domain::token::AccessToken;
use envoy_types::ext_authz::v3::pb::{
    Address, Authorization, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue,
    HeaderValueOption, HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::google::rpc;
use error_codes::{Failure, Kind, Result, aut};
use service_kit::http::failure_body;
use tonic::{Request, Response, Status};

use super::{origin, verify};
use crate::app::permissions::Asking;
use crate::app::{App, Origin};

/// Who calls, for the service behind the proxy: the `sub` of the token, the slug and the id of the tenant, the client, and
/// `normal-user` or `application`. What a client sends under these names never arrives there.
const IDENTITY_HEADERS: [&str; 5] =
    ["x-gatehouse-subject", "x-gatehouse-tenant", "x-gatehouse-tenant-id", "x-gatehouse-client", "x-gatehouse-type"];
/// With these a service may take the request for one of another method than was asked about.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// Answers proxies.
pub struct ExtAuthzService {
    app: Arc<App>,
}

impl ExtAuthzService {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn decide(&self, attributes: &AttributeContext, origin: &Origin) -> Result<Arc<AccessToken>> {
        let request = attributes.request.as_ref().and_then(|request| request.http.as_ref());
        let request = request.ok_or_else(|| Failure::new(aut::FORBIDDEN).with_cause("no HTTP request is told"))?;
        let token = verify(&self.app, bearer(request.headers.get("authorization"))?)?;
        let needed = self.app.routes.find(&request.host, &request.method, &request.path);
        let needed = needed.ok_or_else(|| Failure::new(aut::FORBIDDEN).with_cause("no route matches"))?;
        let question = Question { product: needed.product, resource: needed.resource, action: &needed.action };
        let address = client_address(attributes);
        let asking = Asking { token: &token, sub: None, client_ip: address.as_deref() };
        let consulted = self.app.consult(asking, origin).await?;
        if consulted.answer(question).is_authorized() { Ok(token) } else { Err(aut::FORBIDDEN.into()) }
    }
}

#[tonic::async_trait]
impl Authorization for ExtAuthzService {
    async fn check(&self, request: Request<CheckRequest>) -> std::result::Result<Response<CheckResponse>, Status> {
        let origin = origin(&request);
        let attributes = request.into_inner().attributes.unwrap_or_default();
        let answer = match self.decide(&attributes, &origin).await {
            Ok(token) => pass(&token),
            Err(failure) => refuse(&failure),
        };
        Ok(Response::new(answer))
    }
}

/// The token of a header (RFC 6750 §2.1). Of several headers the proxy makes one, which is no token.
fn bearer(header: Option<&String>) -> Result<&str> {
    let header = header.ok_or(aut::TOKEN_MISSING)?;
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(aut::INVALID_TOKEN.into()),
    }
}

/// The client of the proxy, as far as the proxy believes what it is told about that.
fn client_address(attributes: &AttributeContext) -> Option<String> {
    match attributes.source.as_ref()?.address.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => Some(socket.address.clone()),
        Address::Pipe(_) | Address::EnvoyInternalAddress(_) => None,
    }
}

fn pass(token: &AccessToken) -> CheckResponse {
    let values = [&token.sub, token.owner.as_str(), &token.tenant.to_string(), &token.client_id, token.type_name()]
        .map(str::to_owned);
    let headers = IDENTITY_HEADERS.into_iter().zip(values).map(|(name, value)| header(name, value)).collect();
    let headers_to_remove = METHOD_OVERRIDES.map(str::to_owned).into();
    CheckResponse {
        status: Some(rpc::Status::default()),
        http_response: Some(HttpResponse::OkResponse(OkHttpResponse {
            headers,
            headers_to_remove,
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn refuse(failure: &Failure) -> CheckResponse {
    let kind = failure.code().kind();
    if let Some(cause) = failure.cause() {
        tracing::info!(code = failure.code().number(), cause, "a request may not pass the proxy");
    }
    let mut headers =
        vec![header("content-type", "application/json".to_owned()), header("cache-control", "no-store".to_owned())];
    if kind == Kind::Unauthenticated {
        headers.push(header("www-authenticate", "Bearer".to_owned()));
    }
    if let Some(delay) = failure.retry_after() {
        headers.push(header("retry-after", delay.as_secs().max(1).to_string()));
    }
    let status = Some(HttpStatus { code: i32::from(kind.http_status()) });
    let denied = DeniedHttpResponse { status, headers, body: failure_body(failure).to_string() };
    CheckResponse {
        status: Some(rpc::Status { code: kind.grpc_status(), ..Default::default() }),
        http_response: Some(HttpResponse::DeniedResponse(denied)),
        ..Default::default()
    }
}

/// A header that replaces every other of its name.
fn header(name: &str, value: String) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key: name.to_owned(), value, ..Default::default() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        ..Default::default()
    }
}
