//! Passwords that anybody would try first.

use std::collections::HashSet;
use std::sync::LazyLock;

/// One word in lower case a line, without what is hung on; lines that begin with `#` are remarks.
const LIST: &str = include_str!("common.txt");

static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// A piece of at most this many characters, said over and over, is no password.
const LONGEST_PIECE: usize = 4;

/// Whether a password is a common word with digits or punctuation around it, one word or short piece said over and over,
/// or a run along the alphabet or the digits.
pub(super) fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    let stem = stem(&password);
    [password.as_str(), stem].iter().any(|text| COMMON.contains(text) || is_repetition(text)) || is_run(&password)
}

/// A text without the digits and punctuation at its ends.
pub(super) fn stem(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation())
}

/// Whether the text is one short piece, or one common word, over and over.
fn is_repetition(text: &str) -> bool {
    let starts = text.char_indices().skip(1);
    starts.enumerate().any(|(index, (end, _))| {
        let (piece, rest) = text.split_at(end);
        (index < LONGEST_PIECE || COMMON.contains(piece))
            && !rest.is_empty()
            && text.len().is_multiple_of(piece.len())
            && rest.as_bytes().chunks(piece.len()).all(|next| next == piece.as_bytes())
    })
}

/// Whether every character is the neighbour of the one before it, always in the same direction; 0 follows 9.
fn is_run(text: &str) -> bool {
    let step = |from: char, to: char| match (from, to) {
        ('9', '0') => 1,
        ('0', '9') => -1,
        _ => i64::from(u32::from(to)) - i64::from(u32::from(from)),
    };
    let mut steps = text.chars().zip(text.chars().skip(1)).map(|(from, to)| step(from, to));
    steps.next().is_some_and(|first| first.abs() <= 1 && steps.all(|next| next == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_in_lower_case_and_without_what_is_hung_on() {
        let words: Vec<_> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(words.len() > 400 && words.is_sorted(), "sort the list");
        for word in words {
            let hung_on = stem(word) != word && word.chars().any(char::is_alphabetic) && word.len() < 12;
            assert!(word == word.to_lowercase() && !hung_on, "{word}");
        }
    }

    #[test]
    fn a_common_word_stays_common_whatever_is_hung_on() {
        for common in [
            "password1234",
            "Password@2024!",
            "PASSWORDpassword",
            "!!!iloveyou!!!",
            "qwertyuiop[]",
            "1qaz2wsx3edc",
            "Administrator1",
            "welcome123456",
            "changeme-2025",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "123456789012",
            "abcdefghijkl",
            "987654321098",
            "adminadminadmin",
            "123412341234",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn a_phrase_is_not_common() {
        for phrase in [
            "correct horse battery",
            "Zw8-kk2p-Qm4d",
            "Lerian@12345",
            "847362910583",
            "meuCachorroAzul",
            "üüüñññüüüñññx",
        ] {
            assert!(!is_common(phrase), "{phrase}");
        }
    }
}
