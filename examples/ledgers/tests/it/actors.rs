//! The example and the Gatehouse that protects it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Clock;
use ledgers::Running;
use ledgers::grpc::v1::ListRequest;
use ledgers::grpc::v1::ledgers_client::LedgersClient;
use ledgers::settings::{SOURCE, Settings};
use pair::{Engine, Pair};
use serde_json::Value;
use testkit::{Answer, Api};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// How long a process may go on with what it heard last: what is promised of everything that ends or is taken away.
pub(crate) const BOUND: Duration = Duration::from_secs(5);

/// The example, and what protects it.
pub(crate) struct Protected {
    pub(crate) pair: Pair,
    pub(crate) api: Api,
    running: Running,
}

impl Protected {
    /// Starts both; `stream` says whether the example follows the token-state stream.
    pub(crate) async fn start(engine: Engine, stream: bool) -> Self {
        let pair = Pair::start(engine).await;
        let secret = pair.folder().join("resource-server.secret").display().to_string();
        Self::start_beside(pair, stream, vec![("GATEHOUSE__AUTH__SECRET_FILE", secret)]).await
    }

    /// The same over HTTPS and mutual TLS.
    pub(crate) async fn start_over_tls(engine: Engine, stream: bool) -> Self {
        let pair = Pair::start_over_tls(engine).await;
        pair.authority().issue(&["resource-server"]).write(pair.folder(), "resource-server");
        let file = |name: &str| pair.folder().join(name).display().to_string();
        let settings = vec![
            ("GATEHOUSE__AUTH__TLS__AUTHORITY", file("authority.pem")),
            ("GATEHOUSE__AUTH__TLS__CERTIFICATE", file("resource-server.pem")),
            ("GATEHOUSE__AUTH__TLS__KEY", file("resource-server.key")),
            ("JWKS__AUTHORITY", file("authority.pem")),
        ];
        Self::start_beside(pair, stream, settings).await
    }

    /// Starts the example with settings from an environment.
    async fn start_beside(pair: Pair, stream: bool, more: Vec<(&str, String)>) -> Self {
        let settings = [
            ("STREAM", stream.to_string()),
            ("HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("GRPC__LISTEN", "127.0.0.1:0".to_owned()),
            ("GATEHOUSE__AUTH__ENDPOINTS", pair.auth_grpc()),
            ("JWKS__URL", format!("{}/.well-known/jwks.json", pair.auth.base())),
        ];
        let environment = settings.into_iter().chain(more).map(|(name, value)| (format!("LEDGERS__{name}"), value));
        let settings: Settings = SOURCE.load(None, environment).unwrap().settings;
        let running = ledgers::start(&settings, Arc::clone(&pair.clock) as Arc<dyn Clock>).await.unwrap();
        let api = Api::at(format!("http://{}", running.http));
        let ready = async {
            while !running.is_ready() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), ready).await.expect("the example does not become ready");
        Self { pair, api, running }
    }

    /// Asks for the ledgers.
    pub(crate) async fn list(&self, token: &str) -> Answer {
        self.api.get("/v1/ledgers").bearer(token).send().await
    }

    /// Asks for the ledgers until the answer has this status, which it must within a time.
    pub(crate) async fn list_until(&self, token: &str, status: u16, within: Duration) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.list(token).await;
            if answer.status == status {
                return answer;
            }
            assert!(began.elapsed() < within, "after {within:?} still {}: {}", answer.status, answer.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks for the ledgers over gRPC, with this `authorization`.
    pub(crate) async fn call(&self, authorization: Option<&str>) -> Result<Vec<String>, Status> {
        let channel = Channel::from_shared(format!("http://{}", self.running.grpc)).unwrap().connect().await.unwrap();
        let mut request = Request::new(ListRequest {});
        if let Some(authorization) = authorization {
            request.metadata_mut().insert("authorization", authorization.parse().unwrap());
        }
        LedgersClient::new(channel).list(request).await.map(|response| response.into_inner().names)
    }

    /// What a call with a token ends with.
    pub(crate) async fn call_code(&self, token: &str) -> Code {
        self.call(Some(&format!("Bearer {token}"))).await.map_or_else(|status| status.code(), |_| Code::Ok)
    }

    /// Stops both services of Gatehouse.
    pub(crate) async fn stop_gatehouse(&mut self) {
        self.pair.stop_auth().await;
        self.pair.stop_identity().await;
    }

    /// Stops everything.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
        self.pair.stop().await;
    }
}

/// The answer must be a refusal with this status, in the form of the house but without a code of Gatehouse.
#[track_caller]
pub(crate) fn refused(answer: Answer, status: u16) -> Answer {
    assert_eq!(answer.status, status, "{}", answer.text);
    let members: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["title", "message"], "{}", answer.text);
    let has = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(has("www-authenticate").as_deref(), (status == 401).then_some("Bearer"));
    assert_eq!(has("retry-after").is_some(), status == 503);
    answer
}

/// A token whose signature is another's: the last characters turned around.
pub(crate) fn forged(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 12);
    let turned: String = last[..8].chars().rev().collect();
    format!("{rest}{turned}{}", &last[8..])
}

/// A text member of the answer to a login.
pub(crate) fn text(tokens: &Value, member: &str) -> String {
    tokens[member].as_str().unwrap().to_owned()
}
