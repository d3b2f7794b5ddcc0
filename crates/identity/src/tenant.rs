//! Tenants: the boundary that nothing crosses, and what is set for everybody inside it.

use domain::id::TenantId;
use domain::{Entropy, Epoch, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use crate::password::Kinds;

/// One tenant. Its slug stands in tokens, paths and logins, and never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in tokens (`owner`), paths and logins.
    pub slug: Slug,
    /// Its name for people.
    pub display_name: String,
    /// Whether anybody may log in.
    pub active: bool,
    /// Raised when everything in it is ended.
    pub epoch: Epoch,
    /// What is set for everybody inside it.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a tenant may set for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The kinds of characters that a new password must hold; none by default (NIST SP 800-63B §5.1.1.2 advises against).
    pub password_kinds: Kinds,
    /// Whether people may log in with the password grant; they may by default.
    pub password_grant: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { password_kinds: Kinds::default(), password_grant: true }
    }
}

impl Tenant {
    /// A new, active tenant with default settings.
    pub fn new(slug: Slug, display_name: String, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self {
            id: TenantId::new(now, entropy),
            slug,
            display_name,
            active: true,
            epoch: Epoch::default(),
            settings: Settings::default(),
            created_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_settings_are_the_defaults_and_unknown_ones_are_refused() {
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default());
        let digits = serde_json::from_str::<Settings>(r#"{"passwordKinds":{"digit":true}}"#).unwrap();
        assert!(digits.password_kinds.digit && digits.password_grant);
        assert!(serde_json::from_str::<Settings>(r#"{"passwordKind":{}}"#).is_err());
    }
}
