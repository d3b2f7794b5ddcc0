//! Nobody acts above themselves, and nobody leaves a tenant without an administrator.

use domain::permission::PermissionSet;
use error_codes::{Failure, Result, ide};

/// Refuses an act on a subject that has, or would get, a permission its actor lacks.
///
/// The sets of the subject are those of [`unended`](crate::membership::unended): a grant that begins tomorrow counts
/// today. The set of the actor is what the actor holds now.
///
/// # Errors
/// IDE-0023, which the caller also puts into the audit trail.
pub fn allow(actor: &PermissionSet, subject_now: &PermissionSet, subject_afterwards: &PermissionSet) -> Result<()> {
    if actor.covers(subject_now) && actor.covers(subject_afterwards) {
        Ok(())
    } else {
        Err(Failure::new(ide::FORBIDDEN).with_cause("the subject has or would get permissions that the actor lacks"))
    }
}

/// Refuses what left no administrator; `left` are those counted after the change, in its transaction.
///
/// # Errors
/// IDE-1016, which undoes the change.
pub fn keep_an_administrator(left: u64) -> Result<()> {
    if left == 0 { Err(Failure::new(ide::LAST_ADMINISTRATOR)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use domain::permission::Permission;

    use super::*;

    fn set(actions: &[&str]) -> PermissionSet {
        PermissionSet::new(actions.iter().map(|&action| Permission::new("midaz", "ledgers", action)), None)
    }

    #[test]
    fn nobody_acts_above_themselves() {
        let editor = set(&["get", "post"]);
        assert!(allow(&editor, &set(&["get"]), &set(&["get", "post"])).is_ok());
        for (now, afterwards) in
            [(set(&["delete"]), set(&[])), (set(&[]), set(&["get", "delete"])), (set(&["*"]), set(&[]))]
        {
            let failure = allow(&editor, &now, &afterwards).unwrap_err();
            assert_eq!(failure.code(), ide::FORBIDDEN);
        }
        assert!(allow(&set(&["*"]), &set(&["delete"]), &set(&["*"])).is_ok());
    }

    #[test]
    fn the_last_administrator_stays() {
        assert_eq!(keep_an_administrator(0).unwrap_err().code(), ide::LAST_ADMINISTRATOR);
        assert!(keep_an_administrator(1).is_ok());
    }
}
