//! The claims of an access token.

use domain::Epochs;
use domain::id::SecretId;
use domain::token::{ACCESS, APPLICATION, Authentication, NORMAL_USER};
use serde::Serialize;
use uuid::Uuid;

use super::{Issue, versions};
use crate::party::User;

/// The claims of an access token under their names on the wire; `domain::token::AccessToken` reads them back.
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: [&'a str; 1],
    azp: &'a str,
    client_id: &'a str,
    app: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
    sid: Uuid,
    ver: [u32; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<Uuid>,
    token_use: &'static str,
    scope: String,
    owner: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    #[serde(rename = "displayName")]
    display_name: String,
    #[serde(rename = "tenantId")]
    tenant_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

impl<'a> AccessClaims<'a> {
    /// The claims of a person's token, under the epochs that the session was begun with.
    pub fn of_person(issue: &Issue<'a>, user: &'a User, epochs: Epochs, proof: &'a Authentication) -> Self {
        Self {
            sub: user.id.to_string(),
            kind: NORMAL_USER,
            name: &user.username,
            display_name: user.display_name(),
            amr: Some(&proof.methods),
            auth_time: Some(proof.at.seconds()),
            ..Self::of_application(issue, epochs, None)
        }
    }

    /// The claims of a token that an application gets for itself, under the epochs of its credentials exchange.
    pub fn of_machine(issue: &Issue<'a>, epochs: Epochs, secret: SecretId) -> Self {
        Self::of_application(issue, epochs, Some(secret))
    }

    fn of_application(issue: &Issue<'a>, epochs: Epochs, secret: Option<SecretId>) -> Self {
        let application = issue.application;
        Self {
            iss: issue.issuer,
            sub: application.sub(),
            aud: [&application.client_id],
            azp: &application.client_id,
            client_id: &application.client_id,
            app: application.id.uuid(),
            iat: issue.issued_at.seconds(),
            nbf: issue.issued_at.seconds(),
            exp: issue.expires_at.seconds(),
            jti: issue.id.uuid(),
            sid: issue.session.uuid(),
            ver: versions(epochs),
            secret_id: secret.map(SecretId::uuid),
            token_use: ACCESS,
            scope: issue.scopes.to_string(),
            owner: application.tenant.slug.as_str(),
            kind: APPLICATION,
            name: &application.name,
            display_name: application.display_name().to_owned(),
            tenant_id: application.tenant.id.uuid(),
            amr: None,
            auth_time: None,
        }
    }
}
