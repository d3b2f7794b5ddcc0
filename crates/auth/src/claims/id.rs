//! The claims of an ID token (OpenID Connect Core §2): for the application that a person logged in through, not for APIs.

use domain::scope::{EMAIL, PROFILE};
use domain::token::{Authentication, ID};
use serde::Serialize;
use uuid::Uuid;

use super::Issue;
use crate::party::User;

/// The claims of an ID token under their names on the wire.
#[derive(Clone, Debug, Serialize)]
pub struct IdClaims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: [&'a str; 1],
    azp: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    sid: Uuid,
    amr: &'a [String],
    token_use: &'static str,
    at_hash: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    profile: Option<Profile<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    email: Option<Email<'a>>,
}

/// What the scope `profile` shows.
#[derive(Clone, Debug, Serialize)]
struct Profile<'a> {
    preferred_username: &'a str,
    name: String,
}

/// What the scope `email` shows.
#[derive(Clone, Debug, Serialize)]
struct Email<'a> {
    email: &'a str,
    email_verified: bool,
}

impl<'a> IdClaims<'a> {
    /// The claims that go with a person's access token; `at_hash` binds the two (OpenID Connect Core §3.1.3.6).
    ///
    /// Names and address are in them as far as the scopes `profile` and `email` ask for them.
    pub fn new(issue: &Issue<'a>, user: &'a User, proof: &'a Authentication, at_hash: &'a str) -> Self {
        let profile = Profile { preferred_username: &user.username, name: user.display_name() };
        let email = Email { email: &user.email, email_verified: user.email_verified };
        Self {
            iss: issue.issuer,
            sub: user.id.uuid(),
            aud: [&issue.application.client_id],
            azp: &issue.application.client_id,
            iat: issue.issued_at.seconds(),
            exp: issue.expires_at.seconds(),
            auth_time: proof.at.seconds(),
            sid: issue.session.uuid(),
            amr: &proof.methods,
            token_use: ID,
            at_hash,
            profile: issue.scopes.contains(PROFILE).then_some(profile),
            email: issue.scopes.contains(EMAIL).then_some(email),
        }
    }
}
