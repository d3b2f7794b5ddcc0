//! The rules of tokens, sessions, refresh and permission questions.
//!
//! Owns what a token says and how long it lives, when a session goes on or ends, what a refresh token holds and where it
//! may be redeemed, how long a signing key is needed, and whose permissions a question is about. Leaves signatures and tags
//! to `crypto` (they come in as closures and values), who a subject is to `identity`, and the rows to `auth-store`. Layer 2:
//! synchronous, without I/O; time and chance are arguments. What every verifier needs of a token stands in `domain::token`.
//!
//! Read [`session`] first, then [`refresh`] and [`claims`].

#![warn(missing_docs)]

pub mod claims;
pub mod door;
pub mod grant;
pub mod lifetimes;
pub mod party;
pub mod question;
pub mod refresh;
pub mod route_table;
pub mod session;
pub mod signing;

pub use door::Door;
pub use grant::GrantType;
pub use lifetimes::{Lifetimes, TenantLifetimes};
