//! What subjects may do: `POST /v1/authorize`.

use ::auth::question::{Answer, Asked, Asker, Denial, Other, Question};
use domain::audit::action;
use domain::id::{ApplicationId, UserId};
use domain::permission::{AUTHORIZE_ANY, IDENTITY_PRODUCT};
use domain::token::AccessToken;
use error_codes::{Result, aut};
use store::{AuditEvent, Outcome};

use super::identity::{Party, Who};
use super::{App, Origin};

impl App {
    /// Answers a permission question.
    ///
    /// # Errors
    /// AUT-0017 when it is about somebody else and the caller may not ask that; AUT-1015 when nobody has that name.
    pub async fn authorize(
        &self,
        token: &AccessToken,
        sub: Option<&str>,
        question: Question<'_>,
        origin: &Origin,
    ) -> Result<Answer> {
        let own = self.subject_of(token).await?;
        let product = match &own.party {
            Party::Person(..) => None,
            Party::Application(application) => application.product.as_deref(),
        };
        match (Asker { token, product }).asks_about(sub) {
            Asked::Own => Ok(question.answer(true, &own.permissions)),
            Asked::OtherRole => Ok(Answer::Denied(Denial::Permission)),
            Asked::Another(other) => {
                let (resource, action) = AUTHORIZE_ANY;
                if !own.permissions.allows(Some(IDENTITY_PRODUCT), resource, action) {
                    self.audit_refused_question(token, sub, origin).await?;
                    return Err(aut::FORBIDDEN.into());
                }
                self.answer_about(token, other, question).await
            }
        }
    }

    async fn answer_about(&self, token: &AccessToken, other: Other, question: Question<'_>) -> Result<Answer> {
        let candidates = match other {
            Other::Id(id) => vec![Who::User(UserId::from(id)), Who::Application(ApplicationId::from(id))],
            Other::Name(name) => vec![Who::Username(name)],
        };
        for who in candidates {
            if let Some(subject) = self.identity.subject(token.tenant, who).await? {
                return Ok(question.answer(subject.is_active, &subject.permissions));
            }
        }
        Err(aut::SUBJECT_NOT_FOUND.into())
    }

    async fn audit_refused_question(&self, token: &AccessToken, sub: Option<&str>, origin: &Origin) -> Result<()> {
        let event = AuditEvent {
            tenant: token.tenant,
            actor: origin.actor(token.actor_kind(), &token.sub),
            action: action::PERMISSION_ASK,
            target_id: sub.unwrap_or_default().chars().take(255).collect(),
            outcome: Outcome::Refused(aut::FORBIDDEN),
            details: None,
        };
        self.store.write(move |unit| unit.audit(&event)).await
    }
}
