//! Phone numbers.

use std::fmt;

use domain::InvalidText;

/// A phone number as ITU-T E.164 writes it: `+`, then 7 to 15 digits, the first of them not 0.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number; nothing is cut out of it, so that there is one spelling.
    pub fn parse(input: &str) -> Result<Self, InvalidText> {
        let digits = input.strip_prefix('+').unwrap_or_default();
        let fits = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        if fits { Ok(Self(input.to_owned())) } else { Err(InvalidText::new("must be a number such as +5511987654321")) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number is a person's: logs show only that there is one.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phone number]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_is_a_number() {
        assert!(PhoneNumber::parse("+5511987654321").is_ok());
        for wrong in
            ["", "+", "5511987654321", "+55 11 98765", "+0511987654321", "+123456", "+1234567890123456", "+５511987"]
        {
            assert!(PhoneNumber::parse(wrong).is_err(), "{wrong}");
        }
    }
}
