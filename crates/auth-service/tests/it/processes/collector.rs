//! A collector of traces inside the test: takes them over OTLP as any other would, and remembers them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// What was taken.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    endpoint: String,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    spans: Vec<Span>,
    /// Everything that came, in words.
    text: String,
}

/// A span as it came.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) service: String,
    pub(super) environment: String,
    pub(super) name: String,
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty where it is the first of its trace.
    pub(super) parent: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) lasts: (u64, u64),
    pub(super) is_error: bool,
}

struct Taking {
    taken: Arc<Mutex<Taken>>,
    delay: Duration,
}

impl Collector {
    /// Starts one that takes this long for every export.
    pub(super) async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Taken::default()));
        let taking = Taking { taken: Arc::clone(&taken), delay };
        let server = Server::builder().add_service(TraceServiceServer::new(taking));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { endpoint, taken }
    }

    /// Where it takes traces.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Every span so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().spans.clone()
    }

    /// Everything that came, in words.
    pub(super) fn text(&self) -> String {
        self.taken.lock().unwrap().text.clone()
    }
}

impl Span {
    /// An attribute; empty where it has none of this name.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

#[tonic::async_trait]
impl TraceService for Taking {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        tokio::time::sleep(self.delay).await;
        let mut taken = self.taken.lock().unwrap();
        taken.text.push_str(&format!("{:?}\n", request.metadata()));
        taken.text.push_str(&format!("{:?}\n", request.get_ref()));
        for resource in request.into_inner().resource_spans {
            let about = attributes(resource.resource.map(|resource| resource.attributes).unwrap_or_default());
            let of_resource =
                |name: &str| about.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                taken.spans.push(Span {
                    service: of_resource("service.name").unwrap_or_default(),
                    environment: of_resource("deployment.environment.name").unwrap_or_default(),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    attributes: attributes(span.attributes),
                    lasts: (span.start_time_unix_nano, span.end_time_unix_nano),
                    is_error: span.status.is_some_and(|status| status.code == 2),
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn attributes(attributes: Vec<KeyValue>) -> Vec<(String, String)> {
    let shown = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |pair: KeyValue| (pair.key, shown(pair.value.and_then(|value| value.value)));
    attributes.into_iter().map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
