//! Questions about permissions, and what is answered.

use contracts::auth::v1 as wire;
use crypto::digest::Sha256Digest;

use crate::Caller;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The product whose permissions count; empty: of any.
    pub product: String,
    /// On what.
    pub resource: String,
    /// To do what.
    pub action: String,
}

impl Question {
    /// Whether somebody may do `action` on `resource` of `product`, such as `get` on `ledgers` of `midaz`.
    pub fn new(product: impl Into<String>, resource: impl Into<String>, action: impl Into<String>) -> Self {
        Self { product: product.into(), resource: resource.into(), action: action.into() }
    }
}

/// Whose question it is, whom it is about, and from where it comes.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// In whose name is asked.
    pub caller: &'a Caller,
    /// Whom it is about: an id or a name. Empty: the caller. Anybody else only where the caller has `authorize:any`.
    pub subject: &'a str,
    /// The address of the caller, where the tenant admits only some networks; empty when it is not known.
    pub client_ip: &'a str,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed,
    /// No.
    Denied(Denial),
}

/// Why the answer is no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The subject lacks the permission.
    Permission,
    /// The subject is disabled.
    Suspended,
    /// The tenant admits nobody from there.
    Network,
}

impl Asking<'_> {
    /// What an answer is remembered under.
    pub(super) fn key(&self, question: &Question) -> Sha256Digest {
        let token = Sha256Digest::of(self.caller.text().expose().as_bytes());
        let Question { product, resource, action } = question;
        let texts = [self.subject, product, resource, action, self.client_ip].map(str::as_bytes);
        let [subject, product, resource, action, client_ip] = texts;
        Sha256Digest::of_parts(&[token.as_bytes(), subject, product, resource, action, client_ip])
    }
}

impl From<Asking<'_>> for wire::Asking {
    fn from(asking: Asking<'_>) -> Self {
        Self {
            access_token: asking.caller.text().expose().clone(),
            subject: asking.subject.to_owned(),
            client_ip: asking.client_ip.to_owned(),
        }
    }
}

impl From<&Question> for wire::Question {
    fn from(question: &Question) -> Self {
        let Question { product, resource, action } = question.clone();
        Self { product, resource, action }
    }
}

/// Only what says yes is one.
impl From<wire::Decision> for Decision {
    fn from(decision: wire::Decision) -> Self {
        if decision.authorized {
            return Self::Allowed;
        }
        Self::Denied(match decision.reason() {
            wire::Reason::Suspended => Denial::Suspended,
            wire::Reason::Network => Denial::Network,
            wire::Reason::Permission | wire::Reason::Unspecified => Denial::Permission,
        })
    }
}
