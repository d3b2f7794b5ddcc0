//! Permissions as a request writes them.

use std::collections::BTreeMap;

use domain::permission::{ANY, Permission};
use domain::product::canonical;
use domain::{InvalidText, Timestamp};
use error_codes::Result;

use crate::fields::Fields;
use crate::membership::Validity;

/// The most permissions that one holder may have of its own.
pub const MOST: usize = 1_000;
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
    /// `validFrom`, RFC 3339; from now on when absent.
    pub valid_from: Option<&'a str>,
    /// `validUntil`, RFC 3339; without an end when absent.
    pub valid_until: Option<&'a str>,
}

/// Checks the permissions of a holder; of the same one twice the last counts.
///
/// # Errors
/// IDE-0002 naming the member by its place, such as `permissions[3].action`.
pub fn parse(raw: &[RawPermission<'_>]) -> Result<BTreeMap<Permission, Validity>> {
    let mut fields = Fields::default();
    if raw.len() > MOST {
        fields.refuse("permissions", format!("must hold at most {MOST} permissions"));
        return Err(fields.into_failure());
    }
    let mut permissions = BTreeMap::new();
    for (index, raw) in raw.iter().enumerate() {
        let mut part = |name: &str, text, parse: fn(&str) -> Result<String, InvalidText>| {
            fields.read(&format!("permissions[{index}].{name}"), text, parse)
        };
        let product = part("product", raw.product, product);
        let resource = part("resource", raw.resource, exact_or_any);
        let action = part("action", raw.action, exact_or_any);
        let validity = read_validity(&mut fields, &format!("permissions[{index}]."), raw.valid_from, raw.valid_until);
        if let (Some(product), Some(resource), Some(action)) = (product, resource, action) {
            let permission = Permission { product, resource, action };
            if permission.is_platform() {
                fields.refuse(&format!("permissions[{index}].resource"), "is built in and cannot be granted");
            }
            permissions.insert(permission, validity);
        }
    }
    if fields.are_sound() { Ok(permissions) } else { Err(fields.into_failure()) }
}

/// Reads the bounds of a grant or a membership; what is wrong is refused in `fields`, under names that begin with `place`.
pub fn read_validity(fields: &mut Fields, place: &str, from: Option<&str>, until: Option<&str>) -> Validity {
    let mut bound = |name: &str, text: Option<&str>| {
        text.and_then(|text| fields.read(&format!("{place}{name}"), text, Timestamp::parse))
    };
    let (from, until) = (bound("validFrom", from), bound("validUntil", until));
    Validity::parse(from, until).unwrap_or_else(|reason| {
        fields.refuse(&format!("{place}validUntil"), reason.to_string());
        Validity::ALWAYS
    })
}

/// A product under its one name: questions are asked under that.
pub fn product(text: &str) -> Result<String, InvalidText> {
    exact(text).map(|product| canonical(&product).to_owned())
}

/// A resource or action: an exact text, or the star that stands for any.
///
/// # Errors
/// A star beside other characters, and whatever [`exact`] refuses.
pub fn exact_or_any(text: &str) -> Result<String, InvalidText> {
    if text == ANY { Ok(text.to_owned()) } else { exact(text) }
}

/// A text that is compared as it is: no spaces, no control characters, no star that somebody might take for a pattern.
///
/// # Errors
/// What is empty, too long, or holds any other character.
pub fn exact(text: &str) -> Result<String, InvalidText> {
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

    fn raw<'a>(product: &'a str, resource: &'a str, action: &'a str) -> RawPermission<'a> {
        RawPermission { product, resource, action, valid_from: None, valid_until: None }
    }

    fn one(product: &str, resource: &str, action: &str) -> Result<BTreeMap<Permission, Validity>> {
        parse(&[raw(product, resource, action)])
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
        let right = raw("midaz", "ledgers", "get");
        let failure = parse(&[right, RawPermission { action: "", ..right }]).unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["permissions[1].action"]);
        assert_eq!(parse(&[right, right]).unwrap().len(), 1);
    }

    #[test]
    fn bounds_are_times_and_the_end_comes_after_the_beginning() {
        let right = raw("midaz", "ledgers", "get");
        let bounded = |from, until| parse(&[RawPermission { valid_from: from, valid_until: until, ..right }]);
        let (new_year, later) = (Some("2030-01-01T00:00:00Z"), Some("2031-01-01T00:00:00Z"));
        let validity = *bounded(new_year, later).unwrap().values().next().unwrap();
        let parsed = [new_year, later].map(|text| Timestamp::parse(text.unwrap()).ok());
        assert_eq!([validity.from, validity.until], parsed);
        for (from, until, named) in [
            (later, new_year, "permissions[0].validUntil"),
            (Some("soon"), None, "permissions[0].validFrom"),
            (None, Some("1893456000"), "permissions[0].validUntil"),
        ] {
            let failure = bounded(from, until).unwrap_err();
            assert_eq!(failure.fields().keys().collect::<Vec<_>>(), [named]);
        }
    }
}
