//! At most two live keys of one kind, told apart by a number.

use std::fmt;

/// A key that is used for new work and, while a rotation lasts, the one before it.
///
/// `K` is whatever form of the key a module works with; the number stays with it, and is what stored values remember.
pub(crate) struct Ring<K> {
    current: (u8, K),
    previous: Option<(u8, K)>,
}

impl<K> Ring<K> {
    /// Joins the key for new work with the one that only old values still need.
    pub(crate) fn new(current: (u8, K), previous: Option<(u8, K)>) -> Self {
        Self { current, previous }
    }

    /// The number of the key that new work uses.
    pub(crate) fn current_id(&self) -> u8 {
        self.current.0
    }

    /// The number of the key that only old values still need.
    pub(crate) fn previous_id(&self) -> Option<u8> {
        self.previous.as_ref().map(|(id, _)| *id)
    }

    /// The key that new work uses.
    pub(crate) fn current(&self) -> &K {
        &self.current.1
    }

    /// The live key of this number.
    pub(crate) fn find(&self, id: u8) -> Option<&K> {
        let (current_id, current) = &self.current;
        if *current_id == id {
            return Some(current);
        }
        self.previous.as_ref().and_then(|(previous_id, previous)| (*previous_id == id).then_some(previous))
    }

    /// The same numbers over another form of the keys.
    pub(crate) fn map<L>(&self, form: impl Fn(&K) -> L) -> Ring<L> {
        let derive = |(id, key): &(u8, K)| (*id, form(key));
        Ring { current: derive(&self.current), previous: self.previous.as_ref().map(derive) }
    }
}

impl<K> fmt::Debug for Ring<K> {
    /// Shows the numbers, never the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("current", &self.current.0)
            .field("previous", &self.previous.as_ref().map(|(id, _)| id))
            .finish()
    }
}
