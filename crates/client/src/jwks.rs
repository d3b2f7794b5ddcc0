//! Public keys fetched over HTTPS, for services without the token-state stream.
//!
//! Keys alone say that a token was signed by auth and has not expired. They say nothing of logouts, disabled people or
//! withdrawn secrets, so what is read with them is a [`SignedToken`] and no more.

mod fetch;
mod refresh;
mod verify;

pub use self::fetch::JwksSettings;
pub use self::refresh::RemoteKeys;
pub use self::verify::{KeyVerifier, SignedToken};
