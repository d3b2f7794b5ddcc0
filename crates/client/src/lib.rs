//! What a Rust service adds to be protected by Gatehouse: a guard before its routes, which verifies access tokens and asks
//! what their holders may do.
//!
//! Owns: what a verifier must hold in memory (keys, epochs, dead secrets, ended sessions), the lease on it, the
//! subscription that feeds it, fetched keys for services without that subscription, and answers about permissions for as
//! long as they count. Leaves to a service what it does with a verified token, and how it is told its settings. Layer 4;
//! identity-service and auth-service verify with it, `examples/ledgers` shows all of it. Read [`Guard`] first, then
//! [`TokenVerifier`] and [`TokenState`].
//!
//! Features, none by default: `actix` and `tonic` for middleware, `jwks` for fetched keys.

mod bearer;
mod caller;
mod guard;
mod lease;
mod news;
mod permissions;
mod refusal;
mod signatures;
mod state;
mod subscribe;
mod verify;

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "jwks")]
pub mod jwks;
#[cfg(feature = "tonic")]
pub mod tonic;

pub use bearer::bearer;
pub use caller::Caller;
#[cfg(feature = "jwks")]
pub use guard::Ended;
pub use guard::{Guard, GuardSettings};
pub use lease::Lease;
pub use news::{Heard, News};
pub use permissions::{Asking, Decision, Denial, Permissions, Question, Unanswered};
pub use refusal::{RETRY_AFTER, Refusal};
pub use state::{HISTORY, TokenState};
pub use subscribe::{Leases, subscribe};
pub use verify::TokenVerifier;
