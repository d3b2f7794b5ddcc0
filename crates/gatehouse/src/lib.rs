//! The operator's tool over both databases: backup and restore, also from one engine to the other.
//!
//! Owns the file of a backup and the order of things: what is read first, what is checked, what is committed last. Leaves
//! reading and writing whole databases to [`store::copy`], and what a deployment key opens to the services. Layer 6: the
//! settings are those of the services themselves.
//!
//! **Why the two databases agree.** Each is read in one snapshot; auth's is taken first, identity's a moment later. Auth
//! writes down nothing of a user, an application or an epoch before identity has told it, so all that auth's snapshot
//! refers to was in identity before identity's was taken. What changed between them can only be a deletion (a tombstone
//! stays) or an epoch that rose, and then the session is dead under it. The other way round a session could carry an
//! epoch that identity has yet to reach, and would outlive the next password change. Identity keeps nothing about auth.
//!
//! **Why nothing is half done.** The file is read once to its end before anything else. Each database is then made anew in
//! one transaction; both are compared with the file, opened with the deployment keys, and committed after everything has
//! succeeded: identity first, because auth refers to it.
//!
//! Read [`backup`] first, then [`restore`](mod@restore).

pub mod backup;
pub mod deployment;
mod format;
pub mod reading;
mod refusal;
pub mod restore;
mod writing;

pub use refusal::{Refusal, Result};
