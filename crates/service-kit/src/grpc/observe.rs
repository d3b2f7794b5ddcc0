//! Around every call that comes in: how it ended is counted.

use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tower::{Layer, Service};

use super::meter::{GrpcMeter, status_of};

/// Puts the observer before every service of a gRPC server, and before the check of its callers.
#[derive(Clone, Debug)]
pub(super) struct ObserveLayer(pub(super) GrpcMeter);

/// A service that is observed.
#[derive(Clone, Debug)]
pub(super) struct Observed<S> {
    inner: S,
    meter: GrpcMeter,
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, meter: self.0.clone() }
    }
}

impl<S> Service<http::Request<Body>> for Observed<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let counting = self.meter.begin(request.uri().path());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            counting.end(status_of(response.headers()));
            Ok(response)
        })
    }
}
