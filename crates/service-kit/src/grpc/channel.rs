//! The way to one process of the other service: how each call ended is counted.

use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Error};
use tower::Service;

use super::meter::{GrpcMeter, status_of};

/// A channel for a generated client.
#[derive(Clone, Debug)]
pub struct PeerChannel {
    inner: Channel,
    meter: GrpcMeter,
}

impl PeerChannel {
    pub(super) fn new(inner: Channel, meter: GrpcMeter) -> Self {
        Self { inner, meter }
    }
}

impl Service<http::Request<Body>> for PeerChannel {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let counting = self.meter.begin(request.uri().path());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answered = answer.await;
            counting.end(answered.as_ref().map_or(Code::Unavailable, |response| status_of(response.headers())));
            answered
        })
    }
}
