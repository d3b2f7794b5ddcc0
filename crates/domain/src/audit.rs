//! The audit trail in words: what it can tell, how an event reads, and which events are asked for.

pub mod action;

use std::fmt;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::id::{EventId, TenantId};
use crate::{InvalidText, Timestamp};

pub use action::Action;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Ending {
    /// The name in rows and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        [Self::Done, Self::Refused]
            .into_iter()
            .find(|ending| ending.name() == text)
            .ok_or_else(|| InvalidText::new("must be 'done' or 'refused'"))
    }
}

/// An event as the trail keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its id.
    pub id: EventId,
    /// The tenant it happened in; the nil UUID for what belongs to the deployment.
    pub tenant: TenantId,
    /// When the transaction of what it tells began.
    pub at: Timestamp,
    /// The kind of who did it.
    pub actor_kind: String,
    /// Who did it; may be empty.
    pub actor_id: String,
    /// What, one of [`action::ALL`] unless a newer version wrote it.
    pub action: String,
    /// The kind of what it was done to.
    pub target_kind: String,
    /// What it was done to.
    pub target_id: String,
    /// How it ended, an [`Ending`].
    pub outcome: String,
    /// With which code it was refused.
    pub code: Option<String>,
    /// The address it came from; may be empty.
    pub address: String,
    /// The request it came with; may be empty.
    pub request_id: String,
    /// What changed, and what else is worth knowing.
    pub details: Option<Value>,
}

impl Recorded {
    /// Its place in the trail.
    pub fn place(&self) -> Place {
        Place { at: self.at, id: self.id }
    }
}

/// Which actions are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// This one.
    Action(String),
    /// All that begin with this, its dot included: `user.` of `user.*`.
    Family(String),
}

impl Sought {
    /// Reads `user.create` or `user.*`.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let is_word = |word: &str| {
            (1..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        match text.split_once('.') {
            Some((family, "*")) if is_word(family) => Ok(Self::Family(format!("{family}."))),
            Some((family, act)) if is_word(family) && is_word(act) => Ok(Self::Action(text.to_owned())),
            None if is_word(text) => Ok(Self::Action(text.to_owned())),
            Some(_) | None => {
                Err(InvalidText::new("must be an action such as 'user.create', or all of a kind, 'user.*'"))
            }
        }
    }
}

/// Which events of a trail are asked for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// The kind of who did it.
    pub actor_kind: Option<String>,
    /// Who did it.
    pub actor_id: Option<String>,
    /// What was done.
    pub action: Option<Sought>,
    /// The kind of what it was done to.
    pub target_kind: Option<String>,
    /// What it was done to.
    pub target_id: Option<String>,
    /// How it ended.
    pub outcome: Option<Ending>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// The request it came with.
    pub request_id: Option<String>,
}

impl Filter {
    /// What is asked for, for the event of an export.
    pub fn told(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let action = self.action.as_ref().map(|action| match action {
            Sought::Action(action) => action.clone(),
            Sought::Family(family) => format!("{family}*"),
        });
        let members = [
            ("from", time(self.from)),
            ("to", time(self.to)),
            ("actorKind", self.actor_kind.clone()),
            ("actorId", self.actor_id.clone()),
            ("action", action),
            ("targetKind", self.target_kind.clone()),
            ("targetId", self.target_id.clone()),
            ("outcome", self.outcome.map(|outcome| outcome.name().to_owned())),
            ("code", self.code.clone()),
            ("address", self.address.clone()),
            ("requestId", self.request_id.clone()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A place in a trail. Events are ordered by time, those of one moment by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The time.
    pub at: Timestamp,
    /// The id.
    pub id: EventId,
}

impl Place {
    /// Reads what [`Display`](fmt::Display) wrote into a cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        let at = Timestamp::from_micros(micros.parse().ok()?);
        // Only what a trail can hold: a database refuses times far out.
        let fits = (Timestamp::EARLIEST..=Timestamp::LATEST).contains(&at);
        let place = Self { at, id: EventId::parse(id).ok()? };
        (fits && place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.micros(), self.id)
    }
}

/// What changed, for the details of an event: the members that differ, before and after.
///
/// What has no before was made, what has no after is gone; then all members are told.
pub fn changes(before: Option<Value>, after: Option<Value>) -> Value {
    let mut told = Map::new();
    let differ = |own: Value, other: &Option<Value>| match (own, other) {
        (Value::Object(own), Some(other)) => {
            own.into_iter().filter(|(name, value)| other.get(name) != Some(value)).collect()
        }
        (own, _) => own,
    };
    if let Some(value) = before.clone() {
        told.insert("before".to_owned(), differ(value, &after));
    }
    if let Some(value) = after {
        told.insert("after".to_owned(), differ(value, &before));
    }
    Value::Object(told)
}

/// The tenant, in rows, of what belongs to the deployment and not to a tenant.
pub const DEPLOYMENT: Uuid = Uuid::nil();

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_is_named_whole_or_by_its_family() {
        assert_eq!(Sought::parse("user.create"), Ok(Sought::Action("user.create".to_owned())));
        assert_eq!(Sought::parse("login"), Ok(Sought::Action("login".to_owned())));
        assert_eq!(Sought::parse("signing_key.*"), Ok(Sought::Family("signing_key.".to_owned())));
        for wrong in ["", "*", ".*", "user.", "user.cre*", "user.*.*", "User.create", "user.%", "user create", "a.b.c"]
        {
            assert!(Sought::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_tells_what_differs_and_nothing_else() {
        let [was, is] = [json!({ "a": 1, "b": [1], "c": null }), json!({ "a": 1, "b": [2], "c": "x" })];
        assert_eq!(
            changes(Some(was.clone()), Some(is)),
            json!({ "before": { "b": [1], "c": null }, "after": { "b": [2], "c": "x" } })
        );
        assert_eq!(changes(None, Some(was.clone())), json!({ "after": was }));
        assert_eq!(changes(Some(was.clone()), None), json!({ "before": was }));
        assert_eq!(changes(Some(was.clone()), Some(was)), json!({ "before": {}, "after": {} }));
    }

    #[test]
    fn every_action_can_be_sought() {
        for action in action::ALL {
            assert_eq!(Sought::parse(action.name), Ok(Sought::Action(action.name.to_owned())));
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written_and_in_no_other_way() {
        let place = Place { at: Timestamp::from_micros(1_744_099_290_169_999), id: EventId::from(Uuid::from_u128(7)) };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        let id = "00000000-0000-0000-0000-000000000007";
        for wrong in
            ["", ".", id, &format!("+1.{id}"), &format!("01.{id}"), &format!("9223372036854775807.{id}"), "1.x"]
        {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
