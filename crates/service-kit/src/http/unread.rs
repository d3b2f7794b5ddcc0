//! The body of a request that was answered before its end.
//!
//! The library closes such a connection, but a body in chunks that nobody holds any more it reads to its end, however long
//! the client takes. So whoever answers holds it until the answer is sent.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use pin_project_lite::pin_project;

/// A body in chunks, while its request is answered.
pub(super) struct Unread {
    _held: Option<Rc<RefCell<Payload>>>,
}

/// What handlers read it through.
struct Shared(Rc<RefCell<Payload>>);

pin_project! {
    /// An answer that holds what was not read.
    pub(super) struct Holding<B> {
        #[pin]
        body: B,
        unread: Unread,
    }
}

impl Unread {
    /// Holds the body of a request, where it comes in chunks.
    pub(super) fn hold(request: &mut ServiceRequest) -> Self {
        if !request.chunked().unwrap_or(false) {
            return Self { _held: None };
        }
        let held = Rc::new(RefCell::new(request.take_payload()));
        request.set_payload(Payload::Stream { payload: Box::pin(Shared(Rc::clone(&held))) });
        Self { _held: Some(held) }
    }

    /// Lets it go when the answer is sent.
    pub(super) fn until_sent<B>(self, response: ServiceResponse<B>) -> ServiceResponse<Holding<B>> {
        response.map_body(|_, body| Holding { body, unread: self })
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

impl<B: MessageBody> MessageBody for Holding<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.project().body.poll_next(context)
    }
}
