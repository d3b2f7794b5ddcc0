//! What a tenant sets for everybody inside it.

use domain::network::Networks;
use serde::{Deserialize, Serialize};

use crate::fields::Fields;
use crate::password::Kinds;

/// The shortest and the longest life of an access token, in seconds.
const ACCESS: (u32, u32) = (60, 6_900);
/// The shortest and the longest life of a session or a refresh token, in seconds.
const SESSION: (u32, u32) = (300, 366 * 24 * 60 * 60);

/// What a tenant sets for itself.
///
/// A life that is not set is the deployment's, and none is ever longer than that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The kinds of characters that a new password must hold; none by default (NIST SP 800-63B §5.1.1.2 advises against).
    pub password_kinds: Kinds,
    /// Whether people may log in with the password grant through the default application; they may by default.
    pub password_grant: bool,
    /// Life of an access token, 60 to 6900.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u32>,
    /// How long a person's session lasts without a refresh, 300 to a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_seconds: Option<u32>,
    /// How long a person's session lasts in all, 300 to a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_absolute_seconds: Option<u32>,
    /// Life of a machine's refresh token, 300 to a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_refresh_seconds: Option<u32>,
    /// The networks from which anybody may do anything that permissions decide, such as `192.0.2.0/24`, at most 100; empty:
    /// from everywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_networks: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_kinds: Kinds::default(),
            password_grant: true,
            access_token_seconds: None,
            session_idle_seconds: None,
            session_absolute_seconds: None,
            machine_refresh_seconds: None,
            allowed_networks: Vec::new(),
        }
    }
}

/// What is to change about the settings; what is absent stays, and `Some(None)` brings the deployment's value back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// `passwordKinds`.
    pub password_kinds: KindsChange,
    /// `passwordGrant`.
    pub password_grant: Option<bool>,
    /// `accessTokenSeconds`.
    pub access_token_seconds: Option<Option<u32>>,
    /// `sessionIdleSeconds`.
    pub session_idle_seconds: Option<Option<u32>>,
    /// `sessionAbsoluteSeconds`.
    pub session_absolute_seconds: Option<Option<u32>>,
    /// `machineRefreshSeconds`.
    pub machine_refresh_seconds: Option<Option<u32>>,
    /// `allowedNetworks`; the whole list.
    pub allowed_networks: Option<Vec<String>>,
}

/// What is to change about the kinds of characters; what is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindsChange {
    /// `upper`.
    pub upper: Option<bool>,
    /// `lower`.
    pub lower: Option<bool>,
    /// `digit`.
    pub digit: Option<bool>,
    /// `special`.
    pub special: Option<bool>,
}

impl SettingsChange {
    /// The settings afterwards; what breaks a limit is refused in `fields`.
    pub fn apply(&self, was: &Settings, fields: &mut Fields) -> Settings {
        let mut seconds = |name: &str, wanted: Option<Option<u32>>, was, (least, most)| match wanted {
            None => was,
            Some(None) => None,
            Some(Some(count)) if (least..=most).contains(&count) => Some(count),
            Some(Some(_)) => {
                fields.refuse(&format!("settings.{name}"), format!("must be {least} to {most}"));
                was
            }
        };
        let settings = Settings {
            password_kinds: self.password_kinds.apply(was.password_kinds),
            password_grant: self.password_grant.unwrap_or(was.password_grant),
            access_token_seconds: seconds(
                "accessTokenSeconds",
                self.access_token_seconds,
                was.access_token_seconds,
                ACCESS,
            ),
            session_idle_seconds: seconds(
                "sessionIdleSeconds",
                self.session_idle_seconds,
                was.session_idle_seconds,
                SESSION,
            ),
            session_absolute_seconds: seconds(
                "sessionAbsoluteSeconds",
                self.session_absolute_seconds,
                was.session_absolute_seconds,
                SESSION,
            ),
            machine_refresh_seconds: seconds(
                "machineRefreshSeconds",
                self.machine_refresh_seconds,
                was.machine_refresh_seconds,
                SESSION,
            ),
            allowed_networks: match &self.allowed_networks {
                None => was.allowed_networks.clone(),
                Some(wanted) => {
                    let parsed = Networks::parse(wanted.iter().map(String::as_str));
                    parsed.map(|networks| networks.iter().collect()).unwrap_or_else(|reason| {
                        fields.refuse("settings.allowedNetworks", reason.to_string());
                        was.allowed_networks.clone()
                    })
                }
            },
        };
        let spans = settings.session_idle_seconds.zip(settings.session_absolute_seconds);
        if spans.is_some_and(|(idle, absolute)| idle > absolute) {
            fields.refuse("settings.sessionIdleSeconds", "must not be more than 'sessionAbsoluteSeconds'");
        }
        settings
    }
}

impl KindsChange {
    fn apply(self, was: Kinds) -> Kinds {
        Kinds {
            upper: self.upper.unwrap_or(was.upper),
            lower: self.lower.unwrap_or(was.lower),
            digit: self.digit.unwrap_or(was.digit),
            special: self.special.unwrap_or(was.special),
        }
    }
}
