//! Sessions of people: from a login until they end, idle out or grow too old.

mod rotation;

use std::fmt;

use domain::id::{ApplicationId, SessionId, TenantId, UserId};
use domain::scope::Scopes;
use domain::token::Authentication;
use domain::{Epochs, Timestamp};

pub use rotation::Rotation;

use crate::refresh::PersonRefresh;
use crate::{Door, Lifetimes};

/// A login of a person, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What was fixed at the login.
    pub login: Login,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest, however often it is used.
    pub expires_at: Timestamp,
    /// Whether it goes on.
    pub state: State,
}

/// What a login fixes for the whole session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The session's id, the `sid` of its tokens.
    pub session: SessionId,
    /// The tenant of the person.
    pub tenant: TenantId,
    /// The person.
    pub user: UserId,
    /// The application through which they logged in.
    pub application: ApplicationId,
    /// The door.
    pub door: Door,
    /// What they authorised.
    pub scopes: Scopes,
    /// The epochs that their credentials were checked under; once one is raised the session is dead.
    pub epochs: Epochs,
    /// How and when they proved who they are.
    pub authentication: Authentication,
    /// Where they came from.
    pub origin: Origin,
}

/// Where a login came from, for the list of sessions and the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address; empty when it is not known.
    pub address: String,
    /// What the client calls itself, as it came, cut to [`Origin::USER_AGENT`] characters.
    pub user_agent: String,
}

impl Origin {
    /// The most characters that are kept of what a client calls itself.
    pub const USER_AGENT: usize = 255;

    /// An origin of an address and the `User-Agent` header; control characters in it are left out.
    pub fn new(address: impl Into<String>, user_agent: &str) -> Self {
        let user_agent = user_agent.chars().filter(|letter| !letter.is_control()).take(Self::USER_AGENT).collect();
        Self { address: address.into(), user_agent }
    }
}

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may go on.
    Live(Live),
    /// It was ended and never comes back.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// How far a live session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// The generation of the refresh token that may be redeemed.
    pub generation: u32,
    /// When the previous generation was redeemed; `None` for the first.
    pub rotated_at: Option<Timestamp>,
    /// When a refresh token of it was last redeemed, an honest retry included; at first: when it began.
    pub used_at: Timestamp,
    /// When it ends unless it is used before.
    pub idle_expires_at: Timestamp,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The person logged out with a token of it.
    Logout,
    /// The person ended it from the list of their sessions.
    ByUser,
    /// An administrator ended it.
    ByAdministrator,
    /// A refresh token that was already redeemed, or never issued, was presented: somebody has a copy
    /// (RFC 9700 §4.14.2).
    Replay,
}

impl EndReason {
    const ALL: [Self; 4] = [Self::Logout, Self::ByUser, Self::ByAdministrator, Self::Replay];

    /// Its name in rows and audit events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::ByUser => "by_user",
            Self::ByAdministrator => "by_administrator",
            Self::Replay => "replay",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Session {
    /// Begins a session. The caller inserts it only if the epochs of the login still hold.
    pub fn begin(login: Login, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let expires_at = now.plus(lifetimes.absolute);
        let idle_expires_at = now.plus(lifetimes.idle).min(expires_at);
        let live = Live { generation: 1, rotated_at: None, used_at: now, idle_expires_at };
        Self { login, created_at: now, expires_at, state: State::Live(live) }
    }

    /// How far it has come; `None` once it was ended, idled out or grew too old.
    pub fn live(&self, now: Timestamp) -> Option<Live> {
        match self.state {
            State::Live(live) if now < live.idle_expires_at && now < self.expires_at => Some(live),
            State::Live(_) | State::Ended { .. } => None,
        }
    }

    /// When the last token of it is gone as it stands: no access token may outlive the idle limit, or its end would be
    /// forgotten before.
    pub fn tokens_gone(&self) -> Timestamp {
        match self.state {
            State::Live(live) => live.tokens_gone(self.expires_at),
            State::Ended { at, .. } => at,
        }
    }

    /// The refresh token of a generation.
    pub fn refresh_token(&self, generation: u32) -> PersonRefresh {
        PersonRefresh { session: self.login.session, generation, door: self.login.door }
    }
}

impl Live {
    /// When the last token of the session is gone, refresh token included: as long as its end must be remembered.
    ///
    /// [`Lifetimes::check`] makes sure that no access token outlives the idle limit.
    pub fn tokens_gone(&self, session_end: Timestamp) -> Timestamp {
        self.idle_expires_at.min(session_end)
    }
}
