//! Who calls.

use std::sync::Arc;

use domain::Secret;
use domain::token::AccessToken;

/// Who calls: an access token that a [`Guard`](crate::Guard) let through, and its text, for questions in its name.
#[derive(Clone, Debug)]
pub struct Caller {
    text: Secret<String>,
    token: Arc<AccessToken>,
}

impl Caller {
    pub(crate) fn new(text: &str, token: Arc<AccessToken>) -> Self {
        Self { text: Secret::new(text.to_owned()), token }
    }

    /// What the token says.
    pub fn token(&self) -> &Arc<AccessToken> {
        &self.token
    }

    /// The token itself.
    pub(crate) fn text(&self) -> &Secret<String> {
        &self.text
    }
}
