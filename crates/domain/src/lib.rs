//! The words both services must agree on: ids, names, secrets, time, chance, epochs, pages, permissions and what an
//! access token says.
//!
//! Owns what a thing *is*; leaves what may be done with it to `identity` and `auth`. Layer 1, no I/O but the system's
//! clock and random source, which are handed in as arguments. Read [`id`] and [`permission`] first.

pub mod audit;
pub mod change;
pub mod claim;
pub mod email;
pub mod entropy;
pub mod epoch;
pub mod id;
pub mod issuer;
pub mod json;
pub mod network;
pub mod page;
pub mod permission;
pub mod product;
pub mod scope;
pub mod secret;
pub mod slug;
pub mod text;
pub mod time;
pub mod token;
pub mod username;

pub use email::Email;
pub use entropy::{Entropy, OsEntropy};
pub use epoch::{Epoch, Epochs};
pub use issuer::Issuers;
pub use network::Network;
pub use secret::Secret;
pub use slug::Slug;
pub use text::InvalidText;
pub use time::{Clock, SystemClock, Timestamp};
pub use username::Username;
