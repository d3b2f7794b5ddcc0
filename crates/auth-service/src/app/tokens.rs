//! The last phase of every grant: what was granted becomes tokens.

use std::time::Duration;

use ::auth::Door;
use ::auth::claims::{AccessClaims, IdClaims, Issue};
use ::auth::refresh::RefreshToken;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::Lease;
use crypto::digest::Sha256Digest;
use crypto::jws::SigningKey;
use domain::Secret;
use domain::id::TokenId;
use domain::scope::OPENID;
use error_codes::{Failure, Result, aut};
use serde::Serialize;

use super::App;
use super::grants::{Granted, GrantedSubject};

/// The tokens of one answer.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: Secret<String>,
    /// Its life from now, in seconds.
    pub expires_in: i64,
    /// The refresh token, where one was given.
    pub refresh_token: Option<Secret<String>>,
    /// The ID token, where `openid` was granted.
    pub id_token: Option<Secret<String>>,
    /// What was granted; empty for none.
    pub scope: String,
}

impl App {
    /// Signs the tokens of a grant.
    pub(super) async fn answer(&self, door: Door, granted: Granted) -> Result<TokenAnswer> {
        // A process that does not know its own database may not know that a key was retired.
        if !Lease::is_young(self.age()) {
            return Err(Failure::new(aut::UNAVAILABLE).with_retry_after(Duration::from_secs(1)));
        }
        let key = self.keys.signer().await?;
        let typ = access_token_type(door);
        let issuer = self.issuers.of(&granted.application.tenant.slug);
        let session_end = match &granted.subject {
            GrantedSubject::Person { session, .. } => Some(session.tokens_gone()),
            GrantedSubject::Machine { .. } => None,
        };
        let issue = Issue {
            issuer: &issuer,
            application: &granted.application,
            scopes: &granted.scopes,
            session: match &granted.subject {
                GrantedSubject::Person { session, .. } => session.login.session,
                GrantedSubject::Machine { session, .. } => *session,
            },
            id: TokenId::new(granted.now, &*self.entropy),
            issued_at: granted.now,
            expires_at: self.lifetimes_in(&granted.application.tenant).access_until(granted.now, session_end),
        };
        let (access_token, id_token) = match &granted.subject {
            GrantedSubject::Machine { epochs, secret, .. } => {
                (signed(&key, typ, &AccessClaims::of_machine(&issue, *epochs, *secret))?, None)
            }
            GrantedSubject::Person { user, session } => {
                let (epochs, proof) = (session.login.epochs, &session.login.authentication);
                let access_token = signed(&key, typ, &AccessClaims::of_person(&issue, user, epochs, proof))?;
                let id_token = if granted.scopes.contains(OPENID) {
                    let hash = access_token_hash(&access_token);
                    Some(Secret::new(signed(&key, "JWT", &IdClaims::new(&issue, user, proof, &hash))?))
                } else {
                    None
                };
                (access_token, id_token)
            }
        };
        Ok(TokenAnswer {
            access_token: Secret::new(access_token),
            expires_in: issue.expires_in_seconds(),
            refresh_token: granted.refresh_token,
            id_token,
            scope: granted.scopes.to_string(),
        })
    }

    /// Writes a refresh token; `None` where it would be too long to be taken back.
    pub(super) fn encode(&self, token: &RefreshToken) -> Option<Secret<String>> {
        token.encode(|body| {
            let tag = self.refresh_mac.tag(&[body]);
            (tag.key_id, tag.bytes)
        })
    }

    /// Reads a refresh token; `None` for everything that is not one of ours.
    pub(super) fn decode(&self, text: &str) -> Option<RefreshToken> {
        RefreshToken::decode(text, |key_id, body, tag| self.refresh_mac.verify(key_id, &[body], tag))
    }
}

fn signed(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Result<String> {
    key.sign(typ, claims).map_err(|error| Failure::new(aut::INTERNAL).with_cause(error))
}

/// `JWT` where clients parse it; RFC 9068 §2.1 elsewhere.
fn access_token_type(door: Door) -> &'static str {
    match door {
        Door::AccessManager => "JWT",
        Door::OAuth | Door::Token => "at+jwt",
    }
}

/// The left half of the hash of an access token (OpenID Connect Core §3.1.3.6); all our algorithms go with SHA-256.
fn access_token_hash(access_token: &str) -> String {
    let digest = Sha256Digest::of(access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..16])
}
