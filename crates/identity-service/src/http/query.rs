//! The parameters of a question, which is written into the query.

use std::collections::BTreeMap;
use std::fmt::Display;

use domain::InvalidText;
use domain::permission::Permission;
use error_codes::{Failure, Result, ide};
use identity::policy::{exact_or_any, product};

/// The parameters of a query that were sent, each once.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query whose parameters have these names.
    ///
    /// # Errors
    /// IDE-0005 for any other parameter, and for one that is sent twice.
    pub(super) fn parse(query: &str, known: &[&str]) -> Result<Self> {
        let mut sent = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let shown: String = name.chars().take(64).collect();
            if !known.contains(&name.as_ref()) {
                return Err(refused(&shown, "is not known here"));
            }
            if sent.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(refused(&shown, "is sent twice"));
            }
        }
        Ok(Self(sent))
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// IDE-0005.
    pub(super) fn required<T, E: Display>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T> {
        self.optional(name, parse)?.ok_or_else(|| refused(name, "is required"))
    }

    /// A parameter that may be there.
    ///
    /// # Errors
    /// IDE-0005.
    pub(super) fn optional<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>> {
        let value = self.0.get(name).map(|value| parse(value)).transpose();
        value.map_err(|reason| refused(name, reason))
    }

    /// The permission that is asked about, in its three parts.
    ///
    /// # Errors
    /// IDE-0005.
    pub(super) fn permission(&self) -> Result<Permission> {
        Ok(Permission {
            product: self.required("product", product)?,
            resource: self.required("resource", exact_or_any)?,
            action: self.required("action", exact_or_any)?,
        })
    }
}

/// Why a cursor is refused.
pub(super) fn foreign_cursor() -> InvalidText {
    InvalidText::new("is not one that this list gave")
}

fn refused(name: &str, reason: impl Display) -> Failure {
    Failure::new(ide::INVALID_QUERY_PARAMETER).with_field(name, reason.to_string())
}
