//! What subjects may do: asked of auth, and remembered while the token-state stream is young.

mod answers;
mod question;

use std::sync::Arc;
use std::time::Duration;

use contracts::auth::v1 as wire;
use contracts::auth::v1::authorization_client::AuthorizationClient;
use crypto::digest::Sha256Digest;
use domain::{Clock, Timestamp};
use error_codes::{AUTH, Kind};
use service_kit::grpc::{PeerChannel, Peers, from_status};
use tonic::{Request, Response, Status};

use self::answers::{Answer, Answers};
pub use self::question::{Asking, Decision, Denial, Question};
use crate::{Leases, TokenState};

/// How long a question may take in all; no answer by then is a refusal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no answer. None of these is a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The token was ended, or its subject is gone.
    TokenEnded,
    /// The question is about somebody else, and its asker lacks the permission `authorize:any`.
    NotTheirs,
    /// Nobody has the name that the question is about.
    NoSuchSubject,
    /// auth did not answer, or not this service, or not in time.
    Unavailable,
}

/// Asks auth what subjects may do.
///
/// With the token-state stream, answers are remembered: each counts while the stream is young, nothing was heard since it
/// was asked for that may change it, no grant begins or ends, and the token lives. Without the stream every question is
/// asked.
pub struct Permissions {
    peers: Peers,
    answers: Option<Answers>,
}

impl Permissions {
    /// Asks every question.
    pub fn asking_always(peers: Peers) -> Self {
        Self { peers, answers: None }
    }

    /// Remembers answers while the stream that feeds this state is young. The stream must be that of these `peers`.
    pub fn remembering(peers: Peers, state: Arc<TokenState>, leases: Arc<Leases>, clock: Arc<dyn Clock>) -> Self {
        Self { peers, answers: Some(Answers::new(state, leases, clock)) }
    }

    /// Answers one question.
    ///
    /// # Errors
    /// Everything but a clear yes or no.
    pub async fn check(&self, asking: Asking<'_>, question: &Question) -> Result<Decision, Unanswered> {
        let key = asking.key(question);
        if let Some(known) = self.recall(&key, asking) {
            return Ok(known);
        }
        let version = self.version();
        let request = wire::CheckRequest { asking: Some(asking.into()), question: Some(question.into()) };
        let send = |channel, request| async move { AuthorizationClient::new(channel).check(request).await };
        let (process, response) = self.ask(request, send).await?;
        let decision = response.decision.ok_or_else(senseless)?.into();
        self.remember(process, &[key], &[decision], version, response.valid_until);
        Ok(decision)
    }

    /// Answers up to 1000 questions, in their order; those that are not remembered in one call.
    ///
    /// # Errors
    /// Everything but a clear yes or no to each.
    pub async fn check_all(&self, asking: Asking<'_>, questions: &[Question]) -> Result<Vec<Decision>, Unanswered> {
        let keys: Vec<Sha256Digest> = questions.iter().map(|question| asking.key(question)).collect();
        let known: Vec<Option<Decision>> = keys.iter().map(|key| self.recall(key, asking)).collect();
        let is_open = |place: &usize| known.get(*place).is_some_and(Option::is_none);
        let open: Vec<usize> = (0..questions.len()).filter(is_open).collect();
        if open.is_empty() {
            return Ok(known.into_iter().flatten().collect());
        }
        let version = self.version();
        let asked = open.iter().filter_map(|place| questions.get(*place)).map(wire::Question::from).collect();
        let request = wire::BatchCheckRequest { asking: Some(asking.into()), questions: asked };
        let send = |channel, request| async move { AuthorizationClient::new(channel).batch_check(request).await };
        let (process, response) = self.ask(request, send).await?;
        let decisions: Vec<Decision> = response.decisions.into_iter().map(Decision::from).collect();
        if decisions.len() != open.len() {
            return Err(senseless());
        }
        let open_keys: Vec<Sha256Digest> = open.iter().filter_map(|place| keys.get(*place).copied()).collect();
        self.remember(process, &open_keys, &decisions, version, response.valid_until);
        let mut answered = decisions.into_iter();
        Ok(known.into_iter().filter_map(|known| known.or_else(|| answered.next())).collect())
    }

    /// Whether auth still takes an access token for good (RFC 7662); asked at every call.
    ///
    /// # Errors
    /// Everything but a clear yes or no.
    pub async fn is_live(&self, access_token: &str) -> Result<bool, Unanswered> {
        let request = wire::IntrospectRequest { access_token: access_token.to_owned() };
        let send = |channel, request| async move { AuthorizationClient::new(channel).introspect(request).await };
        self.ask(request, send).await.map(|(_, response)| response.active)
    }

    async fn ask<M, T, F>(
        &self,
        message: M,
        send: impl Fn(PeerChannel, Request<M>) -> F,
    ) -> Result<(usize, T), Unanswered>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        match tokio::time::timeout(PATIENCE, self.peers.call_any(message, send)).await {
            Ok(answered) => answered.map_err(refused),
            Err(_) => {
                tracing::warn!("a question was not answered in time");
                Err(Unanswered::Unavailable)
            }
        }
    }

    fn recall(&self, key: &Sha256Digest, asking: Asking<'_>) -> Option<Decision> {
        self.answers.as_ref()?.recall(key, asking.caller.token())
    }

    /// What the answers to questions that are asked from now on rest on at least.
    fn version(&self) -> u64 {
        self.answers.as_ref().map_or(0, Answers::version)
    }

    /// Remembers what a process answered, where it is the one that also tells when that changes: another may not have heard
    /// yet what this process heard already.
    fn remember(
        &self,
        process: usize,
        keys: &[Sha256Digest],
        decisions: &[Decision],
        version: u64,
        valid_until: Option<i64>,
    ) {
        let Some(answers) = self.answers.as_ref().filter(|_| self.peers.follows(process)) else { return };
        let valid_until = valid_until.map(Timestamp::from_micros);
        for (key, decision) in keys.iter().zip(decisions) {
            answers.remember(*key, Answer { decision: *decision, version, valid_until });
        }
    }
}

fn refused(status: Status) -> Unanswered {
    let failure = from_status(status, &AUTH);
    match failure.code().kind() {
        Kind::Unauthenticated => Unanswered::TokenEnded,
        Kind::Forbidden => Unanswered::NotTheirs,
        Kind::NotFound => Unanswered::NoSuchSubject,
        Kind::Malformed
        | Kind::Conflict
        | Kind::TooLarge
        | Kind::Unprocessable
        | Kind::Throttled
        | Kind::Internal
        | Kind::Unavailable
        | Kind::MethodNotAllowed => {
            tracing::warn!(code = failure.code().number(), cause = failure.cause(), "a question was not answered");
            Unanswered::Unavailable
        }
    }
}

fn senseless() -> Unanswered {
    tracing::error!("the answer of auth to a question makes no sense");
    Unanswered::Unavailable
}
