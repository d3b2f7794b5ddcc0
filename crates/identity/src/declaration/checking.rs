//! Whether the parts of a manifest agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use super::naming::reduced;
use super::{Access, Dimension, Machines, Manifest, Scope};
use crate::fields::Fields;

/// The level of the whole tenant.
const TENANT: &str = "tenant";

/// The most roles that all permissions name together: each is a row of its own, written while others wait.
const MOST_GRANTS: usize = 2_000;

/// Names every part of a manifest that contradicts another. What could not be read is empty and was refused already.
pub(super) fn check(manifest: &Manifest, fields: &mut Fields) {
    if let Some(access) = &manifest.access {
        check_roles(access, fields);
        check_permissions(access, fields);
        if let Some(machines) = &access.m2m {
            check_machines(machines, access, fields);
        }
    }
    check_dimensions(&manifest.scope.dimensions, fields);
    check_levels(manifest, fields);
}

/// Whether a level is one of the tenant or of a dimension, spelled exactly.
pub(super) fn check_level(level: &str, scope: &Scope) -> Result<(), &'static str> {
    if level == TENANT || scope.dimensions.iter().any(|dimension| dimension.name == level) {
        return Ok(());
    }
    Err("must be 'tenant' or the name of a dimension, spelled exactly")
}

fn check_roles(access: &Access, fields: &mut Fields) {
    let mut seen = BTreeSet::new();
    for (index, role) in access.roles.iter().enumerate().filter(|(_, role)| !role.name.is_empty()) {
        if !seen.insert(reduced(&role.name)) {
            fields
                .refuse(&format!("roles[{index}].name"), "is the name of a role before it, also when reduced to an id");
        }
    }
}

fn check_permissions(access: &Access, fields: &mut Fields) {
    let grants: usize = access.permissions.iter().map(|permission| permission.roles.len()).sum();
    if grants > MOST_GRANTS {
        fields.refuse("permissions", format!("must name at most {MOST_GRANTS} roles together"));
    }
    let roles: BTreeSet<&str> = access.roles.iter().map(|role| role.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    for (index, permission) in access.permissions.iter().enumerate() {
        let place = format!("permissions[{index}]");
        if permission.roles.is_empty() {
            fields.refuse(&format!("{place}.roles"), "must name at least one declared role");
        }
        let undeclared = |role: &&String| !role.is_empty() && !roles.contains(role.as_str());
        for (entry, _) in permission.roles.iter().enumerate().filter(|(_, role)| undeclared(role)) {
            fields.refuse(&format!("{place}.roles[{entry}]"), "is not declared among 'roles'");
        }
        let name = format!("{}:{}", permission.resource, permission.action);
        let is_read = !permission.resource.is_empty() && !permission.action.is_empty();
        if is_read && !seen.insert(reduced(&name)) {
            fields.refuse(&place, "is a permission before it, also when both are reduced to an id");
        }
    }
}

fn check_machines(machines: &Machines, access: &Access, fields: &mut Fields) {
    if !machines.roles.is_empty() && !machines.exposed {
        fields.refuse("m2m.roles", "needs 'm2m.exposed' to be true");
    }
    let mut seen = BTreeSet::new();
    for (index, name) in machines.roles.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let place = format!("m2m.roles[{index}]");
        if !access.roles.iter().any(|role| role.name == *name) {
            fields.refuse(&place, "is not declared among 'roles'");
        } else if !seen.insert(name) {
            fields.refuse(&place, "stands there already");
        }
    }
}

fn check_dimensions(dimensions: &[Dimension], fields: &mut Fields) {
    let (mut names, mut params) = (BTreeSet::new(), BTreeSet::new());
    for (index, dimension) in dimensions.iter().enumerate() {
        let place = format!("scope.dimensions[{index}]");
        let Dimension { name, from, param, .. } = dimension;
        if name == TENANT {
            fields.refuse(&format!("{place}.name"), "is the level of the whole tenant; choose another name");
        } else if !name.is_empty() && !names.insert(name) {
            fields.refuse(&format!("{place}.name"), "is the name of a dimension before it");
        }
        let key = if from == "header" { param.to_ascii_lowercase() } else { param.clone() };
        if !param.is_empty() && !params.insert((from, key)) {
            fields.refuse(&format!("{place}.param"), "is read by a dimension before it");
        }
        if let Some(reason) = param_fault(from, param) {
            fields.refuse(&format!("{place}.param"), reason);
        }
        check_covers(&place, dimension, fields);
    }
    let parents: BTreeMap<_, _> = dimensions.iter().map(|one| (one.name.as_str(), one.parent.as_str())).collect();
    for (index, dimension) in dimensions.iter().enumerate().filter(|(_, dimension)| !dimension.parent.is_empty()) {
        let place = format!("scope.dimensions[{index}].parent");
        if !parents.contains_key(dimension.parent.as_str()) {
            fields.refuse(&place, "is not a declared dimension");
        } else if is_inside_itself(dimension, &parents) {
            fields.refuse(&place, "leads back to the dimension itself");
        }
    }
}

/// Whether a name can stand where a request carries it.
fn param_fault(from: &str, param: &str) -> Option<&'static str> {
    let refused = |signs: &str| param.chars().any(|c| signs.contains(c));
    match from {
        "path" if refused(":/{}") => Some("must be the bare name of a parameter of the path"),
        "query" if refused("&=#?+%;") => Some("must be the name of a parameter of the query"),
        "header" if refused("\"(),/:;<=>?@[\\]{}") => Some("must be the name of a header"),
        _ => None,
    }
}

fn check_covers(place: &str, dimension: &Dimension, fields: &mut Fields) {
    let mut seen = BTreeSet::new();
    for (index, collection) in dimension.covers.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let place = format!("{place}.covers[{index}]");
        if collection.eq_ignore_ascii_case(&dimension.collection) {
            fields.refuse(&place, "is the collection of the dimension itself");
        } else if !seen.insert(collection.to_ascii_lowercase()) {
            fields.refuse(&place, "stands there already");
        }
    }
}

/// Follows parents for as many steps as there are dimensions; what does not end by then never does.
fn is_inside_itself(dimension: &Dimension, parents: &BTreeMap<&str, &str>) -> bool {
    let mut at = dimension.parent.as_str();
    for _ in parents {
        if at == dimension.name {
            return true;
        }
        match parents.get(at) {
            Some(parent) if !parent.is_empty() => at = parent,
            Some(_) | None => return false,
        }
    }
    false
}

fn check_levels(manifest: &Manifest, fields: &mut Fields) {
    let mut seen = BTreeSet::new();
    for (index, permission) in manifest.access.iter().flat_map(|access| &access.permissions).enumerate() {
        if permission.level.is_empty() {
            continue;
        }
        seen.insert((permission.resource.as_str(), permission.action.as_str()));
        if let Err(reason) = check_level(&permission.level, &manifest.scope) {
            fields.refuse(&format!("permissions[{index}].level"), reason);
        }
    }
    for (index, level) in manifest.scope.levels.iter().enumerate() {
        if !level.resource.is_empty() && !seen.insert((&level.resource, &level.action)) {
            fields.refuse(&format!("levels[{index}]"), "gives a permission a second level");
        }
        if let Some(Err(reason)) = (!level.level.is_empty()).then(|| check_level(&level.level, &manifest.scope)) {
            fields.refuse(&format!("levels[{index}].level"), reason);
        }
    }
}
