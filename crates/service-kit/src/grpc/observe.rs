//! Around every call that comes in: the id and the trace of its request are taken over, and how it ended is counted.

use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tower::{Layer, Service};
use tracing::Instrument;

use super::meter::{GrpcMeter, describe, name, status_of};
use crate::current::{Current, REQUEST_ID, TRACEPARENT};
use crate::spans::Traced;

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
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let mut current = Current::arrived(header(REQUEST_ID), header(TRACEPARENT));
        let traced = Traced::served(counting.method(), &mut current);
        let span =
            tracing::info_span!("grpc.call", request.id = current.request_id(), trace.id = %current.trace.trace_id());
        // What the check of the caller logs belongs to the call too.
        let answer = span.in_scope(|| self.inner.call(request));
        let observed = async move {
            let response = traced.around(answer).await?;
            let status = status_of(response.headers());
            describe(&traced, counting.method(), status);
            let duration_us = u64::try_from(counting.took().as_micros()).unwrap_or(u64::MAX);
            tracing::info!(rpc.method = counting.method(), rpc.status = name(status), duration_us, "answered");
            counting.end(status);
            Ok(response)
        };
        Box::pin(current.answer(observed).instrument(span))
    }
}
