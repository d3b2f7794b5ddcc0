//! What subjects may do: one decision behind every door.

use std::sync::Arc;

use ::auth::question::{Answer, Asked, Asker, ClientAddress, Denial, Other, Question};
use domain::Timestamp;
use domain::audit::action;
use domain::id::{ApplicationId, UserId};
use domain::permission::AUTHORIZE_ANY;
use domain::token::AccessToken;
use error_codes::{Result, aut};
use store::{AuditEvent, Outcome};

use super::identity::{Party, Subject, Who};
use super::{App, Origin};

/// The longest username, in bytes: 255 characters of up to four.
const LONGEST_NAME: usize = 4 * 255;

/// Whose question it is, whom it is about, and from where it comes.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The token in whose name is asked.
    pub token: &'a AccessToken,
    /// Whom it is about; absent for the token's own subject.
    pub sub: Option<&'a str>,
    /// The address of the caller for whom the asking service works, where it tells one.
    pub client_ip: Option<&'a str>,
}

/// A subject about whom questions may be answered: any number of them, from memory.
#[derive(Clone, Debug)]
pub struct Consulted {
    subject: Arc<Subject>,
    /// The one denial of every question, where there is one.
    denial: Option<Denial>,
    /// When the right to ask about this subject begins or ends.
    may_ask_until: Option<Timestamp>,
}

impl Consulted {
    /// Answers a question.
    pub fn answer(&self, question: Question<'_>) -> Answer<'_> {
        match self.denial {
            Some(denial) => Answer::Denied(denial),
            None => question.answer(&self.subject.permissions),
        }
    }

    /// The revision of identity's data that the answers rest on.
    pub fn revision(&self) -> u64 {
        self.subject.permissions.revision()
    }

    /// The next moment at which a grant of the subject begins or ends, or the right to ask, and with it an answer.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.subject.permissions.valid_until().into_iter().chain(self.may_ask_until).min()
    }

    /// Whether it is a person.
    pub fn is_person(&self) -> bool {
        match self.subject.party {
            Party::Person(..) => true,
            Party::Application(_) => false,
        }
    }
}

impl App {
    /// Finds whom a question is about; the answers then need nothing else.
    ///
    /// # Errors
    /// AUT-0017 when it is about somebody else and the caller may not ask that; AUT-1015 when nobody has that name; AUT-0007
    /// when the caller is gone or disabled.
    pub async fn consult(&self, asking: Asking<'_>, origin: &Origin) -> Result<Consulted> {
        let Asking { token, sub, client_ip } = asking;
        let own = self.subject_of(token).await?;
        let product = match &own.party {
            Party::Person(..) => None,
            Party::Application(application) => application.product.as_deref(),
        };
        // Few tenants ask from where a question comes; of the others no address is read.
        let denied_there = |subject: &Subject| {
            let address = || ClientAddress::read(client_ip, &origin.address, &self.internal_networks);
            let is_admitted = subject.networks.is_empty() || address().is_admitted_by(&subject.networks);
            (!is_admitted).then_some(Denial::Network)
        };
        match (Asker { token, product }).asks_about(sub) {
            Asked::Own => Ok(Consulted { denial: denied_there(&own), subject: own, may_ask_until: None }),
            Asked::OtherRole => Ok(Consulted { subject: own, denial: Some(Denial::Permission), may_ask_until: None }),
            Asked::Another(other) => {
                let (resource, action) = AUTHORIZE_ANY;
                if !own.may_manage(token, resource, action) {
                    Box::pin(self.audit_refused_question(token, sub, origin)).await?;
                    return Err(aut::FORBIDDEN.into());
                }
                let subject = Box::pin(self.find_other(token, other)).await?;
                let suspended = (!subject.is_active).then_some(Denial::Suspended);
                let denial = suspended.or_else(|| denied_there(&subject));
                Ok(Consulted { denial, subject, may_ask_until: own.permissions.valid_until() })
            }
        }
    }

    async fn find_other(&self, token: &AccessToken, other: Other) -> Result<Arc<Subject>> {
        let candidates = match other {
            // A username may look like an id.
            Other::Id(id) => vec![
                Who::User(UserId::from(id)),
                Who::Application(ApplicationId::from(id)),
                Who::Username(id.to_string()),
            ],
            // Nobody has so long a name, and it need not be folded to know that.
            Other::Name(name) if name.len() > LONGEST_NAME => Vec::new(),
            Other::Name(name) => vec![Who::Username(name)],
        };
        for who in candidates {
            if let Some(subject) = self.identity.subject(token.tenant, who).await? {
                return Ok(subject);
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
        self.trail.refuse(event).await
    }
}
