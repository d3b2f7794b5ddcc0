//! Logs and traces of a process: where they go, and what never gets there.

mod exporter;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};
use serde::Deserialize;

use self::exporter::Told;
use crate::logs::{self, LastLines, LogSettings};
use crate::settings::SettingsError;

/// Spans that may wait to be sent; what comes while as many wait is lost, and no request waits for it.
const QUEUE: usize = 4_096;
/// Spans sent at once.
const BATCH: usize = 512;
/// How long spans wait for others before they are sent.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What makes the spans of this process; nothing where no traces are exported.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// The `[telemetry]` table: where traces are sent.
#[derive(Clone, Debug, Deserialize)]
pub struct TelemetrySettings {
    /// The OTLP endpoint of a collector over gRPC, such as `http://127.0.0.1:4317`; empty for no traces.
    pub otlp_endpoint: String,
    /// The part of the traces begun here that is kept, from 0 to 1.
    pub sample_ratio: f64,
    /// The name of this deployment, such as `production`.
    pub environment: String,
}

/// Logs and traces that have begun.
#[must_use]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    /// The last lines of the log are written when this goes.
    _last_lines: LastLines,
}

/// Begins logs and traces of the whole process, from within its runtime; a process that already has them keeps them.
///
/// # Errors
/// A sentence when the settings cannot be used. A collector that does not answer is none: requests never wait for it.
pub fn begin(
    service: &'static str,
    log: &LogSettings,
    settings: &TelemetrySettings,
) -> Result<Telemetry, SettingsError> {
    let last_lines = logs::begin(log)?;
    if settings.otlp_endpoint.is_empty() {
        return Ok(Telemetry { traces: None, _last_lines: last_lines });
    }
    let traces = provider(service, settings)?;
    if TRACER.set(traces.tracer("gatehouse")).is_ok() {
        // For the crates below, which know nothing of this one.
        opentelemetry::global::set_tracer_provider(traces.clone());
    }
    Ok(Telemetry { traces: Some(traces), _last_lines: last_lines })
}

impl Telemetry {
    /// Sends what is still waiting, for at most 5 s.
    pub fn end(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(PATIENCE)
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// What makes the spans of this process; `None` where no traces are exported.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}

fn provider(service: &'static str, settings: &TelemetrySettings) -> Result<SdkTracerProvider, SettingsError> {
    let TelemetrySettings { otlp_endpoint, sample_ratio, environment } = settings;
    let cannot = |reason: &str| {
        SettingsError::new(format!("'telemetry.otlp_endpoint' is '{otlp_endpoint}', which cannot be used: {reason}"))
    };
    let url = url::Url::parse(otlp_endpoint).map_err(|error| cannot(&error.to_string()))?;
    if url.scheme() != "http" || !url.has_host() {
        return Err(cannot("write http://HOST:PORT; where TLS is needed, let a collector beside the service speak it"));
    }
    if !(0.0..=1.0).contains(sample_ratio) {
        return Err(SettingsError::new("'telemetry.sample_ratio' must be from 0 to 1"));
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(otlp_endpoint).with_timeout(PATIENCE).build();
    let exporter = Told::new(exporter.map_err(|error| cannot(&error.to_string()))?);
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(PAUSE)
        .build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
    let mut resource = Resource::builder_empty().with_service_name(service).with_attributes([
        KeyValue::new("service.namespace", "gatehouse"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid::Uuid::now_v7().to_string()),
    ]);
    if !environment.is_empty() {
        resource = resource.with_attribute(KeyValue::new("deployment.environment.name", environment.clone()));
    }
    // Who traces the request already has decided whether it is kept.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(*sample_ratio)));
    Ok(SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(sampler)
        .with_resource(resource.build())
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str, ratio: f64) -> TelemetrySettings {
        TelemetrySettings { otlp_endpoint: endpoint.to_owned(), sample_ratio: ratio, environment: String::new() }
    }

    #[tokio::test]
    async fn only_what_can_work_is_accepted() {
        assert!(provider("example", &settings("http://127.0.0.1:1", 0.5)).is_ok());
        for (endpoint, ratio, word) in [
            ("https://127.0.0.1:1", 1.0, "http://"),
            ("127.0.0.1:4317", 1.0, "otlp_endpoint"),
            ("http://127.0.0.1:1", 1.5, "sample_ratio"),
            ("http://127.0.0.1:1", f64::NAN, "sample_ratio"),
        ] {
            let refusal = provider("example", &settings(endpoint, ratio)).unwrap_err().to_string();
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
