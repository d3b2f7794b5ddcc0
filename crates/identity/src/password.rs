//! Which passwords may be chosen (NIST SP 800-63B §5.1.1.2).

use std::fmt;

use domain::{Email, Secret, Username};
use error_codes::{Failure, Result, ide};
use serde::{Deserialize, Serialize};

mod common;

/// The shortest password, in characters.
const SHORTEST: usize = 12;
/// The longest password, in characters.
const LONGEST: usize = 255;

/// The kinds of characters of which a new password must hold one each; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kinds {
    /// An upper-case letter of any script.
    pub upper: bool,
    /// A lower-case letter of any script.
    pub lower: bool,
    /// A digit of any script.
    pub digit: bool,
    /// Anything that is neither letter nor digit.
    pub special: bool,
}

/// Whose password it becomes: their own names are no password.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The name to log in with.
    pub username: &'a Username,
    /// The address, of which the part before `@` counts.
    pub email: &'a Email,
}

/// A password that may be chosen. It is hashed next, and kept nowhere.
pub struct NewPassword(Secret<String>);

impl NewPassword {
    /// Checks a password; `field` is the member of the request it came in.
    ///
    /// # Errors
    /// IDE-0020 under 12 characters. IDE-0027 over 255 characters, when it is a common one or a name of its owner, and
    /// when it lacks a kind of character that the tenant asks for.
    pub fn parse(field: &str, text: &str, kinds: Kinds, owner: Owner<'_>) -> Result<Self> {
        let refused = |reason: String| Failure::new(ide::PASSWORD_NOT_ACCEPTED).with_field(field, reason);
        // One more than the limit is enough to know, however long the text is.
        let length = text.chars().take(LONGEST + 1).count();
        if length < SHORTEST {
            let reason = format!("must have at least {SHORTEST} characters");
            return Err(Failure::new(ide::PASSWORD_TOO_SHORT).with_field(field, reason));
        }
        if length > LONGEST {
            return Err(refused(format!("must have at most {LONGEST} characters")));
        }
        if let Some(kind) = kinds.lacking(text) {
            return Err(refused(format!("must hold {kind}")));
        }
        if common::is_common(text) {
            return Err(refused("is one of the first that anybody would try".to_owned()));
        }
        if owner.names(text) {
            return Err(refused("must not be a name of its owner".to_owned()));
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The text, for the hash.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text in custody, for a hash that is made elsewhere.
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Kinds {
    /// The first kind that is asked for and absent.
    fn lacking(self, text: &str) -> Option<&'static str> {
        let lacks = |asked: bool, kind: fn(char) -> bool| asked && !text.chars().any(kind);
        if lacks(self.upper, char::is_uppercase) {
            Some("an upper-case letter")
        } else if lacks(self.lower, char::is_lowercase) {
            Some("a lower-case letter")
        } else if lacks(self.digit, char::is_numeric) {
            Some("a digit")
        } else if lacks(self.special, |c| !c.is_alphanumeric()) {
            Some("a character that is neither letter nor digit")
        } else {
            None
        }
    }
}

impl Owner<'_> {
    /// Whether a password is a name of this person, with or without what is often hung on.
    fn names(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let stem = common::stem(&text);
        let email = self.email.folded();
        let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
        [self.username.folded(), email, local].iter().any(|&name| text == name || stem == common::stem(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, kinds: Kinds) -> Result<NewPassword> {
        let username = Username::parse("Administrator.Souza").unwrap();
        let email = Email::parse("ana.maria.souza@example.com").unwrap();
        NewPassword::parse("newPassword", text, kinds, Owner { username: &username, email: &email })
    }

    fn code(text: &str) -> Option<error_codes::Code> {
        parse(text, Kinds::default()).err().map(|failure| failure.code())
    }

    #[test]
    fn twelve_to_255_characters_are_counted_not_bytes() {
        assert_eq!(code("short-11-ch"), Some(ide::PASSWORD_TOO_SHORT));
        assert_eq!(code("twelve-12-ch"), None);
        assert_eq!(code("çãõéíóúâêôàü"), None);
        assert_eq!(code(&"correct horse ".repeat(18)), None);
        assert_eq!(code(&"correct horse ".repeat(19)), Some(ide::PASSWORD_NOT_ACCEPTED));
    }

    #[test]
    fn the_member_is_named_and_the_password_is_not_repeated() {
        let failure = parse("password1234", Kinds::default()).unwrap_err();
        assert_eq!(failure.fields().keys().collect::<Vec<_>>(), ["newPassword"]);
        assert!(!format!("{failure:?}").contains("password1234"));
    }

    #[test]
    fn a_name_of_the_owner_is_no_password() {
        for name in ["administrator.souza", "Administrator.Souza!1", "ana.maria.souza", "ANA.MARIA.SOUZA@example.com"] {
            assert_eq!(code(name), Some(ide::PASSWORD_NOT_ACCEPTED), "{name}");
        }
    }

    #[test]
    fn a_tenant_may_ask_for_kinds_of_characters() {
        let all = Kinds { upper: true, lower: true, digit: true, special: true };
        assert!(parse("Correct-Horse-7", all).is_ok());
        for lacking in ["correct-horse-7", "CORRECT-HORSE-7", "Correct-Horse-x", "CorrectHorse77"] {
            let failure = parse(lacking, all).unwrap_err();
            assert_eq!(failure.code(), ide::PASSWORD_NOT_ACCEPTED, "{lacking}");
        }
        assert!(parse("correcthorsebattery", Kinds::default()).is_ok());
    }
}
