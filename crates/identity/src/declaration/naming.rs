//! The names that a manifest takes in a tenant.

use domain::{InvalidText, Slug};

use crate::seed::PLATFORM_ROLE;

/// How the name of every role ends as which applications act.
const ACTED_AS: &str = "-editor-role";

/// The id of a declared role: the product, then its name, in lower-case letters, digits and hyphens.
///
/// A role as which applications act is never declared. It would be theirs at once, and applications above the
/// administrators could not be administered.
///
/// # Errors
/// A name without a letter or digit, one that is too long, or one of those roles.
pub fn role_slug(product: &str, name: &str) -> Result<Slug, InvalidText> {
    let reduced = reduced(name);
    if reduced.is_empty() {
        return Err(InvalidText::new("must hold a letter or digit of ASCII"));
    }
    let slug = format!("{product}-{reduced}");
    if slug.ends_with(ACTED_AS) || slug == PLATFORM_ROLE {
        return Err(InvalidText::new(format!(
            "gives the id '{slug}', which is kept for the roles that applications and the platform act as"
        )));
    }
    let longest = Slug::LONGEST;
    Slug::parse(&slug).map_err(|_| InvalidText::new(format!("gives the id '{slug}', longer than {longest} characters")))
}

/// A name in lower-case letters and digits of ASCII, with one hyphen for everything between them.
pub(super) fn reduced(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
