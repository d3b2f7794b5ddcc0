//! The text of a key file.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Key;
use crate::ring::Ring;

/// Why the text of a key file was refused; a sentence for the operator that never shows a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileError {
    /// Nothing but comments and blank lines.
    NoKey,
    /// A line, counted from 1, that is not `id:key`.
    Line(usize),
    /// A line whose number is not written as 1 to 255.
    Id(usize),
    /// A line whose key is not 32 bytes in unpadded base64url.
    Key(usize),
    /// A line whose number or whose key stands in an earlier line too.
    Duplicate(usize),
    /// A line with a third key.
    TooMany(usize),
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => write!(f, "the key file holds no key; add a line `id:key`"),
            Self::Line(line) => write!(f, "line {line} of the key file is not of the form `id:key`"),
            Self::Id(line) => write!(f, "the id in line {line} of the key file must be a number from 1 to 255"),
            Self::Key(line) => {
                write!(
                    f,
                    "the key in line {line} of the key file must be 32 bytes as base64url without padding (43 characters)"
                )
            }
            Self::Duplicate(line) => write!(f, "line {line} of the key file repeats an id or a key"),
            Self::TooMany(line) => {
                write!(f, "line {line} of the key file is a third key; keep the current one and the one before it")
            }
        }
    }
}

impl Error for KeyFileError {}

/// The keys in the order of the file: current, previous.
pub(super) fn parse(text: &str) -> Result<Ring<Key>, KeyFileError> {
    let mut lines = lines(text);
    let (content, line) = lines.next().ok_or(KeyFileError::NoKey)?;
    let current = parse_line(content, line)?;
    let Some((content, line)) = lines.next() else {
        return Ok(Ring::new(current, None));
    };
    let previous = parse_line(content, line)?;
    let same_key: bool = current.1.expose().ct_eq(previous.1.expose()).into();
    if current.0 == previous.0 || same_key {
        return Err(KeyFileError::Duplicate(line));
    }
    match lines.next() {
        Some((_, line)) => Err(KeyFileError::TooMany(line)),
        None => Ok(Ring::new(current, Some(previous))),
    }
}

/// The lines that hold keys, each with its number from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let numbered = text.lines().zip(1..).map(|(content, line)| (content.trim(), line));
    numbered.filter(|(content, _)| !content.is_empty() && !content.starts_with('#'))
}

fn parse_line(content: &str, line: usize) -> Result<(u8, Key), KeyFileError> {
    let (id, key) = content.split_once(':').ok_or(KeyFileError::Line(line))?;
    let canonical = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    let id = id.parse().ok().filter(|_| canonical).ok_or(KeyFileError::Id(line))?;
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(key).map_err(|_| KeyFileError::Key(line))?);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyFileError::Key(line))?;
    Ok((id, Secret::new(key)))
}
