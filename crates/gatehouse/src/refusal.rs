//! Why a command did not do its work.

use std::fmt;

use service_kit::settings::SettingsError;

/// One sentence for the operator, which ends with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

/// What a command comes to.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// A sentence for the operator.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        Self(error.to_string())
    }
}
