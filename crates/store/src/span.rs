//! The span of a unit of work in the trace of its request, where that is exported; otherwise nothing.

use error_codes::{Kind, Result};
use opentelemetry::global::BoxedSpan;
use opentelemetry::trace::{Span, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

use crate::meter::Purpose;

/// A unit of work under way, as a trace sees it. What it says to the database and what that answers is in no trace.
pub(crate) struct UnitSpan(Option<BoxedSpan>);

impl UnitSpan {
    /// Begins below the span of the request that this task answers.
    pub(crate) fn begin(purpose: Purpose, engine: &'static str) -> Self {
        let parent = Context::map_current(|context| context.span().is_recording().then(|| context.clone()));
        Self(parent.map(|parent| {
            let operation = match purpose {
                Purpose::Read => "read",
                Purpose::Write => "write",
            };
            let tracer = global::tracer("gatehouse");
            let attributes = [KeyValue::new("db.system.name", engine), KeyValue::new("db.operation.name", operation)];
            let span = tracer.span_builder(format!("database {operation}"));
            span.with_kind(SpanKind::Client).with_attributes(attributes).start_with_context(&tracer, &parent)
        }))
    }

    /// It is over. A refusal is no failure of the database.
    pub(crate) fn end<T>(self, outcome: &Result<T>) {
        let Some(mut span) = self.0 else { return };
        if let Err(failure) = outcome
            && matches!(failure.code().kind(), Kind::Internal | Kind::Unavailable)
        {
            span.set_status(Status::error(failure.code().number()));
        }
        span.end();
    }
}
