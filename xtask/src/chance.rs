//! Secrets made at the first start, from the kernel's randomness.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, Result};

const SOURCE: &str = "/dev/urandom";
/// Only characters that no shell, URL or JSON text treats specially.
const PASSWORD_ALPHABET: &[u8; 66] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
const PASSWORD_LENGTH: usize = 24;

/// A master key as the services read it: its number, and 256 bits in unpadded base64url.
pub(crate) fn master_key() -> Result<String> {
    Ok(format!("1:{}\n", base64url(&bytes::<32>()?)))
}

/// A secret shared by two services: 256 bits in hexadecimal.
pub(crate) fn shared_secret() -> Result<String> {
    let digits: String = bytes::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits + "\n")
}

/// A password with an upper and a lower case letter, a digit and a special character. Drawn again until it fits, so
/// that each fitting password is equally likely.
pub(crate) fn password() -> Result<String> {
    loop {
        let drawn = draw()?;
        if fits(&drawn) {
            return Ok(drawn + "\n");
        }
    }
}

fn draw() -> Result<String> {
    let mut drawn = String::with_capacity(PASSWORD_LENGTH);
    while drawn.len() < PASSWORD_LENGTH {
        // 7 bits; values beyond the alphabet are dropped instead of folded, which would favour some characters.
        let [byte] = bytes::<1>()?;
        if let Some(character) = PASSWORD_ALPHABET.get(usize::from(byte & 0x7f)) {
            drawn.push(char::from(*character));
        }
    }
    Ok(drawn)
}

/// The first character is a letter or digit: a shell reads `~name` as a home folder and `-name` as an option.
fn fits(password: &str) -> bool {
    password.starts_with(|first: char| first.is_ascii_alphanumeric())
        && password.contains(|character: char| character.is_ascii_uppercase())
        && password.contains(|character: char| character.is_ascii_lowercase())
        && password.contains(|character: char| character.is_ascii_digit())
        && password.contains(|character: char| character.is_ascii_punctuation())
}

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(Failure::on("read", Path::new(SOURCE)))?;
    Ok(bytes)
}

/// RFC 4648 §5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            let index = group >> (18 - 6 * position) & 0x3f;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_matches_the_vectors_of_rfc_4648() {
        let cases = [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")];
        for (plain, encoded) in cases {
            assert_eq!(base64url(plain.as_bytes()), encoded);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn a_password_is_long_mixed_and_safe_in_a_shell() {
        for _ in 0..50 {
            let password = password().unwrap();
            let password = password.strip_suffix('\n').unwrap();
            assert_eq!(password.len(), PASSWORD_LENGTH);
            assert!(fits(password), "{password}");
            assert!(password.bytes().all(|byte| PASSWORD_ALPHABET.contains(&byte)), "{password}");
        }
    }

    #[test]
    fn keys_have_the_shape_the_services_read() {
        let key = master_key().unwrap();
        assert!(key.starts_with("1:") && key.ends_with('\n') && key.len() == 2 + 43 + 1, "{key}");
        assert_eq!(shared_secret().unwrap().len(), 65);
        assert_ne!(shared_secret().unwrap(), shared_secret().unwrap());
    }
}
