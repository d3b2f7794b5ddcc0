//! What stands before the routes of a service.

use std::sync::Arc;
use std::time::Duration;

use crypto::jws::JwkSet;
use domain::{Clock, Issuers, Slug};
use ipnet::IpNet;
use serde::Deserialize;
use service_kit::Verifier;
use service_kit::grpc::{PeerSettings, Peers};
use service_kit::metrics::Metrics;
use service_kit::settings::SettingsError;

#[cfg(feature = "jwks")]
use crate::jwks::{JwksSettings, KeyVerifier, RemoteKeys};
use crate::permissions::{Asking, Decision, Permissions, Question, Unanswered};
use crate::{Caller, HISTORY, Lease, Leases, Refusal, TokenState, TokenVerifier, subscribe};

/// The pause between two looks at what may be forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// What a service must be told to be protected.
#[derive(Clone, Debug, Deserialize)]
pub struct GuardSettings {
    /// The public URL of auth-service: the `iss` of the default tenant's tokens.
    pub issuer: String,
    /// The slug of the tenant whose issuer has no `/t/<slug>`.
    pub default_tenant: String,
    /// The gRPC listeners of auth-service.
    pub auth: PeerSettings,
    /// From whom `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl GuardSettings {
    fn issuers(&self) -> Result<Issuers, SettingsError> {
        let tenant = Slug::parse(&self.default_tenant)
            .map_err(|reason| SettingsError::new(format!("'default_tenant' {reason}")))?;
        Issuers::parse(&self.issuer, tenant).map_err(|reason| SettingsError::new(format!("'issuer' {reason}")))
    }
}

/// What a service without the token-state stream does about tokens that were ended before their time.
#[cfg(feature = "jwks")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// auth is asked about every token, at every request (RFC 7662); without its answer nobody is let through.
    #[default]
    Asked,
    /// They are good until they expire, wherever no permission is asked for. Questions about permissions tell of them in
    /// any case.
    GoodUntilTheyExpire,
}

/// Lets requests through whose token is good and whose holder may do what they ask for. Whatever cannot be decided is
/// refused.
pub struct Guard {
    tokens: Tokens,
    peers: Peers,
    permissions: Permissions,
    trusted_proxies: Vec<IpNet>,
    clock: Arc<dyn Clock>,
}

/// How tokens are verified.
enum Tokens {
    /// From memory, which the token-state stream feeds.
    Followed { verifier: TokenVerifier, state: Arc<TokenState>, leases: Arc<Leases> },
    /// With fetched keys.
    #[cfg(feature = "jwks")]
    Fetched { verifier: KeyVerifier, keys: Arc<RemoteKeys>, ended: Ended },
}

/// A token that was read, and whether it may have been ended before its time.
struct Read {
    caller: Caller,
    may_have_ended: bool,
}

impl Guard {
    /// A guard that follows the token-state stream: what ends a token or takes a right away counts here within seconds, and
    /// what was answered is remembered for as long. It knows nothing before [`keep_current`](Self::keep_current) runs.
    ///
    /// # Errors
    /// A sentence about the settings.
    pub fn following(
        settings: &GuardSettings,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, SettingsError> {
        let peers = Peers::new(&settings.auth, "auth", metrics)?;
        let no_keys = JwkSet::from_public(&[]).map_err(|error| SettingsError::new(error.to_string()))?;
        let (state, leases) = (Arc::new(TokenState::new(no_keys)), Arc::new(Leases::default()));
        let age = {
            let leases = Arc::clone(&leases);
            move || leases.age()
        };
        let verifier = TokenVerifier::new(Arc::clone(&state), settings.issuers()?, Arc::clone(&clock), age);
        let permissions =
            Permissions::remembering(peers.clone(), Arc::clone(&state), Arc::clone(&leases), Arc::clone(&clock));
        let tokens = Tokens::Followed { verifier, state, leases };
        Ok(Self { tokens, peers, permissions, trusted_proxies: settings.trusted_proxies.clone(), clock })
    }

    /// A guard without the stream: keys are fetched over HTTPS, every question is asked, and `ended` says what becomes of
    /// tokens that were ended before their time. It knows nothing before [`keep_current`](Self::keep_current) runs.
    ///
    /// # Errors
    /// A sentence about the settings.
    #[cfg(feature = "jwks")]
    pub fn fetching(
        settings: &GuardSettings,
        jwks: &JwksSettings,
        ended: Ended,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, SettingsError> {
        let peers = Peers::new(&settings.auth, "auth", metrics)?;
        let keys = Arc::new(RemoteKeys::new(jwks, &settings.issuer)?);
        let verifier = KeyVerifier::new(Arc::clone(&keys), settings.issuers()?, Arc::clone(&clock));
        let permissions = Permissions::asking_always(peers.clone());
        let tokens = Tokens::Fetched { verifier, keys, ended };
        Ok(Self { tokens, peers, permissions, trusted_proxies: settings.trusted_proxies.clone(), clock })
    }

    /// Learns what happens, until `stop` resolves; runs beside the listeners for as long as they do.
    pub async fn keep_current(&self, stop: impl Future<Output = ()>) {
        match &self.tokens {
            Tokens::Followed { state, leases, .. } => {
                let (peers, clock) = (self.peers.clone(), Arc::clone(&self.clock));
                let following = subscribe(peers, Arc::clone(state), Arc::clone(leases), clock, stop);
                let forgetting = async {
                    loop {
                        tokio::time::sleep(SWEEP).await;
                        state.forget_before(self.clock.now().minus(HISTORY));
                    }
                };
                tokio::select! {
                    () = following => {}
                    () = forgetting => {}
                }
            }
            #[cfg(feature = "jwks")]
            Tokens::Fetched { keys, .. } => keys.keep_current(stop).await,
        }
    }

    /// Whether a good token can be told from others now, for the readiness of the service.
    pub fn is_ready(&self) -> bool {
        match &self.tokens {
            Tokens::Followed { leases, .. } => Lease::is_young(leases.age()),
            #[cfg(feature = "jwks")]
            Tokens::Fetched { keys, .. } => !keys.current().is_empty(),
        }
    }

    /// From whom `X-Forwarded-For` is believed.
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    /// Lets through whoever holds a good token, whatever they may do.
    ///
    /// # Errors
    /// [`Refusal::InvalidToken`], [`Refusal::Unavailable`].
    pub async fn admit(&self, token: &str) -> Result<Caller, Refusal> {
        let Read { caller, may_have_ended } = self.read(token).await?;
        if may_have_ended && !self.permissions.is_live(token).await? {
            return Err(Refusal::InvalidToken);
        }
        Ok(caller)
    }

    /// Lets through whoever holds a good token and may do this; from which address is known to the service.
    ///
    /// # Errors
    /// Any [`Refusal`] but the first.
    pub async fn admit_for(&self, token: &str, question: &Question, client_ip: &str) -> Result<Caller, Refusal> {
        // The question is asked in the name of the token, so it tells too whether that was ended.
        let Read { caller, .. } = self.read(token).await?;
        self.require(&caller, question, client_ip).await?;
        Ok(caller)
    }

    /// Lets on who may do this.
    ///
    /// # Errors
    /// Any [`Refusal`] but the first.
    pub async fn require(&self, caller: &Caller, question: &Question, client_ip: &str) -> Result<(), Refusal> {
        match self.permissions.check(Asking { caller, subject: "", client_ip }, question).await? {
            Decision::Allowed => Ok(()),
            Decision::Denied(_) => Err(Refusal::NotAllowed),
        }
    }

    /// Answers questions that are no guard's, such as which of many things to show.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    async fn read(&self, token: &str) -> Result<Read, Refusal> {
        match &self.tokens {
            Tokens::Followed { verifier, .. } => {
                Ok(Read { caller: Caller::new(token, verifier.verify(token)?), may_have_ended: false })
            }
            #[cfg(feature = "jwks")]
            Tokens::Fetched { verifier, ended, .. } => {
                let signed = verifier.verify(token).await?.that_may_have_ended();
                let may_have_ended = match ended {
                    Ended::Asked => true,
                    Ended::GoodUntilTheyExpire => false,
                };
                Ok(Read { caller: Caller::new(token, signed), may_have_ended })
            }
        }
    }
}

impl From<Unanswered> for Refusal {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::TokenEnded => Self::InvalidToken,
            Unanswered::NotTheirs | Unanswered::NoSuchSubject => Self::NotAllowed,
            Unanswered::Unavailable => Self::Unavailable,
        }
    }
}
