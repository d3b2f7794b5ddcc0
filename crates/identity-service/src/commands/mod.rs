//! What an operator on the host does with a command, over the same `app` functions as the edges.
//!
//! A command returns the text to print, and its refusal as one sentence.

pub mod apply;
pub mod tenants;

use error_codes::{Failure, FieldDetail};
use service_kit::settings::SettingsError;

/// A refusal as one sentence: the code, and what is wrong with which value or what to do.
fn sentence(failure: &Failure) -> SettingsError {
    let code = failure.code();
    let fields = failure.fields().iter().map(|(name, detail)| match detail {
        FieldDetail::Reason(reason) => format!("'{name}' {reason}"),
        FieldDetail::Rejected(value) => format!("'{name}' cannot be {value}"),
    });
    let fields = fields.collect::<Vec<_>>().join("; ");
    let said = match failure.cause() {
        _ if !fields.is_empty() => format!("{}: {fields}", code.title()),
        Some(cause) => format!("{}: {cause}", code.title()),
        None => code.message().trim_end_matches('.').to_owned(),
    };
    SettingsError::new(format!("{} {said}", code.number()))
}
