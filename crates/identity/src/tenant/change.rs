//! What may change about a tenant, and what a change ends.

use error_codes::Result;

use super::{LimitsChange, SettingsChange, Tenant, parse_display_name};
use crate::fields::Fields;

/// What a request wants to change; what is absent stays. The slug is for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// `displayName`.
    pub display_name: Option<String>,
    /// `active`: whether anybody may log in from now on.
    pub active: Option<bool>,
    /// `settings`.
    pub settings: SettingsChange,
    /// `limits`.
    pub limits: LimitsChange,
}

impl TenantChange {
    /// The tenant afterwards.
    ///
    /// Disabling it raises the epoch, so that every token in it is dead; enabling it leaves them dead.
    ///
    /// # Errors
    /// IDE-0002 with every member that breaks a limit.
    pub fn apply(&self, tenant: &Tenant) -> Result<Tenant> {
        let mut fields = Fields::default();
        let mut changed = tenant.clone();
        let display_name = fields.read_optional("displayName", self.display_name.as_deref(), parse_display_name);
        if let Some(display_name) = display_name {
            changed.display_name = display_name;
        }
        changed.settings = self.settings.apply(&tenant.settings, &mut fields);
        changed.limits = self.limits.apply(&tenant.limits, &mut fields);
        if let Some(active) = self.active {
            changed.active = active;
            if tenant.active && !active {
                changed.epoch = tenant.epoch.next();
            }
        }
        if fields.are_sound() { Ok(changed) } else { Err(fields.into_failure()) }
    }
}
