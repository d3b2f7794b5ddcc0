//! A layer before the services of tonic: `GuardLayer::new(guard).require("/package.Service/Method", question)`.
//!
//! Methods take `Arc<AccessToken>` out of the extensions of their request for what the token says, and [`Caller`] for
//! questions of their own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::request::Parts;
use service_kit::http::nearest_stranger;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};

use crate::{Caller, Guard, Question, Refusal, bearer, refusal};

/// What a method asks of its caller.
#[derive(Clone, Debug)]
enum Need {
    GoodToken,
    Permission(Question),
}

/// Lets calls through to the methods that it lists; a method that is not listed nobody may call.
#[derive(Clone)]
pub struct GuardLayer {
    guard: Arc<Guard>,
    needs: HashMap<String, Need>,
}

impl GuardLayer {
    /// A layer that lists no method yet.
    pub fn new(guard: Arc<Guard>) -> Self {
        Self { guard, needs: HashMap::new() }
    }

    /// Lets through to a method, such as `/package.Service/Method`, whoever holds a good token.
    #[must_use]
    pub fn admit(mut self, method: impl Into<String>) -> Self {
        self.needs.insert(method.into(), Need::GoodToken);
        self
    }

    /// Lets through to a method, such as `/package.Service/Method`, whoever holds a good token and may do this.
    #[must_use]
    pub fn require(mut self, method: impl Into<String>, question: Question) -> Self {
        self.needs.insert(method.into(), Need::Permission(question));
        self
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: Arc::clone(&self.guard), needs: Arc::new(self.needs.clone()) }
    }
}

/// A service behind a guard.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Arc<Guard>,
    needs: Arc<HashMap<String, Need>>,
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<http::Request<B>> for Guarded<S>
where
    S: Service<http::Request<B>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // The one that is ready must be the one that is called.
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        let (guard, needs) = (Arc::clone(&self.guard), Arc::clone(&self.needs));
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match admit(&guard, &needs, &head).await {
                Ok(caller) => {
                    head.extensions.insert(Arc::clone(caller.token()));
                    head.extensions.insert(caller);
                    inner.call(http::Request::from_parts(head, body)).await
                }
                Err(refusal) => Ok(Status::from(refusal).into_http()),
            }
        })
    }
}

async fn admit(guard: &Guard, needs: &HashMap<String, Need>, head: &Parts) -> Result<Caller, Refusal> {
    let token = bearer(head.headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes))?;
    match needs.get(head.uri.path()) {
        None => Err(Refusal::NotAllowed),
        Some(Need::GoodToken) => guard.admit(token).await,
        Some(Need::Permission(question)) => {
            let client_ip = caller_address(head, guard).map(|address| address.to_string()).unwrap_or_default();
            guard.admit_for(token, question, &client_ip).await
        }
    }
}

fn caller_address(head: &Parts, guard: &Guard) -> Option<IpAddr> {
    let plain = head.extensions.get::<TcpConnectInfo>();
    let over_tls = head.extensions.get::<TlsConnectInfo<TcpConnectInfo>>().map(TlsConnectInfo::get_ref);
    let peer = plain.or(over_tls)?.remote_addr()?.ip();
    let forwarded = head.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    Some(nearest_stranger(peer, forwarded, guard.trusted_proxies()))
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = tonic::Code::from_i32(refusal.kind().grpc_status());
        match refusal {
            Refusal::Unavailable => {
                let details = ErrorDetails::with_retry_info(Some(refusal::RETRY_AFTER));
                Self::with_error_details(code, refusal.message(), details)
            }
            Refusal::NoToken | Refusal::InvalidToken | Refusal::NotAllowed => Self::new(code, refusal.message()),
        }
    }
}
