//! How much of everything a tenant may have.

use error_codes::{Failure, Result, ide};
use serde::{Deserialize, Serialize};

use crate::fields::Fields;

/// The largest limit that can be set.
const MOST: u32 = 1_000_000_000;

/// How much of everything a tenant may have; what is not set has no limit.
///
/// Counted are the living, what was seeded with the tenant among them: what the lists tell as `total`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u32>,
    /// Groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<u32>,
    /// Applications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applications: Option<u32>,
    /// Requests of the whole tenant in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
}

/// What is to change about the limits; what is absent stays, and `Some(None)` or 0 takes a limit away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsChange {
    /// `users`.
    pub users: Option<Option<u32>>,
    /// `groups`.
    pub groups: Option<Option<u32>>,
    /// `applications`.
    pub applications: Option<Option<u32>>,
    /// `requestsPerSecond`.
    pub requests_per_second: Option<Option<u32>>,
}

impl LimitsChange {
    /// The limits afterwards; what is out of range is refused in `fields`.
    ///
    /// A limit below what the tenant has takes nothing away; it lets nothing be added.
    pub fn apply(&self, was: &Limits, fields: &mut Fields) -> Limits {
        let mut limit = |name: &str, wanted: Option<Option<u32>>, was| match wanted {
            None => was,
            Some(None | Some(0)) => None,
            Some(Some(count)) if count <= MOST => Some(count),
            Some(Some(_)) => {
                fields.refuse(&format!("limits.{name}"), format!("must be at most {MOST}"));
                was
            }
        };
        Limits {
            users: limit("users", self.users, was.users),
            groups: limit("groups", self.groups, was.groups),
            applications: limit("applications", self.applications, was.applications),
            requests_per_second: limit("requestsPerSecond", self.requests_per_second, was.requests_per_second),
        }
    }
}

/// Refuses what went beyond a limit; `total` is counted with it, in its transaction.
///
/// # Errors
/// IDE-1019 naming what is limited, which undoes the addition.
pub fn keep_within(kind: &str, limit: Option<u32>, total: u64) -> Result<()> {
    match limit {
        Some(limit) if total > u64::from(limit) => {
            Err(Failure::new(ide::TENANT_LIMIT).with_field(kind, format!("are limited to {limit} in this tenant")))
        }
        Some(_) | None => Ok(()),
    }
}
