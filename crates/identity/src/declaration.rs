//! What a product declares of itself: its manifest, and what that becomes in a tenant (`PUT /v1/declarations/{slug}`).
//!
//! Not to be mistaken for the file of the operator, which is [`declared`](crate::declared). A manifest has two parts. Its
//! [`Access`] becomes roles of the tenant. Its [`Scope`] is kept and shown, and decides nothing in Gatehouse.
//!
//! **Why a product may do this without a permission.** It speaks for itself alone: every permission that comes of a
//! manifest is one of the product that publishes it, and what those mean is decided by that product anyway, since it
//! enforces them. So it cannot raise anybody in another product or in Gatehouse. Seven bounds keep it so:
//!
//! - Only an application that an administrator made may declare, and only administrators give it further secrets: whoever
//!   holds a secret of it decides who may do what in the product.
//! - What is declared counts only where a question names the product ([`Way::declared`](domain::permission::Way)).
//! - Names are exact. `*` is refused, and so are the methods of HTTP but `delete`: a question that names no product, as old
//!   middleware asks, is answered from all products, and such questions are about methods.
//! - A role belongs to whoever declared it. A manifest never takes over a role that was seeded, made by an administrator or
//!   declared by another product, and never makes one as which applications act ([`role_slug`]).
//! - Groups are only added to, also built-in ones: they get a role of the product, and what else they give stays.
//! - Administrators get every declared role. Nobody acts above themselves, so without this a group with a declared role
//!   would be beyond the reach of those who administer the tenant.
//! - What an administrator did stays: a role that they gave is not taken back, and one that they took from a group is not
//!   given again while the manifest goes on naming that group.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{ApplicationId, TenantId};
use domain::permission::Permission;
use domain::product::canonical;
use domain::{Slug, Timestamp};
use serde::{Deserialize, Serialize};

use crate::product::is_built_in;

pub use compared::canonical_json;
pub use fit::Surroundings;
pub use naming::role_slug;
pub use reading::parse;

mod checking;
mod compared;
mod fit;
mod naming;
mod reading;

/// A manifest that agrees with itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The product, under its one name.
    pub product: String,
    /// The product's own count of its manifests; kept and never compared.
    pub version: u64,
    /// `None` where the manifest is about the scope alone, and leaves roles and permissions as they are.
    pub access: Option<Access>,
    /// The scope, with the levels that the manifest lists apart from its permissions.
    pub scope: Scope,
}

/// Who may do what: becomes roles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// The permissions, each with its roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<DeclaredPermission>,
    /// The roles, each with its groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<DeclaredRole>,
    /// What is told of machines; kept, and not decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m2m: Option<Machines>,
}

/// Something that can be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeclaredPermission {
    /// Without the product before it.
    pub resource: String,
    /// A word of the product's own, such as `read` or `order:read`.
    pub action: String,
    /// `allow`, or nothing, which means the same.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub effect: String,
    /// The names of the roles that may.
    pub roles: Vec<String>,
    /// `tenant`, or a dimension.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub level: String,
}

/// A role, under the product's name for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeclaredRole {
    /// Its name.
    pub name: String,
    /// The groups that have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub granted_to: Vec<GrantedTo>,
}

/// A group that has a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantedTo {
    /// The id of the group.
    pub group: String,
}

/// What a product tells of machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machines {
    /// Whether other products may call it.
    #[serde(skip_serializing_if = "is_false")]
    pub exposed: bool,
    /// The products that it calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Its roles that machines have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// On what permissions can be narrowed down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// From the outermost to the innermost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// Whether partners use the product.
    #[serde(skip_serializing_if = "is_false")]
    pub partners: bool,
    /// On which level each permission is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
    /// The services that it works with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub integrations: Vec<String>,
}

/// Something by which permissions can be narrowed down, such as a ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dimension {
    /// Its name, such as `ledgerId`.
    pub name: String,
    /// Where a request carries it: `path`, `query` or `header`.
    pub from: String,
    /// Under what name it does.
    pub param: String,
    /// Whether every partner is narrowed down by it.
    #[serde(skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether a partner may have several.
    #[serde(skip_serializing_if = "is_false")]
    pub multi: bool,
    /// What it is one of.
    pub collection: String,
    /// What else belongs to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The dimension that it is inside of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent: String,
}

/// The level of one permission.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Level {
    /// The resource.
    pub resource: String,
    /// The action.
    pub action: String,
    /// `tenant`, or a dimension.
    pub level: String,
}

/// What a product has declared in a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The tenant.
    pub tenant: TenantId,
    /// The product, under its one name.
    pub product: String,
    /// Counts the declarations of the product, from 1.
    pub revision: u64,
    /// The product's own count of the manifest that was taken last.
    pub version: u64,
    /// The SHA-256 of [`canonical_json`] of the manifest that was taken last, in hexadecimal digits.
    pub hash: String,
    /// Of the last manifest that was about more than the scope.
    pub access: Access,
    /// Of the last manifest, with the levels that count.
    pub scope: Scope,
    /// The application that published it.
    pub application: ApplicationId,
    /// When.
    pub declared_at: Timestamp,
}

/// A declared role as the tenant has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductRole {
    /// Its name for people: the product's name for it.
    pub name: String,
    /// What it permits.
    pub permissions: BTreeSet<Permission>,
    /// The groups that the manifest gives it to.
    pub groups: BTreeSet<Slug>,
}

/// Whether an application of this product may publish a manifest at this place, which says that it is of that service.
///
/// A service that is missing or cannot be one is a fault of the manifest, not of who sends it.
pub fn may_declare(product: &str, slug: &str, service: Option<&str>) -> bool {
    let product = canonical(product);
    let is_own = |service: &str| service.is_empty() || reading::is_dots(service) || canonical(service) == product;
    canonical(slug) == product && !is_built_in(product) && service.is_none_or(is_own)
}

impl Manifest {
    /// The scope that is kept from now on.
    ///
    /// A manifest with permissions states all levels. One about the scope alone may list levels; where it lists none, those
    /// of before stay.
    pub fn kept_scope(&self, before: &Scope) -> Scope {
        let mut scope = self.scope.clone();
        match &self.access {
            Some(access) => scope.levels.extend(access.levels()),
            None if scope.levels.is_empty() => scope.levels.clone_from(&before.levels),
            None => {}
        }
        scope
    }
}

impl Access {
    /// The roles that a tenant gets, by slug.
    ///
    /// A permission is granted under the action as it is declared, which is what the middleware asks for, and an action of
    /// one word also behind its resource, `order:read`: that is the other way in which products write it in their routes.
    pub fn roles_of(&self, product: &str) -> BTreeMap<Slug, ProductRole> {
        let mut roles = BTreeMap::new();
        for role in &self.roles {
            let Ok(slug) = role_slug(product, &role.name) else { continue };
            let held = self.permissions.iter().filter(|permission| permission.roles.contains(&role.name));
            let permissions = held.flat_map(|held| held.grants(product)).collect();
            let groups = role.granted_to.iter().filter_map(|granted| Slug::parse(&granted.group).ok()).collect();
            roles.insert(slug, ProductRole { name: role.name.clone(), permissions, groups });
        }
        roles
    }

    fn levels(&self) -> impl Iterator<Item = Level> {
        self.permissions.iter().filter(|permission| !permission.level.is_empty()).map(|permission| Level {
            resource: permission.resource.clone(),
            action: permission.action.clone(),
            level: permission.level.clone(),
        })
    }
}

impl DeclaredPermission {
    fn grants(&self, product: &str) -> impl Iterator<Item = Permission> {
        let Self { resource, action, .. } = self;
        let behind_resource = (!action.contains(':')).then(|| format!("{resource}:{action}"));
        [Some(action.clone()), behind_resource]
            .into_iter()
            .flatten()
            .map(move |action| Permission::new(product, resource, action))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
