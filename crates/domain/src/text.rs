//! What every text from outside must obey.

use std::fmt;

/// Why a text was not accepted; the sentence continues "the field …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidText(String);

impl InvalidText {
    /// A reason that continues "the field …".
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidText {}

/// Accepts a text of `shortest` to `longest` characters without control characters and without white space at its ends.
pub fn line(text: &str, shortest: usize, longest: usize) -> Result<&str, InvalidText> {
    let length = text.chars().take(longest + 1).count();
    if length < shortest || length > longest {
        return Err(InvalidText::new(format!("must have {shortest} to {longest} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidText::new("must not hold control characters"));
    }
    if text.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Err(InvalidText::new("must not hold characters that turn the direction of text"));
    }
    if text.trim().len() != text.len() {
        return Err(InvalidText::new("must not begin or end with white space"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_control_characters_and_no_loose_ends() {
        assert_eq!(line("Ana Souza", 1, 255), Ok("Ana Souza"));
        for wrong in ["", " Ana", "Ana\n", "A\0na", "Ana\u{85}"] {
            assert!(line(wrong, 1, 255).is_err(), "{wrong:?}");
        }
        assert!(line(&"x".repeat(256), 1, 255).is_err());
    }
}
