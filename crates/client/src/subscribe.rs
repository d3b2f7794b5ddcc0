//! The subscription to auth's token state.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::auth::v1::token_state_client::TokenStateClient;
use contracts::auth::v1::watch_response::Event;
use contracts::auth::v1::{Beat, WatchRequest, WatchResponse};
use crypto::jws::JwkSet;
use domain::change::Change;
use domain::id::{ApplicationId, SecretId, SessionId, TenantId, UserId};
use domain::{Clock, Epoch, Timestamp};
use service_kit::grpc::Peers;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

use crate::{Lease, TokenState};

/// Words about what was taken in that may wait to be sent.
const BACK: usize = 4;

/// The leases that one subscription renews.
#[derive(Debug, Default)]
pub struct Leases {
    /// On which sessions ended.
    pub sessions: Lease,
    /// On epochs and secrets, which auth itself learns from identity.
    pub epochs: Lease,
    /// On what subjects may do. What ended is known whoever told it, but an answer is no younger than the process that gave
    /// it, so this lease begins anew with each that is listened to.
    pub answers: Lease,
}

impl Leases {
    /// How old what is known of ended tokens is; `None` before anything was heard.
    pub fn age(&self) -> Option<Duration> {
        Some(self.sessions.age()?.max(self.epochs.age()?))
    }

    fn renew(&self, beat: &Beat) {
        let [sessions, epochs] =
            [beat.sessions_age_ms, beat.epochs_age_ms].map(|age_ms| Duration::from_millis(age_ms.into()));
        self.sessions.renew(sessions);
        self.epochs.renew(epochs);
        self.answers.renew(sessions.max(epochs));
    }
}

/// Feeds a state from auth's stream until `stop` resolves.
pub async fn subscribe(
    peers: Peers,
    state: Arc<TokenState>,
    leases: Arc<Leases>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()>,
) {
    // On the way back goes what was taken in, for operators who want to know how far everybody is.
    let back: Mutex<Option<mpsc::Sender<WatchRequest>>> = Mutex::new(None);
    let open = |channel, request: Request<WatchRequest>| {
        let (sender, receiver) = mpsc::channel(BACK);
        if let Ok(mut back) = back.lock() {
            *back = Some(sender);
        }
        let request = request.map(|first| tokio_stream::once(first).chain(ReceiverStream::new(receiver)));
        async move { TokenStateClient::new(channel).watch(request).await }
    };
    let tell_taken_in = |beat: u64| {
        // A word that has no room is made up for by the next.
        if let Ok(back) = back.lock()
            && let Some(sender) = &*back
        {
            let _ = sender.try_send(WatchRequest { beat: Some(beat) });
        }
    };
    let on_event = |response: WatchResponse| {
        let Some(event) = response.event else { return true };
        let beat = match &event {
            Event::Beat(beat) => Some(*beat),
            Event::Keys(_)
            | Event::SessionEnded(_)
            | Event::TenantEpoch(_)
            | Event::ApplicationEpoch(_)
            | Event::UserEpoch(_)
            | Event::SecretWithdrawn(_)
            | Event::UserRevised(_)
            | Event::ApplicationRevised(_)
            | Event::PolicyRevised(_)
            | Event::TenantRevised(_)
            | Event::Restart(_) => None,
        };
        if take(event, &state, &leases, clock.now()).is_none() {
            tracing::warn!("an event of the token-state stream makes no sense and was passed over");
        }
        let Some(beat) = beat else { return true };
        tell_taken_in(beat.number);
        // A process that has lost its own database is left for one that has not.
        Lease::is_young(Some(Duration::from_millis(beat.sessions_age_ms.into())))
    };
    peers.follow(WatchRequest::default(), open, on_event, stop).await;
}

/// Learns from one event; `None` when it makes no sense.
fn take(event: Event, state: &TokenState, leases: &Leases, now: Timestamp) -> Option<()> {
    let change = match event {
        Event::Keys(keys) => {
            state.set_keys(JwkSet::parse(&keys.jwks).ok()?);
            return Some(());
        }
        Event::Beat(beat) => {
            leases.renew(&beat);
            return Some(());
        }
        Event::SessionEnded(ended) => {
            Change::SessionEnded(SessionId::parse(&ended.session_id).ok()?, Timestamp::from_micros(ended.until))
        }
        Event::TenantEpoch(raised) => Change::TenantEpoch(TenantId::parse(&raised.id).ok()?, Epoch(raised.epoch)),
        Event::ApplicationEpoch(raised) => {
            Change::ApplicationEpoch(ApplicationId::parse(&raised.id).ok()?, Epoch(raised.epoch))
        }
        Event::UserEpoch(raised) => Change::UserEpoch(UserId::parse(&raised.id).ok()?, Epoch(raised.epoch)),
        Event::SecretWithdrawn(id) => Change::SecretWithdrawn(SecretId::parse(&id).ok()?),
        // Whom it is about makes no difference here, so who remembers no answers pays for no more than a count.
        Event::UserRevised(_) | Event::ApplicationRevised(_) | Event::PolicyRevised(_) | Event::TenantRevised(_) => {
            state.distrust_answers();
            return Some(());
        }
        Event::Restart(_) => {
            state.distrust_answers();
            leases.answers.end();
            return Some(());
        }
    };
    state.learn(&change, now);
    Some(())
}
