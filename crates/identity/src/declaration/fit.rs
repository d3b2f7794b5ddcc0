//! Whether a manifest fits the tenant it is published in.

use std::collections::BTreeSet;

use domain::Slug;
use error_codes::{Result, ide};

use super::checking::check_level;
use super::{Manifest, Scope, role_slug};
use crate::fields::Fields;
use crate::role::Role;

/// What there is in the tenant.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Its roles.
    pub roles: &'a [Role],
    /// The groups that the manifest names and that exist.
    pub groups: &'a BTreeSet<Slug>,
    /// The scope that is kept so far.
    pub scope: &'a Scope,
}

impl Manifest {
    /// Refuses what would take a role over, names a group that there is not, or leaves a level on nothing.
    ///
    /// # Errors
    /// IDE-1023 naming each place.
    pub fn fits(&self, there: Surroundings<'_>) -> Result<()> {
        let mut fields = Fields::default();
        for (index, role) in self.access.iter().flat_map(|access| &access.roles).enumerate() {
            let slug = role_slug(&self.product, &role.name).ok();
            let taken = there.roles.iter().find(|taken| Some(&taken.slug) == slug.as_ref());
            if let Some(taken) = taken.filter(|taken| taken.declared_by.as_deref() != Some(&self.product)) {
                let reason = format!("gives the id '{}', of a role that this product did not declare", taken.slug);
                fields.refuse(&format!("roles[{index}].name"), reason);
            }
            for (place, granted) in role.granted_to.iter().enumerate() {
                if !there.groups.iter().any(|group| group.as_str() == granted.group) {
                    let place = format!("roles[{index}].granted_to[{place}].group");
                    fields.refuse(&place, "is no group of this tenant; make it first");
                }
            }
        }
        for level in self.kept_scope(there.scope).levels {
            if check_level(&level.level, &self.scope).is_err() {
                let (resource, action, level) = (level.resource, level.action, level.level);
                let reason = format!("lacks '{level}', the level that {resource}:{action} has; send 'levels' as well");
                fields.refuse("scope.dimensions", reason);
            }
        }
        if fields.are_sound() { Ok(()) } else { Err(fields.into_failure_as(ide::INVALID_DECLARATION)) }
    }
}
