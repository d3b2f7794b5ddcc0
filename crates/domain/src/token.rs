//! What an access token says: its claims, read strictly, as every verifier sees them.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::claim::{ClaimFault, Claims};
use crate::id::{ApplicationId, SecretId, SessionId, TenantId, TokenId, UserId};
use crate::scope::Scopes;
use crate::{Epoch, Epochs, Issuers, Slug, Timestamp};

#[cfg(test)]
mod tests;

/// How far the clocks of two machines may differ before a fresh token looks as if it came from the future.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(60);
/// `token_use` of access tokens. Nothing else is one, whoever signed it.
pub const ACCESS: &str = "access";
/// `token_use` of ID tokens.
pub const ID: &str = "id";
/// `type` of the tokens of people.
pub const NORMAL_USER: &str = "normal-user";
/// `type` of the tokens of applications that act for themselves.
pub const APPLICATION: &str = "application";

/// An access token, signed or sealed by us. Whether it was ended meanwhile (epochs, revocations, withdrawn secrets) is
/// not in it: ask on every use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its own id.
    pub id: TokenId,
    /// The tenant it is good in.
    pub tenant: TenantId,
    /// The slug of that tenant.
    pub owner: Slug,
    /// `sub` as it stands in the token, for the trail: a user's id, or `<owner>/<name>` of an application.
    pub sub: String,
    /// Who acts with it.
    pub subject: TokenSubject,
    /// A username, or the name of an application.
    pub name: String,
    /// The same for human eyes.
    pub display_name: String,
    /// The application it was issued to: through which a person logged in, or the one that acts for itself.
    pub application: ApplicationId,
    /// What that application is called on OAuth surfaces.
    pub client_id: String,
    /// What it was authorised for.
    pub scopes: Scopes,
    /// The login or credentials exchange that it descends from.
    pub session: SessionId,
    /// What must not have been raised since.
    pub epochs: Epochs,
    /// When it was made, to the second.
    pub issued_at: Timestamp,
    /// When it ends, to the second.
    pub expires_at: Timestamp,
}

/// Who acts with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSubject {
    /// A person.
    User {
        /// Who.
        id: UserId,
        /// How it was made sure.
        authentication: Authentication,
    },
    /// An application for itself.
    Application {
        /// The secret that bought the token; when it is withdrawn, the token is dead.
        secret: SecretId,
    },
}

/// How and when a person proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The time of the last proof, to the second in a token (`auth_time`).
    pub at: Timestamp,
    /// Names of RFC 8176 §2, such as `pwd` and `otp`.
    pub methods: Vec<String>,
}

impl AccessToken {
    /// Reads the claims of a verified token and checks that now is its time.
    ///
    /// Valid while `now < exp`; `iat` and `nbf` may be ahead by [`CLOCK_LEEWAY`].
    pub fn parse(claims: &Map<String, Value>, issuers: &Issuers, now: Timestamp) -> Result<Self, ClaimFault> {
        let token = Self::parse_at_any_time(claims, issuers)?;
        if !token.is_unexpired(now) {
            return Err(ClaimFault::Expired);
        }
        let not_before = Claims::new(claims).time("nbf")?;
        if token.issued_at.max(not_before) > now.plus(CLOCK_LEEWAY) {
            return Err(ClaimFault::NotYetValid);
        }
        Ok(token)
    }

    /// Reads the claims of a verified token that may have expired: for naming what it began, never for a right.
    pub fn parse_at_any_time(claims: &Map<String, Value>, issuers: &Issuers) -> Result<Self, ClaimFault> {
        let claims = Claims::new(claims);
        if claims.text("token_use")? != ACCESS {
            return Err(ClaimFault::OtherUse);
        }
        let owner = claims.parsed("owner", Slug::parse)?;
        if issuers.tenant_of(claims.text("iss")?).as_ref() != Some(&owner) {
            return Err(ClaimFault::Issuer);
        }
        let client_id = non_empty(claims, "client_id")?;
        if claims.text("azp")? != client_id {
            return Err(ClaimFault::Malformed("azp"));
        }
        if !claims.texts("aud")?.contains(&client_id) {
            return Err(ClaimFault::Audience);
        }
        let (issued_at, expires_at) = (claims.time("iat")?, claims.time("exp")?);
        if expires_at < issued_at {
            return Err(ClaimFault::Malformed("exp"));
        }
        let [tenant, application, subject] = claims.counters("ver")?.map(Epoch);
        Ok(Self {
            id: claims.parsed("jti", TokenId::parse)?,
            tenant: claims.parsed("tenantId", TenantId::parse)?,
            sub: non_empty(claims, "sub")?.to_owned(),
            subject: TokenSubject::parse(claims, &owner)?,
            owner,
            name: claims.text("name")?.to_owned(),
            display_name: claims.text("displayName")?.to_owned(),
            application: claims.parsed("app", ApplicationId::parse)?,
            client_id: client_id.to_owned(),
            scopes: claims.parsed("scope", Scopes::parse)?,
            session: claims.parsed("sid", SessionId::parse)?,
            epochs: Epochs { tenant, application, subject },
            issued_at,
            expires_at,
        })
    }

    /// Whether its time has not run out.
    pub fn is_unexpired(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// What the audit trail calls who acts with it: `user` or `application`.
    pub fn actor_kind(&self) -> &'static str {
        match self.subject {
            TokenSubject::User { .. } => "user",
            TokenSubject::Application { .. } => "application",
        }
    }

    /// What the claim `type` calls who acts with it: `normal-user` or `application`.
    pub fn type_name(&self) -> &'static str {
        match self.subject {
            TokenSubject::User { .. } => NORMAL_USER,
            TokenSubject::Application { .. } => APPLICATION,
        }
    }

    /// The person who acts with it; `None` for an application.
    pub fn user(&self) -> Option<UserId> {
        match &self.subject {
            TokenSubject::User { id, .. } => Some(*id),
            TokenSubject::Application { .. } => None,
        }
    }
}

impl TokenSubject {
    fn parse(claims: Claims<'_>, owner: &Slug) -> Result<Self, ClaimFault> {
        match claims.text("type")? {
            NORMAL_USER => {
                if claims.has("secret_id") {
                    return Err(ClaimFault::Malformed("secret_id"));
                }
                let methods = claims.texts("amr")?.into_iter().map(ToOwned::to_owned).collect();
                let authentication = Authentication { at: claims.time("auth_time")?, methods };
                Ok(Self::User { id: claims.parsed("sub", UserId::parse)?, authentication })
            }
            APPLICATION => {
                // No slug holds a `/` and no user id does, so the two kinds of `sub` can never be equal.
                let name = claims.text("sub")?.split_once('/').filter(|(tenant, _)| *tenant == *owner);
                if name.is_none_or(|(_, name)| name.is_empty()) {
                    return Err(ClaimFault::Malformed("sub"));
                }
                Ok(Self::Application { secret: claims.parsed("secret_id", SecretId::parse)? })
            }
            _ => Err(ClaimFault::Malformed("type")),
        }
    }
}

fn non_empty<'a>(claims: Claims<'a>, name: &'static str) -> Result<&'a str, ClaimFault> {
    match claims.text(name)? {
        "" => Err(ClaimFault::Malformed(name)),
        text => Ok(text),
    }
}
