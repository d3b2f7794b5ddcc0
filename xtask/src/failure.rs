//! What a command says when it cannot go on: one sentence for a person.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

/// A sentence that names what went wrong and, where there is one, the next step.
#[derive(Debug)]
pub(crate) struct Failure(String);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// The failure of an act ("read", "write") on a file or folder, for `map_err`.
    pub(crate) fn on(act: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self(format!("cannot {act} {}: {cause}", path.display()))
    }

    /// The failure to start a program, for `map_err`.
    pub(crate) fn starting(program: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self(format!("cannot start {}: {cause}", program.display()))
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
