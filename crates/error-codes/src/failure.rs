//! The one error type that travels from a rule to the edge.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::Code;

/// The result of everything that can fail towards a client.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// What the answer says about one member of the request.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldDetail {
    /// A sentence about a known member.
    Reason(String),
    /// The value of a member nobody asked for, as it came.
    Rejected(serde_json::Value),
}

/// A refusal: a code of the catalogue, the members it is about, and a private cause.
///
/// The cause is for the log of the edge and never leaves the process.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    fields: BTreeMap<String, FieldDetail>,
    retry_after: Option<Duration>,
    limit: Option<u32>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A refusal with this code and nothing more to say.
    pub fn new(code: Code) -> Self {
        Self { code, fields: BTreeMap::new(), retry_after: None, limit: None, cause: None }
    }

    /// Adds a sentence about one member of the request.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.fields.insert(name.into(), FieldDetail::Reason(reason.into()));
        self
    }

    /// Replaces what is said about the members of the request.
    #[must_use]
    pub fn with_fields(mut self, fields: BTreeMap<String, FieldDetail>) -> Self {
        self.fields = fields;
        self
    }

    /// Says after which time another try makes sense (`Retry-After`, RFC 9110 §10.2.3).
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Says how many requests at once the limit lets through that refused this one.
    #[must_use]
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Keeps the reason for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code of the catalogue.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is said about members of the request, by name.
    pub fn fields(&self) -> &BTreeMap<String, FieldDetail> {
        &self.fields
    }

    /// When another try makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// How many requests at once the limit lets through that refused this one.
    pub fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// The private cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.number(), self.code.title())?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for Failure {}
