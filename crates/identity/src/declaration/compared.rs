//! The one form of a manifest in which two of them are compared.

use serde::Serialize;

use super::{Access, DeclaredPermission, DeclaredRole, Dimension, Level, Machines, Manifest, Scope};

#[derive(Serialize)]
struct Canonical<'a> {
    service: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    permissions: &'a [DeclaredPermission],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    roles: &'a [DeclaredRole],
    #[serde(skip_serializing_if = "Option::is_none")]
    m2m: Option<&'a Machines>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Dimensions<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partners: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    levels: &'a [Level],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrations: &'a [String],
}

#[derive(Serialize)]
struct Dimensions<'a> {
    dimensions: &'a [Dimension],
}

/// A manifest without its version, as compact JSON with its members in one order, empty ones left out, and `<`, `>`, `&`,
/// U+2028 and U+2029 escaped as Go's writer does it: products compute the hash of the same text.
///
/// # Errors
/// None for a manifest of this build; writing JSON can fail in general.
pub fn canonical_json(manifest: &Manifest) -> serde_json::Result<String> {
    let none = Access::default();
    let Access { permissions, roles, m2m } = manifest.access.as_ref().unwrap_or(&none);
    let Scope { dimensions, partners, levels, integrations } = &manifest.scope;
    let text = serde_json::to_string(&Canonical {
        service: &manifest.product,
        permissions,
        roles,
        m2m: m2m.as_ref(),
        scope: (!dimensions.is_empty()).then_some(Dimensions { dimensions }),
        partners: *partners,
        levels,
        integrations,
    })?;
    Ok(escaped(&text))
}

/// All of these stand inside strings alone, so they can be replaced in the whole text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}
