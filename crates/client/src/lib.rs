//! What a Rust service adds to trust Gatehouse: a verifier of access tokens, fed by the token-state stream.
//!
//! Owns: what a verifier must hold in memory (keys, epochs, dead secrets, ended sessions), the lease on it, and the
//! subscription that feeds it. Leaves to a service what it does with a verified token. Layer 4; identity-service and
//! auth-service are its first users. Read [`TokenVerifier`] first, then [`TokenState`].

mod lease;
mod news;
mod state;
mod subscribe;
mod verify;

pub use lease::Lease;
pub use news::{Heard, News};
pub use state::{HISTORY, TokenState};
pub use subscribe::{Leases, subscribe};
pub use verify::TokenVerifier;
