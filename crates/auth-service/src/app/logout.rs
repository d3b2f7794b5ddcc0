//! The end of a session, named by one of its tokens (`POST /v1/logout`).

use ::auth::claims::LogoutHint;
use ::auth::session::EndReason;
use auth_store::revocations::{self, Exchange};
use auth_store::sessions;
use crypto::jws;
use error_codes::{Failure, Result, aut};

use super::{App, Origin};

/// Access and ID tokens name a session.
const TYPES: &[&str] = &["JWT", "at+jwt"];

impl App {
    /// Ends the session that a token of ours names, which may have expired. Ending it twice is no error.
    ///
    /// # Errors
    /// AUT-0007 for anything that is not a token with our signature.
    pub async fn log_out(&self, hint: &str, origin: Origin) -> Result<()> {
        let invalid = |cause: String| Failure::new(aut::INVALID_TOKEN).with_cause(cause);
        let verified = jws::verify(hint, &self.state.keys(), TYPES).map_err(|fault| invalid(fault.to_string()))?;
        let hint = LogoutHint::parse(&verified.claims, &self.issuers).map_err(|fault| invalid(fault.to_string()))?;
        match hint {
            LogoutHint::Person { session: id, user, .. } => {
                let actor = origin.actor("user", user);
                self.store
                    .write(move |unit| {
                        if let Some(session) = sessions::find(unit, id)?.filter(|held| held.login.user == user) {
                            sessions::mark_ended(unit, &session, EndReason::Logout, &actor)?;
                        }
                        Ok(())
                    })
                    .await
            }
            LogoutHint::Machine { tenant, application, session, issued_at } => {
                let actor = origin.actor("application", application);
                let tokens_gone = self.lifetimes.machine_tokens_gone(issued_at);
                let exchange = Exchange { tenant, application, session, tokens_gone };
                self.store
                    .write(move |unit| revocations::mark_exchange_ended(unit, &exchange, &actor).map(|_| ()))
                    .await
            }
        }
    }
}
