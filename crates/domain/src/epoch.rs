//! Epochs: the numbers that end tokens.

/// A counter that only grows. Whatever was issued under a smaller number is dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch after this one, under which everything issued up to now is dead.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The three epochs a token was issued under, in the order of its `ver` claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Raised when a tenant is disabled, or everything in it is ended.
    pub tenant: Epoch,
    /// Raised when the application that asked is disabled or deleted.
    pub application: Epoch,
    /// Raised by a password change, a disable, a delete, or "end everything"; of an application's own token: the same
    /// as `application`.
    pub subject: Epoch,
}

impl Epochs {
    /// Whether something issued under these epochs is still alive under the current ones.
    pub fn hold_under(self, current: Self) -> bool {
        self.tenant >= current.tenant && self.application >= current.application && self.subject >= current.subject
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_raised_epoch_ends_what_came_before() {
        let issued = Epochs { tenant: Epoch(1), application: Epoch(2), subject: Epoch(3) };
        assert!(issued.hold_under(issued));
        for current in [
            Epochs { tenant: Epoch(2), ..issued },
            Epochs { application: Epoch(3), ..issued },
            Epochs { subject: Epoch(4), ..issued },
        ] {
            assert!(!issued.hold_under(current));
        }
    }
}
