//! How refresh tokens are written: a few bytes and their tag, as unpadded base64url (RFC 4648 §5).
//!
//! The bytes are `body ‖ key id ‖ tag`; the first byte of the body tells the kind, numbers are big-endian, and the tag is
//! over the body. Nothing in them is secret but the tag, and nothing is believed before it was checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{ApplicationId, SecretId, SessionId, TenantId};
use domain::scope::Scopes;
use domain::{Epoch, Epochs, Secret, Timestamp};
use uuid::Uuid;

use super::{MachineRefresh, PersonRefresh, RefreshToken};
use crate::Door;

#[cfg(test)]
mod tests;

/// The longest refresh token, in characters.
pub const LONGEST: usize = 2_048;

const PERSON: u8 = 1;
const MACHINE: u8 = 2;
const TAG: usize = 32;

impl RefreshToken {
    /// Writes the token; `mac` gives the id of the key and the tag for the bytes it is handed.
    ///
    /// `None` where it would be longer than [`LONGEST`], which only a machine with a very long list of scopes reaches: it
    /// gets no refresh token and presents its credentials again.
    pub fn encode(&self, mac: impl FnOnce(&[u8]) -> (u8, [u8; TAG])) -> Option<Secret<String>> {
        let mut bytes = match self {
            Self::Person(token) => token.body(),
            Self::Machine(token) => token.body(),
        };
        let (key_id, tag) = mac(&bytes);
        bytes.push(key_id);
        bytes.extend(tag);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        (text.len() <= LONGEST).then(|| Secret::new(text))
    }

    /// Reads a token from outside; `verify` is asked with a key id, the bytes and the tag.
    ///
    /// `None` for everything that [`encode`](Self::encode) did not write under a key that is still known.
    pub fn decode(text: &str, verify: impl FnOnce(u8, &[u8], &[u8]) -> bool) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, tag) = bytes.split_last_chunk::<TAG>()?;
        let (key_id, body) = signed.split_last()?;
        if !verify(*key_id, body, tag) {
            return None;
        }
        let mut reader = Reader(body);
        let token = match reader.byte()? {
            PERSON => Self::Person(PersonRefresh::read(&mut reader)?),
            MACHINE => Self::Machine(MachineRefresh::read(&mut reader)?),
            _ => return None,
        };
        reader.0.is_empty().then_some(token)
    }
}

impl PersonRefresh {
    fn body(&self) -> Vec<u8> {
        let mut body = vec![PERSON, self.door.number()];
        body.extend(self.session.uuid().as_bytes());
        body.extend(self.generation.to_be_bytes());
        body
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let door = reader.door()?;
        Some(Self { door, session: reader.id()?, generation: reader.number()? })
    }
}

impl MachineRefresh {
    fn body(&self) -> Vec<u8> {
        let mut body = vec![MACHINE, self.door.number()];
        for id in [self.tenant.uuid(), self.application.uuid(), self.secret.uuid(), self.session.uuid()] {
            body.extend(id.as_bytes());
        }
        for epoch in [self.epochs.tenant, self.epochs.application, self.epochs.subject] {
            body.extend(epoch.0.to_be_bytes());
        }
        body.extend(self.expires_at.micros().to_be_bytes());
        body.extend(self.scopes.to_string().as_bytes());
        body
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let door = reader.door()?;
        let tenant: TenantId = reader.id()?;
        let application: ApplicationId = reader.id()?;
        let secret: SecretId = reader.id()?;
        let session: SessionId = reader.id()?;
        let [tenant_epoch, application_epoch, subject_epoch] =
            [reader.number()?, reader.number()?, reader.number()?].map(Epoch);
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(reader.take()?));
        let scopes = Scopes::parse(std::str::from_utf8(reader.rest()).ok()?).ok()?;
        let epochs = Epochs { tenant: tenant_epoch, application: application_epoch, subject: subject_epoch };
        Some(Self { tenant, application, secret, session, scopes, epochs, expires_at, door })
    }
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn id<T: From<Uuid>>(&mut self) -> Option<T> {
        self.take().map(|bytes| Uuid::from_bytes(bytes).into())
    }

    fn door(&mut self) -> Option<Door> {
        Door::from_number(self.byte()?)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}
