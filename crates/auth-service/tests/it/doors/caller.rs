//! A caller at each door.

use contracts::auth::v1 as wire;
use contracts::auth::v1::authorization_client::AuthorizationClient;
use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::address::Address as AddressKind;
use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request as Asked};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient as ExtAuthzClient;
use pair::Pair;
use serde_json::{Value, json};
use testkit::{Answer, Api};
use tonic::metadata::AsciiMetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Shows a secret with each call.
#[derive(Clone)]
pub(crate) struct Shown(AsciiMetadataValue);

impl tonic::service::Interceptor for Shown {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Known = InterceptedService<Channel, Shown>;

/// The four doors of one auth-service.
#[derive(Clone)]
pub(crate) struct Doors {
    http: Api,
    /// The door of internal services.
    pub(crate) grpc: AuthorizationClient<Known>,
    proxy: ExtAuthzClient<Known>,
}

impl Doors {
    pub(crate) async fn of(pair: &Pair) -> Self {
        Self::at(pair.auth.clone(), pair.auth_grpc(), &pair.secret("resource-server"), &pair.secret("envoy")).await
    }

    pub(crate) async fn at(http: Api, grpc: String, resource_server: &str, envoy: &str) -> Self {
        let channel = Channel::from_shared(grpc).unwrap().connect().await.unwrap();
        let shown = |secret: &str| Shown(format!("Bearer {secret}").parse().unwrap());
        Self {
            http,
            grpc: AuthorizationClient::with_interceptor(channel.clone(), shown(resource_server)),
            proxy: ExtAuthzClient::with_interceptor(channel, shown(envoy)),
        }
    }

    /// The answers of all doors to one question about the token's own subject.
    pub(crate) async fn ask(&self, token: &str, product: Option<&str>, resource: &str, action: &str) -> [bool; 4] {
        let question = json!({ "resource": resource, "action": action, "product": product });
        let manager = self.http.post("/v1/authorize").bearer(token).json(&question).send().await.expect(200);
        let authzen = self.evaluation(token, "", product, resource, action).await.expect(200);
        let checked = self.grpc.clone().check(check(token, product, resource, action)).await.unwrap().into_inner();
        let path = format!("/{}/{resource}", product.unwrap_or("none"));
        let proxied =
            self.pass(&action.to_ascii_uppercase(), &path, &[("authorization", &format!("Bearer {token}"))]).await;
        [
            manager.body["authorized"].as_bool().unwrap(),
            authzen.body["decision"].as_bool().unwrap(),
            checked.decision.unwrap().authorized,
            is_ok(&proxied),
        ]
    }

    /// Whether any door says yes, where a door may also have no answer.
    pub(crate) async fn says_yes_anywhere(&self, token: &str, product: &str, resource: &str, action: &str) -> bool {
        let question = json!({ "resource": resource, "action": action, "product": product });
        let manager = self.http.post("/v1/authorize").bearer(token).json(&question).send().await;
        let authzen = self.evaluation(token, "", Some(product), resource, action).await;
        let checked = self.grpc.clone().check(check(token, Some(product), resource, action)).await;
        let path = format!("/{product}/{resource}");
        let shown = [("authorization", &*format!("Bearer {token}"))];
        let proxied = self.pass(&action.to_ascii_uppercase(), &path, &shown).await;
        manager.body["authorized"] == true
            || authzen.body["decision"] == true
            || checked.is_ok_and(|answer| answer.into_inner().decision.is_some_and(|decision| decision.authorized))
            || is_ok(&proxied)
    }

    /// An AuthZEN question; about the caller where `subject` is empty.
    pub(crate) async fn evaluation(
        &self,
        token: &str,
        subject: &str,
        product: Option<&str>,
        resource: &str,
        action: &str,
    ) -> Answer {
        let own = crate::contract::claims_of(token)["sub"].as_str().unwrap().to_owned();
        let subject = if subject.is_empty() { &own } else { subject };
        let body = json!({
            "subject": { "type": "user", "id": subject },
            "action": { "name": action },
            "resource": { "type": resource, "id": "7", "properties": { "product": product } },
        });
        self.http.post("/access/v1/evaluation").bearer(token).json(&body).send().await
    }

    /// AuthZEN questions about one subject.
    pub(crate) async fn evaluations(&self, token: &str, id: &str, batch: &[(Option<&str>, &str, &str)]) -> Vec<bool> {
        let entry = |(product, resource, action): &(Option<&str>, &str, &str)| {
            json!({
                "action": { "name": action },
                "resource": { "type": resource, "id": "7", "properties": { "product": product } },
            })
        };
        let entries: Vec<Value> = batch.iter().map(entry).collect();
        let body = json!({ "subject": { "type": "user", "id": id }, "evaluations": entries });
        let answer = self.http.post("/access/v1/evaluations").bearer(token).json(&body).send().await.expect(200);
        let decisions = answer.body["evaluations"].as_array().unwrap();
        decisions.iter().map(|decision| decision["decision"].as_bool().unwrap()).collect()
    }

    pub(crate) async fn batch_check(&self, token: &str, batch: &[(Option<&str>, &str, &str)]) -> Vec<bool> {
        let questions = batch.iter().map(|&(product, resource, action)| question(product, resource, action)).collect();
        let request = wire::BatchCheckRequest { asking: Some(asking(token)), questions };
        let answer = self.grpc.clone().batch_check(request).await.unwrap().into_inner();
        answer.decisions.into_iter().map(|decision| decision.authorized).collect()
    }

    /// What the proxy is told about a request.
    pub(crate) async fn pass(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> CheckResponse {
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            host: "api.example.com".to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Default::default()
        };
        let socket = SocketAddress { address: "192.0.2.9".to_owned(), ..Default::default() };
        let source =
            Peer { address: Some(Address { address: Some(AddressKind::SocketAddress(socket)) }), ..Default::default() };
        let attributes = AttributeContext {
            source: Some(source),
            request: Some(Asked { http: Some(request), ..Default::default() }),
            ..Default::default()
        };
        let request = CheckRequest { attributes: Some(attributes) };
        self.proxy.clone().check(request).await.unwrap().into_inner()
    }
}

pub(crate) fn asking(token: &str) -> wire::Asking {
    wire::Asking { access_token: token.to_owned(), ..Default::default() }
}

pub(crate) fn question(product: Option<&str>, resource: &str, action: &str) -> wire::Question {
    wire::Question {
        product: product.unwrap_or_default().to_owned(),
        resource: resource.to_owned(),
        action: action.to_owned(),
    }
}

pub(crate) fn check(token: &str, product: Option<&str>, resource: &str, action: &str) -> wire::CheckRequest {
    wire::CheckRequest { asking: Some(asking(token)), question: Some(question(product, resource, action)) }
}

/// Whether the proxy lets the request pass.
pub(crate) fn is_ok(response: &CheckResponse) -> bool {
    let is_zero = response.status.as_ref().is_some_and(|status| status.code == 0);
    let passes = matches!(response.http_response, Some(HttpResponse::OkResponse(_)));
    assert_eq!(is_zero, passes, "the status and the answer disagree");
    passes
}
