//! The grants: one file each, over shared phases.
//!
//! parse (edge) → authenticate the client → scopes → authorize → answer. Only a `Granted` becomes tokens, and it can
//! only be made of an application, a subject and scopes; so a new grant is a new file and cannot skip a phase.

mod client_credentials;
mod password;
mod refresh_token;

use std::sync::Arc;

use ::auth::party::{Application, User};
use ::auth::session::Session;
use ::auth::{Door, GrantType};
use domain::Secret;
use domain::id::{SecretId, SessionId};
use domain::scope::Scopes;
use domain::{Epochs, Timestamp};
use error_codes::{Result, aut};

use super::identity::ClientCredentials;
use super::tokens::TokenAnswer;
use super::{App, Origin};

/// A well-formed token request.
#[derive(Debug)]
pub struct TokenRequest {
    /// Where it came in.
    pub door: Door,
    /// The client, where it shows itself.
    pub client: Option<ClientCredentials>,
    /// What is presented.
    pub grant: Presented,
    /// What is asked for; `None` for everything the grant gives.
    pub scopes: Option<Scopes>,
    /// Where it came from.
    pub origin: Origin,
}

/// What a token request presents.
#[derive(Debug)]
pub enum Presented {
    /// A person's name and password.
    Password {
        /// As typed; `tenant/username` names the tenant.
        username: String,
        /// As typed.
        password: Secret<String>,
    },
    /// The client's credentials alone.
    ClientCredentials,
    /// A refresh token.
    RefreshToken(Secret<String>),
    /// The code of a browser login.
    AuthorizationCode,
}

impl Presented {
    fn grant_type(&self) -> GrantType {
        match self {
            Self::Password { .. } => GrantType::Password,
            Self::ClientCredentials => GrantType::ClientCredentials,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::AuthorizationCode => GrantType::AuthorizationCode,
        }
    }
}

/// What was granted, ready to be signed.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) application: Arc<Application>,
    pub(super) scopes: Scopes,
    pub(super) subject: GrantedSubject,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) now: Timestamp,
}

/// To whom it was granted.
#[derive(Debug)]
pub(super) enum GrantedSubject {
    Person { user: Box<User>, session: Box<Session> },
    Machine { session: SessionId, epochs: Epochs, secret: SecretId },
}

impl App {
    /// Answers a token request.
    pub async fn issue(&self, request: TokenRequest) -> Result<TokenAnswer> {
        let grant = request.grant.grant_type();
        let outcome = self.grant(request).await;
        self.meters.count_token_request(grant, &outcome);
        outcome
    }

    async fn grant(&self, request: TokenRequest) -> Result<TokenAnswer> {
        let granted = match request.grant {
            Presented::Password { username, password } => {
                let (client, origin) = (request.client, request.origin);
                self.grant_password(request.door, username, password, client, request.scopes, origin).await?
            }
            Presented::ClientCredentials => {
                let client = request.client.ok_or(aut::INVALID_CLIENT)?;
                self.grant_client_credentials(request.door, client, request.scopes, request.origin).await?
            }
            Presented::RefreshToken(token) => {
                self.grant_refresh_token(request.door, token, request.client, request.scopes, request.origin).await?
            }
            Presented::AuthorizationCode => return Err(aut::UNSUPPORTED_GRANT_TYPE.into()),
        };
        self.answer(request.door, granted).await
    }
}

impl App {
    /// Counts a request for a token: an application's own under its client id, a person's under their id.
    fn admit(&self, application: &Application, subject: &str) -> Result<()> {
        let tenant = &application.tenant;
        self.limits.admit(tenant.id, subject, tenant.requests_per_second)
    }
}

/// Checks that an application may use a grant.
fn require(application: &Application, grant: GrantType) -> Result<()> {
    if application.allows(grant) { Ok(()) } else { Err(aut::UNSUPPORTED_GRANT_TYPE.into()) }
}
