//! What a token that comes with a logout names: a session, and whose it is.

use domain::claim::{ClaimFault, Claims};
use domain::id::{ApplicationId, SessionId, TenantId, UserId};
use domain::token::{AccessToken, ID, TokenSubject};
use domain::{Issuers, Slug, Timestamp};
use serde_json::{Map, Value};

/// The session to end, as a token with our signature names it. The token may have expired or been ended; it grants
/// nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutHint {
    /// A person's session, named by an ID token or an access token.
    Person {
        /// The slug of the tenant.
        owner: Slug,
        /// The session.
        session: SessionId,
        /// Whose it must be.
        user: UserId,
    },
    /// A machine's credentials exchange, named by an access token.
    Machine {
        /// The tenant.
        tenant: TenantId,
        /// The application whose exchange it was.
        application: ApplicationId,
        /// The exchange.
        session: SessionId,
        /// When the token was made: how long the end must be remembered follows from it.
        issued_at: Timestamp,
    },
}

impl LogoutHint {
    /// Reads the claims of a token whose signature was verified, of either kind.
    pub fn parse(claims: &Map<String, Value>, issuers: &Issuers) -> Result<Self, ClaimFault> {
        let reader = Claims::new(claims);
        if reader.text("token_use")? == ID {
            let owner = issuers.tenant_of(reader.text("iss")?).ok_or(ClaimFault::Issuer)?;
            let session = reader.parsed("sid", SessionId::parse)?;
            return Ok(Self::Person { owner, session, user: reader.parsed("sub", UserId::parse)? });
        }
        let token = AccessToken::parse_at_any_time(claims, issuers)?;
        Ok(match token.subject {
            TokenSubject::User { id: user, .. } => Self::Person { owner: token.owner, session: token.session, user },
            TokenSubject::Application { .. } => Self::Machine {
                tenant: token.tenant,
                application: token.application,
                session: token.session,
                issued_at: token.issued_at,
            },
        })
    }
}
