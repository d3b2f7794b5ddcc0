//! Permissions as a request writes them.

use std::collections::BTreeSet;

use domain::InvalidText;
use domain::permission::{ANY, Permission};
use error_codes::Result;

use crate::fields::Fields;

/// The most permissions that one group may hold of its own.
const MOST: usize = 1_000;
/// The longest part of a permission, in bytes.
const LONGEST: usize = 100;

/// The three parts of a permission; nothing in it was checked.
#[derive(Clone, Copy, Debug)]
pub struct RawPermission<'a> {
    /// `product`.
    pub product: &'a str,
    /// `resource`, or `*`.
    pub resource: &'a str,
    /// `action`, or `*`.
    pub action: &'a str,
}

/// Checks the permissions of a group; the same one twice counts once.
///
/// # Errors
/// IDE-0002 naming the member by its place, such as `permissions[3].action`.
pub fn parse(raw: &[RawPermission<'_>]) -> Result<BTreeSet<Permission>> {
    let mut fields = Fields::default();
    if raw.len() > MOST {
        fields.refuse("permissions", format!("must hold at most {MOST} permissions"));
        return Err(fields.into_failure());
    }
    let mut permissions = BTreeSet::new();
    for (index, raw) in raw.iter().enumerate() {
        let mut part = |name: &str, text, parse: fn(&str) -> Result<String, InvalidText>| {
            fields.read(&format!("permissions[{index}].{name}"), text, parse)
        };
        let product = part("product", raw.product, exact);
        let resource = part("resource", raw.resource, exact_or_any);
        let action = part("action", raw.action, exact_or_any);
        if let (Some(product), Some(resource), Some(action)) = (product, resource, action) {
            let permission = Permission { product, resource, action };
            if permission.is_platform() {
                fields.refuse(&format!("permissions[{index}].resource"), "is built in and cannot be granted");
            }
            permissions.insert(permission);
        }
    }
    if fields.are_sound() { Ok(permissions) } else { Err(fields.into_failure()) }
}

/// A resource or action: an exact text, or the star that stands for any.
fn exact_or_any(text: &str) -> Result<String, InvalidText> {
    if text == ANY { Ok(text.to_owned()) } else { exact(text) }
}

/// A text that is compared as it is: no spaces, no control characters, no star that somebody might take for a pattern.
fn exact(text: &str) -> Result<String, InvalidText> {
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'*');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(InvalidText::new(format!("must have 1 to {LONGEST} visible ASCII characters without '*'")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(product: &str, resource: &str, action: &str) -> Result<BTreeSet<Permission>> {
        parse(&[RawPermission { product, resource, action }])
    }

    #[test]
    fn a_star_stands_alone_and_never_for_a_product() {
        assert!(one("midaz", "*", "*").is_ok());
        assert!(one("midaz", "users/password", "get").is_ok());
        for (product, resource, action) in [
            ("plugin-identity", "authorize", "any"),
            ("*", "a", "get"),
            ("midaz", "acc*", "get"),
            ("midaz", "", "get"),
            ("midaz", "a", "g t"),
        ] {
            assert!(one(product, resource, action).is_err(), "{product} {resource} {action}");
        }
    }

    #[test]
    fn the_place_of_a_wrong_member_is_named() {
        let right = RawPermission { product: "midaz", resource: "ledgers", action: "get" };
        let failure = parse(&[right, RawPermission { action: "", ..right }]).unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["permissions[1].action"]);
        assert_eq!(parse(&[right, right]).unwrap().len(), 1);
    }
}
