//! The token-state stream: what a resource server must know to trust tokens without asking for each.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use client::Heard;
use contracts::auth::v1::token_state_server::TokenState;
use contracts::auth::v1::watch_response::Event;
use contracts::auth::v1::{Beat, EpochRaised, KeySet, Restart, SessionEnded, WatchRequest, WatchResponse};
use domain::change::Change;
use futures_util::Stream;
use service_kit::grpc::CallerName;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::origin;
use crate::app::App;
use crate::app::subscribers::Subscription;

/// The pause between beats.
const BEAT: Duration = Duration::from_secs(1);
/// Events that may wait for a slow listener.
const BUFFER: usize = 256;

/// Answers those who verify tokens.
pub struct TokenStateService {
    app: Arc<App>,
    stop: CancellationToken,
}

impl TokenStateService {
    pub(super) fn new(app: Arc<App>, stop: CancellationToken) -> Self {
        Self { app, stop }
    }
}

type Events = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

#[tonic::async_trait]
impl TokenState for TokenStateService {
    type WatchStream = Events;

    async fn watch(&self, request: Request<Streaming<WatchRequest>>) -> Result<Response<Events>, Status> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        let (app, stop) = (Arc::clone(&self.app), self.stop.clone());
        let name = request.extensions().get::<CallerName>().map(|caller| caller.0.clone()).unwrap_or_default();
        let address = origin(&request).address;
        let subscription = app.subscribers.begin(name, address, app.clock.now(), &*app.entropy);
        tokio::spawn(async move {
            // The listener going away and the process stopping both end the stream; neither is a fault.
            tokio::select! {
                () = stop.cancelled() => {}
                _ = tell(&app, &sender, &subscription) => {}
                () = hear(request.into_inner(), &subscription) => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Hears what the listener has taken in. One that says nothing more is told on all the same.
async fn hear(mut requests: Streaming<WatchRequest>, subscription: &Subscription) {
    while let Ok(Some(request)) = requests.message().await {
        if let Some(number) = request.beat {
            subscription.took_in(number);
        }
    }
    std::future::pending().await
}

/// The listener has gone away.
struct Gone;

type Sender = mpsc::Sender<Result<WatchResponse, Status>>;

async fn tell(app: &App, sender: &Sender, subscription: &Subscription) -> Result<(), Gone> {
    let mut news = app.news.follow();
    tell_what_is_known(app, sender).await?;
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            // A beat vouches for everything before it, so what was heard goes first.
            biased;
            heard = news.recv() => match heard {
                Ok(heard) => tell_heard(app, sender, &heard).await?,
                // Everything is told anew, which does no harm to what is known already.
                Err(RecvError::Lagged(_)) => {
                    news = app.news.follow();
                    tell_what_is_known(app, sender).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            _ = beat.tick() => {
                let beat = beat_event(app, subscription);
                while let Ok(heard) = news.try_recv() {
                    tell_heard(app, sender, &heard).await?;
                }
                if let Some(beat) = beat {
                    send(sender, beat).await?;
                }
            }
        }
    }
}

async fn tell_what_is_known(app: &App, sender: &Sender) -> Result<(), Gone> {
    send(sender, Event::Restart(Restart {})).await?;
    send(sender, keys(app)).await?;
    for change in app.state.known() {
        send(sender, event(app, &change)).await?;
    }
    Ok(())
}

async fn tell_heard(app: &App, sender: &Sender, heard: &Heard) -> Result<(), Gone> {
    match heard {
        Heard::Change(change) => send(sender, event(app, change)).await,
        Heard::Restart => send(sender, Event::Restart(Restart {})).await,
    }
}

async fn send(sender: &Sender, event: Event) -> Result<(), Gone> {
    sender.send(Ok(WatchResponse { event: Some(event) })).await.map_err(|_| Gone)
}

fn keys(app: &App) -> Event {
    Event::Keys(KeySet { jwks: app.state.keys().json().to_vec() })
}

/// A beat says how old what was told is; while nothing is known there is nothing to say.
fn beat_event(app: &App, subscription: &Subscription) -> Option<Event> {
    let sessions = app.age()?;
    let epochs = app.identity.lease.age();
    let number = subscription.beat(epochs.map(|epochs| app.clock.now().minus(sessions.max(epochs))));
    Some(Event::Beat(Beat {
        sessions_age_ms: milliseconds(sessions),
        epochs_age_ms: epochs.map_or(u32::MAX, milliseconds),
        number,
    }))
}

fn milliseconds(age: Duration) -> u32 {
    u32::try_from(age.as_millis()).unwrap_or(u32::MAX)
}

fn event(app: &App, change: &Change) -> Event {
    let raised = |id: String, epoch: domain::Epoch| EpochRaised { id, epoch: epoch.0 };
    match change {
        Change::TenantEpoch(id, epoch) => Event::TenantEpoch(raised(id.to_string(), *epoch)),
        Change::ApplicationEpoch(id, epoch) => Event::ApplicationEpoch(raised(id.to_string(), *epoch)),
        Change::UserEpoch(id, epoch) => Event::UserEpoch(raised(id.to_string(), *epoch)),
        Change::SecretWithdrawn(id) => Event::SecretWithdrawn(id.to_string()),
        Change::SessionEnded(id, until) => {
            Event::SessionEnded(SessionEnded { session_id: id.to_string(), until: until.micros() })
        }
        Change::KeysChanged => keys(app),
        Change::UserRevised(id) => Event::UserRevised(id.to_string()),
        Change::ApplicationRevised(id) => Event::ApplicationRevised(id.to_string()),
        Change::PolicyRevised(id) => Event::PolicyRevised(id.to_string()),
        Change::TenantRevised(id) => Event::TenantRevised(id.to_string()),
    }
}
