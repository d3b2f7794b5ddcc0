//! Counts calls, those that come in and those that go out, by method and status.

use std::time::{Duration, Instant};

use http::HeaderMap;
use prometheus::{HistogramVec, IntCounterVec};
use tonic::Code;

use super::Allowed;
use crate::metrics::{Metrics, SECONDS};
use crate::settings::SettingsError;
use crate::spans::Traced;

/// What is no method of the service itself: health, reflection, and paths that do not exist.
const OTHER: &str = "other";

/// What one side of the gRPC edge counts. Of a stream its beginning is counted.
#[derive(Clone, Debug)]
pub(super) struct GrpcMeter {
    calls: IntCounterVec,
    durations: HistogramVec,
    /// The methods that have a name; `None` where this process itself chooses what is called.
    known: Option<Allowed>,
}

/// A call under way. One that is dropped before its end was cancelled.
#[derive(Debug)]
pub(super) struct Counting {
    meter: GrpcMeter,
    method: String,
    began: Instant,
    status: Code,
}

impl GrpcMeter {
    /// Counts the calls that come in.
    pub(super) fn server(metrics: &Metrics, allowed: Allowed) -> Result<Self, SettingsError> {
        let (name, help) = ("gatehouse_grpc_server_calls_total", "gRPC calls that came in.");
        let calls = metrics.counters(name, help, &["method", "status"])?;
        let (name, help) = ("gatehouse_grpc_server_call_duration_seconds", "gRPC calls that came in, to their answer.");
        let durations = metrics.histograms(name, help, SECONDS, &["method"])?;
        Ok(Self { calls, durations, known: Some(allowed) })
    }

    /// Counts the calls that go out.
    pub(super) fn client(metrics: &Metrics) -> Result<Self, SettingsError> {
        let (name, help) = ("gatehouse_grpc_client_calls_total", "gRPC calls that went out.");
        let calls = metrics.counters(name, help, &["method", "status"])?;
        let (name, help) =
            ("gatehouse_grpc_client_call_duration_seconds", "gRPC calls that went out, to their answer.");
        let durations = metrics.histograms(name, help, SECONDS, &["method"])?;
        Ok(Self { calls, durations, known: None })
    }

    /// Begins to measure a call of a path such as `/identity.v1.Identity/VerifyPassword`.
    pub(super) fn begin(&self, path: &str) -> Counting {
        let is_known = self.known.is_none_or(|known| known.iter().any(|(method, _)| *method == path));
        let method = if is_known { path.trim_start_matches('/') } else { OTHER };
        Counting { meter: self.clone(), method: method.to_owned(), began: Instant::now(), status: Code::Cancelled }
    }
}

impl Counting {
    /// The method under which it is counted.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// How long it has taken so far.
    pub(super) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// The call has ended.
    pub(super) fn end(mut self, status: Code) {
        self.status = status;
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.meter.durations.with_label_values(&[self.method.as_str()]).observe(self.began.elapsed().as_secs_f64());
        self.meter.calls.with_label_values(&[self.method.as_str(), name(self.status)]).inc();
    }
}

/// What the head of an answer says. One that succeeds says so after its body, and of a stream it is not known yet.
pub(super) fn status_of(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// What a trace tells of a call, named as OpenTelemetry names it.
pub(super) fn describe(traced: &Traced, method: &str, status: Code) {
    if !traced.is_recording() {
        return;
    }
    let (service, method) = method.rsplit_once('/').unwrap_or(("", method));
    traced.set("rpc.system", "grpc");
    traced.set("rpc.service", service.to_owned());
    traced.set("rpc.method", method.to_owned());
    traced.set("rpc.grpc.status_code", i64::from(i32::from(status)));
    // What the other side refused is an answer; these say that there was none.
    if matches!(status, Code::Unknown | Code::DeadlineExceeded | Code::Internal | Code::Unavailable | Code::DataLoss) {
        traced.failed();
    }
}

/// The name of a status as the specification writes it.
pub(super) fn name(status: Code) -> &'static str {
    match status {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_methods_that_exist_have_a_name() {
        let metrics = Metrics::new("example").unwrap();
        let meter = GrpcMeter::server(&metrics, &[("/x.v1.X/One", &[]), ("/h.v1.H/", &[])]).unwrap();
        meter.begin("/x.v1.X/One").end(Code::Ok);
        meter.begin("/x.v1.X/Guess").end(Code::PermissionDenied);
        drop(meter.begin("/h.v1.H/Check"));
        let text = metrics.text().unwrap();
        for line in [
            "gatehouse_grpc_server_calls_total{method=\"x.v1.X/One\",status=\"OK\",service=\"example\"} 1",
            "gatehouse_grpc_server_calls_total{method=\"other\",status=\"PERMISSION_DENIED\",service=\"example\"} 1",
            "gatehouse_grpc_server_calls_total{method=\"other\",status=\"CANCELLED\",service=\"example\"} 1",
            "gatehouse_grpc_server_call_duration_seconds_count{method=\"other\",service=\"example\"} 2",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("Guess"));
    }
}
