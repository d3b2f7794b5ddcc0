//! Spans of traces that are exported. Where none are, or this request was not chosen, there is no span and no cost.

use std::borrow::Cow;

use opentelemetry::context::FutureExt;
use opentelemetry::trace::{Span, SpanContext, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use crate::current::Current;
use crate::telemetry;

/// A span under way; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Traced(Option<Context>);

impl Traced {
    /// The span of a request that came in, below that of its caller. What the request asks for is below this span.
    pub(crate) fn request(name: impl Into<Cow<'static, str>>, current: &mut Current) -> Self {
        let Some(tracer) = telemetry::tracer() else { return Self(None) };
        let parent = if current.is_below_caller {
            Context::new().with_remote_span_context(current.trace.clone())
        } else {
            Context::new()
        };
        let span = tracer.span_builder(name).with_kind(SpanKind::Server).start_with_context(tracer, &parent);
        // Also where it was not chosen: then its id says so to whoever is called.
        current.trace = span.span_context().clone();
        current.is_below_caller = false;
        Self(span.is_recording().then(|| parent.with_span(span)))
    }

    /// The span of a call that came in for a request of its caller. One that no request asked for is in no trace.
    pub(crate) fn served(name: &str, current: &mut Current) -> Self {
        if current.is_below_caller { Self::request(name.to_owned(), current) } else { Self(None) }
    }

    /// The span of a call for the request that this task works for.
    pub(crate) fn call(name: &str) -> Self {
        let Some(tracer) = telemetry::tracer() else { return Self(None) };
        let parent = Context::map_current(|context| context.span().is_recording().then(|| context.clone()));
        Self(parent.map(|parent| {
            let builder = tracer.span_builder(name.to_owned()).with_kind(SpanKind::Client);
            parent.with_span(builder.start_with_context(tracer, &parent))
        }))
    }

    /// Where it is in its trace; nothing where it is not exported.
    pub(crate) fn context(&self) -> Option<SpanContext> {
        self.0.as_ref().map(|context| context.span().span_context().clone())
    }

    /// Whether it is exported.
    pub(crate) fn is_recording(&self) -> bool {
        self.0.is_some()
    }

    /// Answers the request: what that asks of the database and of the other service is below this span.
    pub(crate) async fn around<F: Future>(&self, answer: F) -> F::Output {
        match &self.0 {
            Some(context) => answer.with_context(context.clone()).await,
            None => answer.await,
        }
    }

    /// Says more about it.
    pub(crate) fn set(&self, attribute: &'static str, value: impl Into<opentelemetry::Value>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new(attribute, value));
        }
    }

    /// Gives it the name that is known only now.
    pub(crate) fn rename(&self, name: impl Into<Cow<'static, str>>) {
        if let Some(context) = &self.0 {
            context.span().update_name(name);
        }
    }

    /// It failed by a fault of who answers.
    pub(crate) fn failed(&self) {
        if let Some(context) = &self.0 {
            context.span().set_status(Status::error(""));
        }
    }
}
