//! Permission questions: whose permissions a `sub` asks about, and what the answer is (`POST /v1/authorize`).

use std::net::IpAddr;

use domain::id::{ApplicationId, UserId};
use domain::network::Networks;
use domain::permission::{Grant, PermissionSet};
use domain::product::canonical;
use domain::token::AccessToken;
use domain::username::fold;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// How the name of every role ends as which an application acts.
const ROLE_ENDING: &str = "-editor-role";

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The token of the question.
    pub token: &'a AccessToken,
    /// The product of the application that acts for itself with it; `None` where it has none, and for people.
    pub product: Option<&'a str>,
}

/// Whose permissions a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The token's own subject.
    Own,
    /// A role that the calling application does not act as: the answer is no.
    OtherRole,
    /// Somebody else in the token's tenant, whom only the permission `authorize:any` lets ask about.
    Another(Other),
}

/// How another subject is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// By the id of a person or an application.
    Id(Uuid),
    /// By a username. Applications are asked about by id.
    Name(String),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The product whose permissions count; `None`: of any.
    pub product: Option<&'a str>,
    /// On what.
    pub resource: &'a str,
    /// To do what.
    pub action: &'a str,
}

/// The answer to a well-formed question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Yes, by this permission.
    Authorized(Grant<'a>),
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
    /// The tenant admits nobody from where the question comes.
    Network,
}

impl Asker<'_> {
    /// Tells whose permissions a `sub` means: absent, empty, an id or a name, alone or behind an owner and a `/`.
    ///
    /// The owner is read over: it never picks a tenant. Behind it, `<product>-editor-role` is how the middleware writes
    /// *the calling application*, whatever that is called.
    pub fn asks_about(&self, sub: Option<&str>) -> Asked {
        let Some(sub) = sub.filter(|sub| !sub.is_empty()) else { return Asked::Own };
        let (owner, name) = match sub.split_once('/') {
            Some((owner, name)) => (Some(owner), name),
            None => (None, sub),
        };
        // Before the names: an application may be called like the role of a product that is not its own.
        if let (Some(_), Some(product), None) = (owner, name.strip_suffix(ROLE_ENDING), self.token.user()) {
            let is_ours = self.product.is_some_and(|own| canonical(own) == canonical(product));
            return if is_ours { Asked::Own } else { Asked::OtherRole };
        }
        if sub == self.token.sub || self.is_own_id(name) || self.is_own_name(name) {
            return Asked::Own;
        }
        Asked::Another(match UserId::parse(name) {
            Ok(id) => Other::Id(id.uuid()),
            Err(_) => Other::Name(name.to_owned()),
        })
    }

    fn is_own_id(&self, name: &str) -> bool {
        match self.token.user() {
            Some(user) => UserId::parse(name) == Ok(user),
            None => ApplicationId::parse(name) == Ok(self.token.application),
        }
    }

    fn is_own_name(&self, name: &str) -> bool {
        match self.token.user() {
            Some(_) => fold(name).is_some_and(|folded| fold(&self.token.name) == Some(folded)),
            None => name == self.token.name,
        }
    }
}

/// From where a question comes, as far as a tenant that admits only some networks wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAddress {
    /// Of the caller for whom the asking service works, as that service tells.
    Told(IpAddr),
    /// Something was told that is no address.
    Unreadable,
    /// Nothing was told; the asking service itself is one of the platform.
    Internal,
    /// Nothing was told.
    Unknown,
}

impl ClientAddress {
    /// Reads what a question tells, and who asks it; `internal` are the networks of the platform's own services.
    pub fn read(told: Option<&str>, asking: &str, internal: &Networks) -> Self {
        match told.filter(|told| !told.is_empty()) {
            Some(told) => told.parse().map_or(Self::Unreadable, Self::Told),
            None if asking.parse().is_ok_and(|asking| internal.contains(asking)) => Self::Internal,
            None => Self::Unknown,
        }
    }

    /// Whether a tenant that admits these networks admits it; an empty list admits everybody.
    pub fn is_admitted_by(self, networks: &Networks) -> bool {
        networks.is_empty()
            || match self {
                Self::Told(address) => networks.contains(address),
                Self::Internal => true,
                Self::Unreadable | Self::Unknown => false,
            }
    }
}

impl Question<'_> {
    /// Answers for a subject that holds these permissions.
    pub fn answer<'a>(&self, held: &'a PermissionSet) -> Answer<'a> {
        match held.find(self.product, self.resource, self.action) {
            Some(grant) => Answer::Authorized(grant),
            None => Answer::Denied(Denial::Permission),
        }
    }
}

impl Answer<'_> {
    /// The member `authorized`.
    pub const fn is_authorized(self) -> bool {
        match self {
            Self::Authorized(_) => true,
            Self::Denied(_) => false,
        }
    }

    /// Why it is no.
    pub const fn denial(self) -> Option<Denial> {
        match self {
            Self::Authorized(_) => None,
            Self::Denied(denial) => Some(denial),
        }
    }
}

impl Denial {
    /// The member `reason`, in the words that the middleware knows: anything but `suspended` and `expired` stays a 403.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Suspended => "suspended",
            Self::Network => "network",
        }
    }
}
