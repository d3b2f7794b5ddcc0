//! The request that a task works for: its id and its trace, which stand on every line of the log and go along with every
//! call to the other service.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use uuid::{NoContext, Timestamp, Uuid};

/// The header, and the gRPC metadata, that carries the id of a request.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The one that carries its trace (W3C Trace Context). What else systems say about a trace is left alone.
pub(crate) const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Current;
}

/// A request as it arrived, and where it is in its trace.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    request_id: String,
    /// The span that calls for this request are below; made up where there is none, so that both services log one trace.
    pub(crate) trace: SpanContext,
    /// Whether `trace` is still that of the caller.
    pub(crate) is_below_caller: bool,
}

impl Current {
    /// Takes over the caller's own id when it is short and plain, and its trace when it is well-formed, so that both can
    /// be followed across products; else fresh ones.
    pub(crate) fn arrived(request_id: Option<&str>, traceparent: Option<&str>) -> Self {
        // Without a context that all threads would share and wait for.
        let fresh = Uuid::new_v7(Timestamp::now(NoContext));
        let presentable = request_id.filter(|id| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        });
        let told =
            traceparent.filter(|text| is_whole(text)).map(|text| TraceContextPropagator::new().extract(&Told(text)));
        let told = told.map(|context| context.span().span_context().clone()).filter(SpanContext::is_valid);
        Self {
            request_id: presentable.map_or_else(|| fresh.to_string(), ToOwned::to_owned),
            is_below_caller: told.is_some(),
            trace: told.unwrap_or_else(|| made_up(fresh)),
        }
    }

    /// The id of the request.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Answers the request, as which every call and every question of this task counts meanwhile.
    pub(crate) fn answer<F: Future>(self, answer: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, answer)
    }

    /// The id of the request that this task works for; empty where it works for none.
    pub(crate) fn id_of_task() -> String {
        CURRENT.try_with(|current| current.request_id.clone()).unwrap_or_default()
    }

    /// Adds id and trace to a call for the same request. What no request asked for has neither.
    ///
    /// `span` stands for the call, where it is exported.
    pub(crate) fn hand_on(span: Option<&SpanContext>, headers: &mut HeaderMap) {
        // Without a request there is nothing to add.
        let _ = CURRENT.try_with(|current| {
            if let Ok(id) = HeaderValue::from_str(&current.request_id) {
                headers.insert(HeaderName::from_static(REQUEST_ID), id);
            }
            let context = Context::new().with_remote_span_context(span.unwrap_or(&current.trace).clone());
            TraceContextPropagator::new().inject_context(&context, &mut Headers(headers));
        });
    }
}

/// Whether the parts have the lengths that the standard gives them, which the library does not ask (Trace Context §3.2).
fn is_whole(traceparent: &str) -> bool {
    let bytes = traceparent.as_bytes();
    let is_dash = |place: usize| bytes.get(place) == Some(&b'-');
    bytes.len() == 55 && is_dash(2) && is_dash(35) && is_dash(52)
}

/// A trace that nobody records, numbered like the request where that has a fresh id.
fn made_up(fresh: Uuid) -> SpanContext {
    let bytes = fresh.into_bytes();
    let mut span = [0; 8];
    span.copy_from_slice(&bytes[8..]);
    let (trace, span) = (TraceId::from_bytes(bytes), SpanId::from_bytes(span));
    SpanContext::new(trace, span, TraceFlags::default(), true, TraceState::default())
}

struct Told<'a>(&'a str);

impl Extractor for Told<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            self.0.insert(HeaderName::from_static(TRACEPARENT), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_well_formed_trace_is_taken_over() {
        let current = Current::arrived(Some("mine-1"), Some(PARENT));
        assert_eq!(current.request_id(), "mine-1");
        assert_eq!(current.trace.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(current.is_below_caller && current.trace.is_sampled());
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let long = "0".repeat(10_000);
        let upper = "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
        let shifted = "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01";
        for nonsense in ["", "x", zero, upper, shifted, &PARENT[..50], &long] {
            let current = Current::arrived(Some("a b"), Some(nonsense));
            assert!(!current.is_below_caller && current.trace.is_valid() && !current.trace.is_sampled(), "{nonsense}");
            assert_eq!(current.request_id().len(), 36);
            // The trace has the number of the request, so that either finds the other.
            assert_eq!(current.trace.trace_id().to_string(), current.request_id().replace('-', ""));
        }
        assert_eq!(Current::arrived(Some(&long), None).request_id().len(), 36);
    }

    #[tokio::test]
    async fn a_call_for_the_same_request_carries_both() {
        let mut headers = HeaderMap::new();
        Current::hand_on(None, &mut headers);
        assert!(headers.is_empty() && Current::id_of_task().is_empty());
        let current = Current::arrived(Some("mine-1"), Some(PARENT));
        current.answer(async { Current::hand_on(None, &mut headers) }).await;
        assert_eq!(
            (&headers[REQUEST_ID], &headers[TRACEPARENT]),
            (&"mine-1".parse().unwrap(), &PARENT.parse().unwrap())
        );
        assert_eq!(headers.len(), 2);
    }
}
