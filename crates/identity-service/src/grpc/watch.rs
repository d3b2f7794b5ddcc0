//! The change stream: what ended tokens within the history, then everything that changes, and a beat every second.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use client::Heard;
use contracts::identity::v1 as wire;
use contracts::identity::v1::change::What;
use contracts::identity::v1::watch_response::Event;
use domain::change::Change;
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::app::App;

/// The pause between beats.
const BEAT: Duration = Duration::from_secs(1);
/// Events that may wait for a slow follower.
const BUFFER: usize = 256;

/// What a follower receives.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<wire::WatchResponse, Status>> + Send>>;

/// The follower has gone away.
struct Gone;

type Sender = mpsc::Sender<Result<wire::WatchResponse, Status>>;

/// Begins a stream.
pub(super) fn watch(app: Arc<App>, stop: CancellationToken) -> Events {
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        // The follower going away and the process stopping both end the stream; neither is a fault.
        tokio::select! {
            () = stop.cancelled() => {}
            _ = tell(&app, &sender) => {}
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

async fn tell(app: &App, sender: &Sender) -> Result<(), Gone> {
    let mut news = app.news.follow();
    tell_the_past(app, sender).await?;
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            // A beat vouches for everything before it, so what changed goes first.
            biased;
            heard = news.recv() => match heard {
                Ok(heard) => tell_heard(app, sender, &heard).await?,
                Err(RecvError::Lagged(_)) => {
                    news = app.news.follow();
                    tell_the_past(app, sender).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            _ = beat.tick() => {
                // While this process does not know its own database there is nothing to vouch for.
                let age = app.store.age();
                while let Ok(heard) = news.try_recv() {
                    tell_heard(app, sender, &heard).await?;
                }
                if let Some(age) = age {
                    let age_ms = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
                    send(sender, Event::Beat(wire::Beat { age_ms })).await?;
                }
            }
        }
    }
}

/// A fresh start: what is remembered may be old, and what ended tokens is repeated.
async fn tell_the_past(app: &App, sender: &Sender) -> Result<(), Gone> {
    send(sender, Event::Restart(wire::Restart {})).await?;
    for change in app.news.past() {
        tell_change(sender, &change).await?;
    }
    Ok(())
}

async fn tell_heard(app: &App, sender: &Sender, heard: &Heard) -> Result<(), Gone> {
    match heard {
        Heard::Change(change) => tell_change(sender, change).await,
        Heard::Restart => tell_the_past(app, sender).await,
    }
}

async fn tell_change(sender: &Sender, change: &Change) -> Result<(), Gone> {
    match what(change) {
        Some(what) => send(sender, Event::Change(wire::Change { what: Some(what) })).await,
        None => Ok(()),
    }
}

async fn send(sender: &Sender, event: Event) -> Result<(), Gone> {
    sender.send(Ok(wire::WatchResponse { event: Some(event) })).await.map_err(|_| Gone)
}

/// What identity tells; what it heard from auth itself is not its to tell.
fn what(change: &Change) -> Option<What> {
    let raised = |id: String, epoch: domain::Epoch| wire::EpochRaised { id, epoch: epoch.0 };
    match change {
        Change::TenantEpoch(id, epoch) => Some(What::TenantEpoch(raised(id.to_string(), *epoch))),
        Change::ApplicationEpoch(id, epoch) => Some(What::ApplicationEpoch(raised(id.to_string(), *epoch))),
        Change::UserEpoch(id, epoch) => Some(What::UserEpoch(raised(id.to_string(), *epoch))),
        Change::SecretWithdrawn(id) => Some(What::SecretWithdrawn(id.to_string())),
        Change::UserRevised(id) => Some(What::UserRevised(id.to_string())),
        Change::ApplicationRevised(id) => Some(What::ApplicationRevised(id.to_string())),
        Change::PolicyRevised(id) => Some(What::PolicyRevised(id.to_string())),
        Change::TenantRevised(id) => Some(What::TenantRevised(id.to_string())),
        Change::SessionEnded(..) | Change::KeysChanged => None,
    }
}
