//! Tells once when a collector takes no spans, and once when it does again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// An exporter whose failures are told.
#[derive(Debug)]
pub(super) struct Told<E> {
    inner: E,
    has_failed: AtomicBool,
}

impl<E> Told<E> {
    pub(super) fn new(inner: E) -> Self {
        Self { inner, has_failed: AtomicBool::new(false) }
    }
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exported = self.inner.export(batch).await;
        let has_failed = self.has_failed.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !has_failed => {
                tracing::warn!(%error, "the collector takes no traces; they are lost until it does");
            }
            Ok(()) if has_failed => tracing::info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
