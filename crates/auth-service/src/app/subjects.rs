//! The subject of a verified token, as it is now.

use std::sync::Arc;

use domain::token::{AccessToken, TokenSubject};
use error_codes::{Result, aut};

use super::App;
use super::identity::{Subject, Who};

impl App {
    /// Tells who a token's subject is now.
    ///
    /// # Errors
    /// AUT-0007 when it is gone, disabled, or an epoch rose that this process had not heard of.
    pub async fn subject_of(&self, token: &AccessToken) -> Result<Arc<Subject>> {
        let who = match &token.subject {
            TokenSubject::User { id, .. } => Who::User(*id),
            TokenSubject::Application { .. } => Who::Application(token.application),
        };
        let subject = self.identity.subject(token.tenant, who).await?.ok_or(aut::INVALID_TOKEN)?;
        let is_alive =
            subject.is_active && token.epochs.subject >= subject.epoch && token.epochs.tenant >= subject.tenant_epoch;
        if is_alive { Ok(subject) } else { Err(aut::INVALID_TOKEN.into()) }
    }
}
