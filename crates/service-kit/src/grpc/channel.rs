//! The way to one process of the other service: each call takes along the id and the trace of its request, and how it
//! ended is counted.

use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Error};
use tower::Service;

use super::meter::{GrpcMeter, describe, status_of};
use crate::current::Current;
use crate::spans::Traced;

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

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let counting = self.meter.begin(request.uri().path());
        let traced = Traced::call(counting.method());
        Current::hand_on(traced.context().as_ref(), request.headers_mut());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answered = answer.await;
            let status = answered.as_ref().map_or(Code::Unavailable, |response| status_of(response.headers()));
            describe(&traced, counting.method(), status);
            counting.end(status);
            answered
        })
    }
}
