//! What a tenant of the file declares, checked by the rules of the routes.

use std::collections::{BTreeMap, BTreeSet};

use ::identity::application::NewApplication;
use ::identity::declared::{Wanted, WantedApplication, WantedGroup, WantedRole};
use ::identity::group::NewGroup;
use ::identity::policy::{self, RawPermission};
use ::identity::product::Products;
use ::identity::tenant::TenantChange;
use domain::Slug;
use domain::permission::Permission;
use error_codes::{Failure, Result, ide};
use serde_saphyr::Spanned;

use super::file::{PermissionEntry, TenantEntry};

/// A refusal, and what of the file it is about.
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) about: String,
    pub(super) failure: Failure,
}

/// Reads everything but secrets, which are references.
pub(super) fn wanted(entry: &TenantEntry, products: &Products) -> Result<Wanted, Fault> {
    let tenant = TenantChange {
        display_name: entry.display_name.clone(),
        active: entry.active,
        settings: entry.settings.change(),
        limits: entry.limits.change(),
    };
    let mut wanted = Wanted { tenant, ..Wanted::default() };
    if let Some(entries) = &entry.roles {
        let mut roles = BTreeMap::new();
        for entry in entries {
            let at = |failure| fault(&entry.slug, "role", failure);
            let slug = named(&entry.slug, &entry.name).map_err(at)?;
            let permissions = permissions(entry.permissions.as_deref()).map_err(at)?;
            once(&mut roles, slug, WantedRole { name: entry.name.clone(), permissions }).map_err(at)?;
        }
        wanted.roles = Some(roles);
    }
    if let Some(entries) = &entry.groups {
        let mut groups = BTreeMap::new();
        for entry in entries {
            let at = |failure| fault(&entry.slug, "group", failure);
            let slug = named(&entry.slug, &entry.name).map_err(at)?;
            let permissions = permissions(entry.permissions.as_deref()).map_err(at)?;
            let roles = entry.roles.as_ref().map(|roles| roles.iter().cloned().collect::<BTreeSet<_>>());
            once(&mut groups, slug, WantedGroup { name: entry.name.clone(), permissions, roles }).map_err(at)?;
        }
        wanted.groups = Some(groups);
    }
    if let Some(entries) = &entry.applications {
        let mut applications = BTreeMap::new();
        for entry in entries {
            let at = |failure| fault(&entry.name, "application", failure);
            let name = line(&entry.name).map_err(at)?;
            let new = NewApplication::parse(&entry.product, &entry.description, products).map_err(at)?;
            let application = WantedApplication { product: new.product, description: new.description, secret: None };
            once(&mut applications, name, application).map_err(at)?;
        }
        wanted.applications = Some(applications);
    }
    Ok(wanted)
}

/// A fault of what is named here.
pub(super) fn fault(name: &Spanned<String>, kind: &str, failure: Failure) -> Fault {
    Fault { line: name.referenced.line(), about: format!("the {kind} '{}'", name.value), failure }
}

fn named(slug: &Spanned<String>, name: &str) -> Result<String> {
    NewGroup::parse(Some(&slug.value), name).map(|new| new.slug.to_string())
}

/// The name of an application: a slug, also a longer one that was made of product and id.
fn line(name: &Spanned<String>) -> Result<String> {
    let head = name.value.get(..Slug::LONGEST).unwrap_or(&name.value).trim_end_matches('-');
    let is_slug = name.value.len() <= 2 * Slug::LONGEST && Slug::parse(head).is_ok();
    if is_slug {
        return Ok(name.value.clone());
    }
    let reason = "must be lower-case letters, digits or inner hyphens";
    Err(Failure::new(ide::INVALID_FIELD_TYPE).with_field("name", reason))
}

fn permissions(entries: Option<&[PermissionEntry]>) -> Result<Option<BTreeSet<Permission>>> {
    let Some(entries) = entries else { return Ok(None) };
    let raw: Vec<_> = entries
        .iter()
        .map(|PermissionEntry { product, resource, action }| RawPermission {
            product,
            resource,
            action,
            valid_from: None,
            valid_until: None,
        })
        .collect();
    policy::parse(&raw).map(|permissions| Some(permissions.into_keys().collect()))
}

fn once<T>(all: &mut BTreeMap<String, T>, name: String, one: T) -> Result<()> {
    match all.insert(name, one) {
        Some(_) => Err(Failure::new(ide::NAME_TAKEN).with_cause("it is declared twice; keep one")),
        None => Ok(()),
    }
}
