//! What identity says: asked over gRPC, remembered until its stream says otherwise.
//!
//! While the stream beats, a known answer costs neither database nor network. When it does not, identity is asked at
//! every call, and when it does not answer, the request is refused: never a yes from missing data.

mod parse;

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::auth::party::{Application, User};
use client::{Lease, News};
use contracts::identity::v1 as wire;
use contracts::identity::v1::identity_client::IdentityClient;
use crypto::digest::Sha256Digest;
use domain::change::Change;
use domain::id::{ApplicationId, SecretId, TenantId, UserId};
use domain::network::Networks;
use domain::permission::{IDENTITY_PRODUCT, PermissionSet};
use domain::scope::ACCESS_MANAGER;
use domain::token::AccessToken;
use domain::{Clock, Epoch, Secret, Timestamp};
use error_codes::{AUTH, Failure, Result, aut};
use moka::sync::Cache;
use service_kit::grpc::{Peers, from_status};
use service_kit::metrics::CacheMeter;

use self::parse::{parse_application, parse_subject, parse_user};
use super::Origin;
use super::failed_clients::FailedClients;

/// Applications and credentials that are remembered.
const APPLICATIONS: u64 = 20_000;
/// Subjects that are remembered.
const SUBJECTS: u64 = 20_000;

/// Who a subject is now, and what it may do.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Whether it may do anything at all.
    pub is_active: bool,
    /// What its tokens must not be older than.
    pub epoch: Epoch,
    /// What the tokens of its tenant must not be older than.
    pub tenant_epoch: Epoch,
    /// What it may do.
    pub permissions: PermissionSet,
    /// From where its tenant admits questions; empty: from everywhere.
    pub networks: Networks,
    /// Who it is.
    pub party: Party,
}

impl Subject {
    /// Whether a token of this subject may manage something of Gatehouse: the subject needs the permission, and a person's
    /// token the scope as well. Questions about oneself need neither.
    pub fn may_manage(&self, token: &AccessToken, resource: &str, action: &str) -> bool {
        let in_scope = token.user().is_none() || token.scopes.contains(ACCESS_MANAGER);
        in_scope && self.permissions.allows(Some(IDENTITY_PRODUCT), resource, action)
    }
}

/// A person or an application.
#[derive(Clone, Debug)]
pub enum Party {
    /// A person, and the ids of their groups.
    Person(User, Vec<String>),
    /// An application.
    Application(Arc<Application>),
}

/// How a subject is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A person by id.
    User(UserId),
    /// A person by username.
    Username(String),
    /// An application by id.
    Application(ApplicationId),
}

/// A client whose secret was right.
#[derive(Clone, Debug)]
pub struct VerifiedClient {
    /// The application.
    pub application: Arc<Application>,
    /// The secret that was shown.
    pub secret: SecretId,
}

/// A person whose password was right.
#[derive(Clone, Debug)]
pub struct VerifiedPerson {
    /// The person.
    pub user: User,
    /// The epoch the check was made under.
    pub epoch: Epoch,
    /// The application through which they log in.
    pub application: Arc<Application>,
}

/// The credentials of a client, as they came.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// The client's id.
    pub id: String,
    /// The client's secret.
    pub secret: Secret<String>,
}

/// What identity says.
///
/// Its calls are boxed, so that an answer that is remembered does not move the room of a call about.
pub struct Identity {
    peers: Peers,
    /// How old what its stream said is.
    pub lease: Lease,
    failed_clients: FailedClients,
    clock: Arc<dyn Clock>,
    /// Counts what was heard, so that an answer that was under way meanwhile is not remembered.
    heard: AtomicU64,
    clients: Cache<Sha256Digest, VerifiedClient>,
    applications: Cache<ApplicationId, Arc<Application>>,
    subjects: Cache<Who, (TenantId, Arc<Subject>)>,
    /// How often credentials were remembered.
    pub clients_meter: CacheMeter,
    /// How often an application was remembered.
    pub applications_meter: CacheMeter,
    /// How often a subject was remembered.
    pub subjects_meter: CacheMeter,
}

impl Identity {
    /// Knows nothing yet.
    pub fn new(peers: Peers, failed_clients: FailedClients, clock: Arc<dyn Clock>) -> Self {
        Self {
            peers,
            lease: Lease::new(),
            failed_clients,
            clock,
            heard: AtomicU64::new(0),
            clients: Cache::new(APPLICATIONS),
            applications: Cache::new(APPLICATIONS),
            subjects: Cache::new(SUBJECTS),
            clients_meter: CacheMeter::default(),
            applications_meter: CacheMeter::default(),
            subjects_meter: CacheMeter::default(),
        }
    }

    /// Checks a client's secret (RFC 6749 §2.3.1).
    ///
    /// # Errors
    /// AUT-1004 for an unknown client and a wrong secret alike; AUT-0015, AUT-0016.
    pub async fn verify_client(&self, credentials: &ClientCredentials, origin: &Origin) -> Result<VerifiedClient> {
        let tenant = origin.tenant.clone().unwrap_or_default();
        let secret = credentials.secret.expose();
        let key = Sha256Digest::of_parts(&[tenant.as_bytes(), credentials.id.as_bytes(), secret.as_bytes()]);
        let known = self
            .clients
            .get(&key)
            .filter(|known| self.lease.holds() && known.application.has_live_secret(known.secret, self.clock.now()));
        self.clients_meter.count(known.is_some());
        if let Some(known) = known {
            return Ok(known);
        }
        // What is remembered was answered above: another caller of the network cannot keep a known client out.
        self.failed_clients.check(&origin.address)?;
        let heard = self.heard.load(Ordering::Acquire);
        let request = wire::VerifyClientRequest {
            tenant,
            client_id: credentials.id.clone(),
            client_secret: secret.clone(),
            address: origin.address.clone(),
            request_id: origin.request_id.clone(),
        };
        let send = |channel, request| async move { IdentityClient::new(channel).verify_client(request).await };
        let response = Box::pin(self.peers.call(request, send)).await.map_err(|status| from_status(status, &AUTH))?;
        let verified = match response.outcome {
            Some(wire::verify_client_response::Outcome::Verified(verified)) => verified,
            Some(wire::verify_client_response::Outcome::Refused(refused)) => {
                return Err(self.refused(&refused, origin));
            }
            None => return Err(senseless("VerifyClient")),
        };
        let parsed = verified.application.and_then(parse_application).zip(SecretId::parse(&verified.secret_id).ok());
        let (application, secret) = parsed.ok_or_else(|| senseless("VerifyClient"))?;
        let verified = VerifiedClient { application: Arc::new(application), secret };
        self.remember(&self.clients, key, verified.clone(), heard);
        Ok(verified)
    }

    /// Checks a person's password, and the client through which they log in when one is named.
    ///
    /// # Errors
    /// AUT-1002 for everything about the person, AUT-1004 about the client, AUT-1001; AUT-0015, AUT-0016.
    pub async fn verify_password(
        &self,
        username: String,
        password: Secret<String>,
        client: Option<&ClientCredentials>,
        origin: &Origin,
    ) -> Result<VerifiedPerson> {
        if client.is_some() {
            self.failed_clients.check(&origin.address)?;
        }
        let request = wire::VerifyPasswordRequest {
            tenant: origin.tenant.clone().unwrap_or_default(),
            username,
            password: password.expose().clone(),
            client_id: client.map(|client| client.id.clone()).unwrap_or_default(),
            client_secret: client.map(|client| client.secret.expose().clone()).unwrap_or_default(),
            address: origin.address.clone(),
            request_id: origin.request_id.clone(),
        };
        let send = |channel, request| async move { IdentityClient::new(channel).verify_password(request).await };
        let response = Box::pin(self.peers.call(request, send)).await.map_err(|status| from_status(status, &AUTH))?;
        let verified = match response.outcome {
            Some(wire::verify_password_response::Outcome::Verified(verified)) => verified,
            Some(wire::verify_password_response::Outcome::Refused(refused)) => {
                return Err(self.refused(&refused, origin));
            }
            None => return Err(senseless("VerifyPassword")),
        };
        let user = verified.user.and_then(parse_user);
        let application = verified.application.and_then(parse_application);
        let ((user, _), application) = user.zip(application).ok_or_else(|| senseless("VerifyPassword"))?;
        Ok(VerifiedPerson { user, epoch: Epoch(verified.epoch), application: Arc::new(application) })
    }

    /// Tells what an application is now; `None` when it is no more.
    pub async fn application(&self, id: ApplicationId) -> Result<Option<Arc<Application>>> {
        let known = self.applications.get(&id).filter(|_| self.lease.holds());
        self.applications_meter.count(known.is_some());
        if known.is_some() {
            return Ok(known);
        }
        let heard = self.heard.load(Ordering::Acquire);
        let request = wire::FindApplicationRequest { id: id.to_string() };
        let send = |channel, request| async move { IdentityClient::new(channel).find_application(request).await };
        let response = Box::pin(self.peers.call(request, send)).await.map_err(|status| from_status(status, &AUTH))?;
        let Some(application) = response.application else { return Ok(None) };
        let application = Arc::new(parse_application(application).ok_or_else(|| senseless("FindApplication"))?);
        self.remember(&self.applications, id, Arc::clone(&application), heard);
        Ok(Some(application))
    }

    /// Tells who a subject is now and what it may do; `None` when nobody has this name in the tenant.
    pub async fn subject(&self, tenant: TenantId, who: Who) -> Result<Option<Arc<Subject>>> {
        let known = self
            .subjects
            .get(&who)
            .filter(|(home, known)| *home == tenant && self.lease.holds() && is_good_at(known, self.clock.now()));
        self.subjects_meter.count(known.is_some());
        if let Some((_, known)) = known {
            return Ok(Some(known));
        }
        let heard = self.heard.load(Ordering::Acquire);
        let named = match &who {
            Who::User(id) => wire::find_subject_request::Subject::UserId(id.to_string()),
            Who::Username(name) => wire::find_subject_request::Subject::Username(name.clone()),
            Who::Application(id) => wire::find_subject_request::Subject::ApplicationId(id.to_string()),
        };
        let request = wire::FindSubjectRequest { tenant_id: tenant.to_string(), subject: Some(named) };
        let send = |channel, request| async move { IdentityClient::new(channel).find_subject(request).await };
        let response = Box::pin(self.peers.call(request, send)).await.map_err(|status| from_status(status, &AUTH))?;
        let Some(subject) = response.subject else { return Ok(None) };
        let subject = Arc::new(parse_subject(subject).ok_or_else(|| senseless("FindSubject"))?);
        // A name may be another's tomorrow; what is remembered goes by id.
        if !matches!(who, Who::Username(_)) {
            self.remember(&self.subjects, who, (tenant, Arc::clone(&subject)), heard);
        }
        Ok(Some(subject))
    }

    /// Tells identity which secrets were used.
    pub async fn report_use(&self, uses: Vec<wire::SecretUse>) -> Result<()> {
        let send = |channel, request| async move { IdentityClient::new(channel).report_use(request).await };
        let request = wire::ReportUseRequest { uses };
        Box::pin(self.peers.call(request, send)).await.map(|_| ()).map_err(|status| from_status(status, &AUTH))
    }

    /// Follows identity's stream until `stop` resolves: forgets what changed, and spreads what ended tokens.
    pub async fn follow(&self, news: &News, stop: impl Future<Output = ()>) {
        let history_seconds = u32::try_from(client::HISTORY.as_secs()).unwrap_or(u32::MAX);
        let open = |channel, request| async move { IdentityClient::new(channel).watch(request).await };
        let on_event = |response: wire::WatchResponse| {
            match response.event {
                Some(wire::watch_response::Event::Beat(beat)) => {
                    let age = Duration::from_millis(beat.age_ms.into());
                    self.lease.renew(age);
                    // A process that has lost its own database is left for one that has not.
                    return Lease::is_young(Some(age));
                }
                Some(wire::watch_response::Event::Change(change)) => match parse::parse_change(change) {
                    Some(change) => {
                        // Who hears of it and asks at once must not get what was remembered before.
                        self.forget(&change);
                        news.spread(&change);
                    }
                    None => self.begin_anew(news),
                },
                Some(wire::watch_response::Event::Restart(_)) | None => self.begin_anew(news),
            }
            true
        };
        self.peers.follow(wire::WatchRequest { history_seconds }, open, on_event, stop).await;
    }

    /// Changes may have been missed, here and by everybody who follows.
    fn begin_anew(&self, news: &News) {
        self.forget_all();
        news.restart();
    }

    /// A refusal of identity; wrong client credentials are counted.
    fn refused(&self, refused: &wire::Refused, origin: &Origin) -> Failure {
        let failure = refusal(refused);
        if failure.code() == aut::INVALID_CLIENT {
            self.failed_clients.count(&origin.address);
        }
        failure
    }

    fn forget(&self, change: &Change) {
        self.heard.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::UserEpoch(id, _) | Change::UserRevised(id) => self.subjects.invalidate(&Who::User(*id)),
            Change::TenantEpoch(..) | Change::TenantRevised(_) => self.forget_all(),
            Change::ApplicationEpoch(..) | Change::ApplicationRevised(_) | Change::SecretWithdrawn(_) => {
                self.clients.invalidate_all();
                self.applications.invalidate_all();
                self.subjects.invalidate_all();
            }
            Change::PolicyRevised(_) => self.subjects.invalidate_all(),
            Change::SessionEnded(..) | Change::KeysChanged => {}
        }
    }

    fn forget_all(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
        self.clients.invalidate_all();
        self.applications.invalidate_all();
        self.subjects.invalidate_all();
    }

    /// Remembers an answer, unless something was heard since it was asked for.
    fn remember<K, V>(&self, cache: &Cache<K, V>, key: K, value: V, heard: u64)
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let has_heard_nothing = || self.heard.load(Ordering::Acquire) == heard;
        if has_heard_nothing() {
            cache.insert(key.clone(), value);
            // What came between the question and the insertion would stay unheard.
            if !has_heard_nothing() {
                cache.invalidate(&key);
            }
        }
    }
}

fn is_good_at(subject: &Subject, now: Timestamp) -> bool {
    subject.permissions.valid_until().is_none_or(|end| now < end)
}

fn refusal(refused: &wire::Refused) -> Failure {
    match refused.refusal() {
        wire::Refusal::WrongCredentials | wire::Refusal::Unspecified => aut::INVALID_CREDENTIALS.into(),
        wire::Refusal::WrongClient => aut::INVALID_CLIENT.into(),
        wire::Refusal::GrantNotAllowed => aut::UNSUPPORTED_GRANT_TYPE.into(),
        wire::Refusal::Throttled => Failure::new(aut::THROTTLED)
            .with_retry_after(Duration::from_secs(refused.retry_after_seconds.max(1).into())),
    }
}

fn senseless(method: &'static str) -> Failure {
    Failure::new(aut::INTERNAL).with_cause(format!("the answer of identity to {method} makes no sense"))
}
