//! Changes of a key file, one for each step of a rotation.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU8;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Entropy, Secret};
use zeroize::Zeroizing;

use super::file::{self, KeyFileError};

/// The first line of every file that we write.
pub(super) const HEAD: &str = "# Gatehouse deployment keys: `id:key`, the first is current, at most two.\n";

/// One step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A fresh key is current, and the one that was stays beside it.
    Add,
    /// A fresh key is known and not used yet, so that every process knows it before one uses it.
    AddBeside,
    /// The two keys change places.
    Swap,
    /// The key that is not current goes.
    DropOther,
}

/// Why a key file was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The file cannot be read.
    File(KeyFileError),
    /// There are two keys already: of this number is the one that must go first.
    InRotation(u8),
    /// There is one key alone.
    OneKey,
}

/// The text of a key file after one step; comments of its author do not outlive it.
///
/// # Errors
/// Any [`EditError`]; a file is never left with less than its current key.
pub fn edit(text: &str, change: Edit, entropy: &dyn Entropy) -> Result<Secret<String>, EditError> {
    let keys = file::parse(text).map_err(EditError::File)?;
    let lines: Vec<&str> = file::lines(text).map(|(content, _)| content).collect();
    let fresh = |used: u8| {
        let id = NonZeroU8::new(used.wrapping_add(1)).unwrap_or(NonZeroU8::MIN);
        fresh_line(id, entropy)
    };
    let lines: Vec<Zeroizing<String>> = match (change, lines.as_slice(), keys.previous_id()) {
        (Edit::Add | Edit::AddBeside, _, Some(other)) => return Err(EditError::InRotation(other)),
        (Edit::Swap | Edit::DropOther, [_], _) => return Err(EditError::OneKey),
        (Edit::Add, lines, None) => [vec![fresh(keys.current_id())], owned(lines)].concat(),
        (Edit::AddBeside, lines, None) => [owned(lines), vec![fresh(keys.current_id())]].concat(),
        (Edit::Swap, lines, _) => owned(lines).into_iter().rev().collect(),
        (Edit::DropOther, lines, _) => owned(lines).into_iter().take(1).collect(),
    };
    let mut text = HEAD.to_owned();
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    Ok(Secret::new(text))
}

/// A key line with 256 fresh bits.
pub(super) fn fresh_line(id: NonZeroU8, entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0_u8; 32]);
    entropy.fill(&mut *key);
    let key = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.as_slice()));
    Zeroizing::new(format!("{id}:{}", *key))
}

fn owned(lines: &[&str]) -> Vec<Zeroizing<String>> {
    lines.iter().map(|line| Zeroizing::new((*line).to_owned())).collect()
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::InRotation(id) => {
                write!(f, "the key file holds two keys already; finish the rotation and drop key {id} first")
            }
            Self::OneKey => f.write_str("the key file holds one key alone, so no rotation is under way"),
        }
    }
}

impl Error for EditError {}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;
    use crate::keys::DeploymentKeys;

    const ONE: &str = "# ours\n1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

    fn step(text: &str, change: Edit) -> Result<String, EditError> {
        edit(text, change, &OsEntropy).map(|text| text.expose().clone())
    }

    fn ids(text: &str) -> (u8, Option<u8>) {
        let keys = DeploymentKeys::parse(text).unwrap();
        (keys.current_id(), keys.previous_id())
    }

    #[test]
    fn a_rotation_of_one_process_adds_and_drops() {
        let both = step(ONE, Edit::Add).unwrap();
        assert_eq!(ids(&both), (2, Some(1)));
        let new = step(&both, Edit::DropOther).unwrap();
        assert_eq!(ids(&new), (2, None));
        assert!(both.contains(new.strip_prefix(HEAD).unwrap()));
    }

    #[test]
    fn a_rotation_of_several_processes_makes_the_key_known_before_it_is_used() {
        let both = step(ONE, Edit::AddBeside).unwrap();
        assert_eq!(ids(&both), (1, Some(2)));
        assert_eq!(ids(&step(&both, Edit::Swap).unwrap()), (2, Some(1)));
    }

    #[test]
    fn the_number_after_255_is_1() {
        assert_eq!(ids(&step(&ONE.replace("1:", "255:"), Edit::Add).unwrap()), (1, Some(255)));
    }

    #[test]
    fn a_step_out_of_turn_is_refused() {
        let both = step(ONE, Edit::Add).unwrap();
        for change in [Edit::Add, Edit::AddBeside] {
            assert_eq!(step(&both, change), Err(EditError::InRotation(1)));
        }
        for change in [Edit::Swap, Edit::DropOther] {
            assert_eq!(step(ONE, change), Err(EditError::OneKey));
        }
        assert_eq!(step("", Edit::Add), Err(EditError::File(KeyFileError::NoKey)));
    }
}
