//! Signing, verifying, sealing, message authentication and password hashes.
//!
//! Owns every use of a key: what is computed with it, how the result is written down, and what is refused. Leaves to its
//! neighbours which claims a token carries and how long it lives (`auth`, `client`), when a password is asked for
//! (`identity`), and where keys and hashes are kept (the stores). Layer 2; no I/O and no clock, and chance is an
//! argument wherever the library lets it be.
//!
//! Read [`keys`] first, where the keys come from, then [`jws`], the only part that strangers send input to.

#![warn(missing_docs)]

mod framing;
mod ring;

pub mod digest;
pub mod jws;
pub mod keys;
pub mod mac;
pub mod password;
pub mod seal;
pub mod token;
