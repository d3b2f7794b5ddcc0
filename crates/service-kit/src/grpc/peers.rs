//! The other service, which may be several processes: calls go to the preferred one, and to the next when it fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::Secret;
use serde::Deserialize;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request, Response, Status, Streaming};

use super::connect::{is_https, reach};
use super::meter::GrpcMeter;
use super::{PeerChannel, read_secret};
use crate::metrics::Metrics;
use crate::settings::SettingsError;
use crate::tls::MutualTlsSettings;

/// How long one process may take for one call before the next is asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a stream may be silent; its beats come every second.
const SILENCE: Duration = Duration::from_millis(2_500);
/// The pause before another process is tried.
const PAUSE: Duration = Duration::from_millis(100);
/// No process.
const NOBODY: usize = usize::MAX;

/// Where the other service is.
#[derive(Clone, Debug, Deserialize)]
pub struct PeerSettings {
    /// One URL for each of its processes, such as `http://127.0.0.1:4011`, or `https://identity:4011` over mutual TLS.
    pub endpoints: Vec<String>,
    /// The file with the secret this service shows there; not read where TLS is on.
    pub secret_file: PathBuf,
    /// What this service shows there, and whose certificates it believes.
    pub tls: MutualTlsSettings,
}

/// The processes of the other service.
#[derive(Clone)]
pub struct Peers {
    channels: Arc<[PeerChannel]>,
    preferred: Arc<AtomicUsize>,
    /// The process whose stream is listened to; [`NOBODY`] between two streams.
    followed: Arc<AtomicUsize>,
    /// What is shown with each call; nothing where a certificate shows who calls.
    authorization: Option<Arc<Secret<String>>>,
}

impl Peers {
    /// Prepares the channels; they connect at their first use, and again whenever they must. `name` is the settings'
    /// table of this peer.
    pub fn new(settings: &PeerSettings, name: &str, metrics: &Metrics) -> Result<Self, SettingsError> {
        let Some(first) = settings.endpoints.first() else {
            return Err(SettingsError::new(format!("'{name}.endpoints' is empty; name the other service there")));
        };
        let meter = GrpcMeter::client(metrics)?;
        let channels = reach(&settings.endpoints, &settings.tls, name)?;
        let channels: Vec<PeerChannel> =
            channels.into_iter().map(|channel| PeerChannel::new(channel, meter.clone())).collect();
        let authorization = if is_https(first) {
            None
        } else {
            let secret = read_secret(&settings.secret_file)?;
            Some(Arc::new(Secret::new(format!("Bearer {}", secret.expose()))))
        };
        Ok(Self {
            channels: channels.into(),
            preferred: Arc::default(),
            followed: Arc::new(AtomicUsize::new(NOBODY)),
            authorization,
        })
    }

    /// How many processes there are.
    pub fn count(&self) -> usize {
        self.channels.len()
    }

    /// The process that calls go to first.
    pub fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed) % self.channels.len()
    }

    /// Sends calls to this process first from now on: it has shown that it is alive.
    pub fn prefer(&self, index: usize) {
        self.preferred.store(index % self.channels.len(), Ordering::Relaxed);
    }

    /// Whether this process is the one whose stream is listened to: what it answers is no older than what it told.
    pub fn follows(&self, index: usize) -> bool {
        self.followed.load(Ordering::Acquire) == index
    }

    /// The channel of one process, for a stream.
    pub fn channel(&self, index: usize) -> PeerChannel {
        self.channels[index % self.channels.len()].clone()
    }

    /// A request that shows who calls, with a deadline when `patience` is given.
    pub fn request<T>(&self, message: T, patience: Option<Duration>) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            let mut authorization: MetadataValue<Ascii> = authorization
                .expose()
                .parse()
                .map_err(|_| Status::internal("the secret of this service cannot be sent"))?;
            authorization.set_sensitive(true);
            request.metadata_mut().insert("authorization", authorization);
        }
        if let Some(patience) = patience {
            request.set_timeout(patience);
        }
        Ok(request)
    }

    /// Keeps one stream open to some process until `stop` resolves, and hands every event of it to `on_event`.
    ///
    /// A process that is silent for 2.5 s, or for whose event `on_event` gives false, is left for the next one; the one
    /// that is listened to is preferred for calls.
    pub async fn follow<M, E, F>(
        &self,
        message: M,
        open: impl Fn(PeerChannel, Request<M>) -> F,
        mut on_event: impl FnMut(E) -> bool,
        stop: impl Future<Output = ()>,
    ) where
        M: Clone,
        F: Future<Output = Result<Response<Streaming<E>>, Status>>,
    {
        tokio::pin!(stop);
        let mut index = self.preferred();
        loop {
            self.followed.store(index, Ordering::Release);
            let ended = tokio::select! {
                () = &mut stop => return,
                ended = self.listen(index, message.clone(), &open, &mut on_event) => ended,
            };
            self.followed.store(NOBODY, Ordering::Release);
            tracing::info!(peer = index, reason = ended.message(), "the stream of the other service ended");
            index = (index + 1) % self.count();
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn listen<M, E, F>(
        &self,
        index: usize,
        message: M,
        open: &impl Fn(PeerChannel, Request<M>) -> F,
        on_event: &mut impl FnMut(E) -> bool,
    ) -> Status
    where
        F: Future<Output = Result<Response<Streaming<E>>, Status>>,
    {
        let silent = || Status::deadline_exceeded("it is silent");
        let request = match self.request(message, None) {
            Ok(request) => request,
            Err(status) => return status,
        };
        let mut events = match tokio::time::timeout(SILENCE, open(self.channel(index), request)).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return status,
            Err(_) => return silent(),
        };
        loop {
            match tokio::time::timeout(SILENCE, events.message()).await {
                Ok(Ok(Some(event))) => {
                    if !on_event(event) {
                        return Status::unavailable("it does not know the present");
                    }
                    self.prefer(index);
                }
                Ok(Ok(None)) => return Status::unavailable("it was closed"),
                Ok(Err(status)) => return status,
                Err(_) => return silent(),
            }
        }
    }

    /// Calls one process after the other until one answers; what a process refuses is an answer.
    pub async fn call<M, T, F>(&self, message: M, send: impl Fn(PeerChannel, Request<M>) -> F) -> Result<T, Status>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        self.call_any(message, send).await.map(|(_, answer)| answer)
    }

    /// As [`call`](Self::call), and tells which process answered.
    pub async fn call_any<M, T, F>(
        &self,
        message: M,
        send: impl Fn(PeerChannel, Request<M>) -> F,
    ) -> Result<(usize, T), Status>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let first = self.preferred();
        let mut last = Status::unavailable("no process of the other service answers");
        for step in 0..self.count() {
            let index = (first + step) % self.count();
            let request = self.request(message.clone(), Some(PATIENCE))?;
            let answered = tokio::time::timeout(PATIENCE, send(self.channel(index), request)).await;
            match answered {
                Ok(Ok(response)) => {
                    if step > 0 {
                        self.prefer(index);
                    }
                    return Ok((index, response.into_inner()));
                }
                Ok(Err(status)) if !is_dead(&status) => return Err(status),
                Ok(Err(status)) => last = status,
                Err(_) => last = Status::deadline_exceeded("a process of the other service is silent"),
            }
        }
        Err(last)
    }
}

/// Whether the process itself is in trouble, rather than the call; an `ErrorInfo` shows that it answered.
fn is_dead(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown)
        && status.details().is_empty()
}
