//! What can go wrong with a password hash, apart from a wrong password.

use std::error::Error;
use std::fmt;

use bcrypt::BcryptError;

/// Why a password was neither hashed nor compared.
#[derive(Debug)]
pub enum PasswordError {
    /// A cost was configured that is not from 4 to 16.
    Cost(u32),
    /// The stored text is no hash of a kind we know, or its cost is out of range.
    Corrupt,
    /// The stored hash needs the deployment key of this number, which the key file does not hold.
    UnknownKey(u8),
    /// The bcrypt library refused its input.
    Library(BcryptError),
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost(cost) => write!(f, "the password cost must be from 4 to 16, not {cost}"),
            Self::Corrupt => f.write_str("the stored password hash is of no known kind"),
            Self::UnknownKey(id) => {
                write!(f, "the stored password hash needs deployment key {id}, which is not in the key file")
            }
            Self::Library(_) => f.write_str("the password could not be hashed"),
        }
    }
}

impl Error for PasswordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Library(cause) => Some(cause),
            Self::Cost(_) | Self::Corrupt | Self::UnknownKey(_) => None,
        }
    }
}
