//! Collects what is wrong with the members of a request, so that one answer names them all.

use std::collections::BTreeMap;
use std::fmt::Display;

use error_codes::{Code, Failure, FieldDetail, ide};

/// The members that were refused so far.
#[derive(Debug, Default)]
pub struct Fields {
    refused: BTreeMap<String, FieldDetail>,
}

impl Fields {
    /// Reads one member; `None` when it was refused, which is remembered under its name.
    pub fn read<I, T, E: Display>(&mut self, name: &str, input: I, parse: impl FnOnce(I) -> Result<T, E>) -> Option<T> {
        parse(input).map_err(|reason| self.refuse(name, reason)).ok()
    }

    /// Reads a member that may be absent; `None` when it is, or was refused.
    pub fn read_optional<I, T, E: Display>(
        &mut self,
        name: &str,
        input: Option<I>,
        parse: impl FnOnce(I) -> Result<T, E>,
    ) -> Option<T> {
        input.and_then(|input| self.read(name, input, parse))
    }

    /// Remembers that a member was refused; the reason continues "the field …".
    pub fn refuse(&mut self, name: &str, reason: impl Display) {
        self.refused.insert(name.to_owned(), FieldDetail::Reason(reason.to_string()));
    }

    /// Whether nothing was refused.
    pub fn are_sound(&self) -> bool {
        self.refused.is_empty()
    }

    /// The refusal that names every member.
    pub fn into_failure(self) -> Failure {
        self.into_failure_as(ide::INVALID_FIELD_TYPE)
    }

    /// The refusal that names every member, under a code of its own.
    pub fn into_failure_as(self, code: Code) -> Failure {
        Failure::new(code).with_fields(self.refused)
    }
}

#[cfg(test)]
mod tests {
    use domain::{Email, Slug};

    use super::*;

    #[test]
    fn one_answer_names_every_refused_member() {
        let mut fields = Fields::default();
        assert!(fields.read("email", "ana@example.com", Email::parse).is_some());
        assert!(fields.are_sound());
        assert!(fields.read("id", "No Slug", Slug::parse).is_none());
        assert!(fields.read_optional("email", Some("nobody"), Email::parse).is_none());
        assert!(fields.read_optional("email2", None, Email::parse).is_none());
        let failure = fields.into_failure();
        assert_eq!(failure.code(), ide::INVALID_FIELD_TYPE);
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["email", "id"]);
    }
}
