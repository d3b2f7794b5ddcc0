//! A person's name and password, through the tenant's default application or one that was granted it.

use ::auth::session::{Login, Origin as LoginOrigin, Session};
use ::auth::{Door, GrantType};
use auth_store::sessions;
use domain::Secret;
use domain::id::SessionId;
use domain::scope::{ACCESS_MANAGER, EMAIL, OPENID, PROFILE, Scopes};
use domain::token::Authentication;
use error_codes::{Failure, Result, aut};

use super::{Granted, GrantedSubject, require};
use crate::app::identity::ClientCredentials;
use crate::app::{App, Origin};

/// The password, as an authentication method (RFC 8176 §2).
const PASSWORD: &str = "pwd";

impl App {
    pub(super) async fn grant_password(
        &self,
        door: Door,
        username: String,
        password: Secret<String>,
        client: Option<ClientCredentials>,
        scopes: Option<Scopes>,
        origin: Origin,
    ) -> Result<Granted> {
        let verified = self.identity.verify_password(username, password, client.as_ref(), &origin).await?;
        let application = verified.application;
        require(&application, GrantType::Password)?;
        self.admit(&application, &verified.user.id.to_string())?;
        let offered = offered(application.is_default);
        let scopes = scopes.unwrap_or_else(|| offered.clone());
        if !scopes.is_within(&offered) {
            let reason = "asks for a scope that this application cannot have";
            return Err(Failure::new(aut::BAD_REQUEST).with_field("scope", reason));
        }
        let now = self.clock.now();
        let login = Login {
            session: SessionId::new(now, &*self.entropy),
            tenant: application.tenant.id,
            user: verified.user.id,
            application: application.id,
            door,
            scopes: scopes.clone(),
            epochs: application.epochs_of(verified.epoch),
            authentication: Authentication { at: now, methods: vec![PASSWORD.to_owned()] },
            origin: LoginOrigin::new(origin.address.clone(), &origin.user_agent),
        };
        let session = Session::begin(login, &self.lifetimes_in(&application.tenant), now);
        let refresh_token = application
            .allows(GrantType::RefreshToken)
            .then(|| self.encode(&::auth::refresh::RefreshToken::Person(session.refresh_token(1))))
            .flatten();
        // An epoch that rose while the password was hashed: what it ended must not begin again.
        let login = &session.login;
        if !self.state.epochs_hold(login.tenant, login.application, login.user, login.epochs) {
            return Err(aut::INVALID_CREDENTIALS.into());
        }
        let (inserted, actor) = (session.clone(), origin.actor("user", verified.user.id));
        self.store.write(move |unit| sessions::insert(unit, &inserted, &actor)).await?;
        let subject = GrantedSubject::Person { user: Box::new(verified.user), session: Box::new(session) };
        Ok(Granted { application, scopes, subject, refresh_token, now })
    }
}

/// What a person can authorise an application for: everything they may do only through the tenant's own.
fn offered(is_default: bool) -> Scopes {
    if is_default {
        Scopes::of(&[OPENID, PROFILE, EMAIL, ACCESS_MANAGER])
    } else {
        Scopes::of(&[OPENID, PROFILE, EMAIL])
    }
}
