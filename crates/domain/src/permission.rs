//! The permission engine: what a subject may do, resolved once, answered in constant time, and why.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{Slug, Timestamp};

/// Matches every resource, or every action of a resource.
pub const ANY: &str = "*";

/// The product whose permissions are about Gatehouse itself.
pub const IDENTITY_PRODUCT: &str = "plugin-identity";

/// The platform permission to ask what somebody else may do, as resource and action of [`IDENTITY_PRODUCT`].
pub const AUTHORIZE_ANY: (&str, &str) = ("authorize", "any");

/// The platform resource of all tenants.
pub const TENANTS: &str = "tenants";

/// Resources of [`IDENTITY_PRODUCT`] that reach beyond a tenant; `*` never matches them.
const PLATFORM_RESOURCES: [&str; 3] = [AUTHORIZE_ANY.0, "keys", TENANTS];

/// One permission: an action on a resource of a product. Exact strings; `*` stands for any resource or action.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    /// The namespace: a permission in one product is invisible in another.
    pub product: String,
    /// Such as `ledgers`, or `*`.
    pub resource: String,
    /// Such as `get`, or `*`.
    pub action: String,
}

impl Permission {
    /// Whether it reaches beyond a tenant: built in, and never granted by a request.
    pub fn is_platform(&self) -> bool {
        is_platform(&self.product, &self.resource)
    }

    /// A permission made of its three parts.
    pub fn new(product: impl Into<String>, resource: impl Into<String>, action: impl Into<String>) -> Self {
        Self { product: product.into(), resource: resource.into(), action: action.into() }
    }

    /// Whether whoever holds this may do that: in one product, or in any when none is named.
    pub fn matches(&self, product: Option<&str>, resource: &str, action: &str) -> bool {
        let fits = |held: &str, asked: &str| held == asked || (held == ANY && !self.is_blind_to(resource));
        product.is_none_or(|product| product == self.product)
            && fits(&self.resource, resource)
            && fits(&self.action, action)
    }

    /// Whether its stars pass over this resource, since it reaches beyond a tenant.
    fn is_blind_to(&self, resource: &str) -> bool {
        is_platform(&self.product, resource)
    }
}

fn is_platform(product: &str, resource: &str) -> bool {
    product == IDENTITY_PRODUCT && PLATFORM_RESOURCES.contains(&resource)
}

/// The way on which a permission reaches who holds it.
///
/// Neither a group nor a role: it was granted to the subject itself. The order puts the stronger, then the shorter way
/// first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Way {
    /// Whether a product declared the role. A product speaks for itself alone, so this way counts only where a question
    /// names the product: else what it declares would answer the questions of other products that name none.
    pub declared: bool,
    /// The group that the subject is in.
    pub group: Option<Slug>,
    /// The role that the group, or the subject, has.
    pub role: Option<Slug>,
}

/// Why a question was answered with yes: the permission that matched, and its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The product of the permission.
    pub product: &'a str,
    /// Its resource, or `*`.
    pub resource: &'a str,
    /// Its action, or `*`.
    pub action: &'a str,
    /// How it reaches the subject; of several ways the shortest.
    pub way: &'a Way,
}

/// Everything one subject may do, independent of how many rules led to it.
#[derive(Clone, Debug, Default)]
pub struct PermissionSet {
    /// Sorted, so that a product is found by its text and is a number from there on.
    products: Vec<String>,
    ways: Vec<Way>,
    by_resource: HashMap<String, HashMap<String, Vec<Held>>>,
    valid_until: Option<Timestamp>,
    revision: u64,
}

/// A permission of the set, below its resource and its action; sorted by product.
#[derive(Clone, Copy, Debug)]
struct Held {
    product: usize,
    way: usize,
}

impl PermissionSet {
    /// A set of permissions that were granted to the subject itself.
    ///
    /// `valid_until` is the next moment at which a grant in it begins or ends; the set must be resolved anew then.
    pub fn new(permissions: impl IntoIterator<Item = Permission>, valid_until: Option<Timestamp>) -> Self {
        Self::resolved(permissions.into_iter().map(|permission| (permission, Way::default())), valid_until)
    }

    /// Resolves a set from permissions with their ways; of several ways of one permission the shortest stays.
    pub fn resolved(permissions: impl IntoIterator<Item = (Permission, Way)>, valid_until: Option<Timestamp>) -> Self {
        let mut shortest: BTreeMap<Permission, Way> = BTreeMap::new();
        for (permission, way) in permissions {
            match shortest.get_mut(&permission) {
                Some(known) if *known <= way => {}
                Some(known) => *known = way,
                None => {
                    shortest.insert(permission, way);
                }
            }
        }
        let mut set = Self { valid_until, ..Self::default() };
        let mut numbers: HashMap<Way, usize> = HashMap::new();
        // In the order of products, so that each list below an action is sorted as it grows.
        for (Permission { product, resource, action }, way) in shortest {
            if set.products.last() != Some(&product) {
                set.products.push(product);
            }
            let next = numbers.len();
            let number = *numbers.entry(way).or_insert_with_key(|way| {
                set.ways.push(way.clone());
                next
            });
            let held = Held { product: set.products.len() - 1, way: number };
            set.by_resource.entry(resource).or_default().entry(action).or_default().push(held);
        }
        set
    }

    /// The same set, resting on the data of this revision.
    #[must_use]
    pub fn at_revision(self, revision: u64) -> Self {
        Self { revision, ..self }
    }

    /// When the set must be resolved anew.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// The position in the change feed of identity up to which every change is in the set; it only ever grows.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the subject may do this: in one product, or in any when none is named.
    pub fn allows(&self, product: Option<&str>, resource: &str, action: &str) -> bool {
        self.find(product, resource, action).is_some()
    }

    /// The permission by which the subject may do this: in one product, or in any when none is named. The most exact one.
    /// What products declare of themselves counts only where they are named.
    ///
    /// Four look-ups at most, however many permissions the set holds.
    pub fn find(&self, product: Option<&str>, resource: &str, action: &str) -> Option<Grant<'_>> {
        let number = match product {
            Some(name) => Some(self.products.binary_search_by(|known| known.as_str().cmp(name)).ok()?),
            None => None,
        };
        let patterns = [(resource, action), (resource, ANY), (ANY, action), (ANY, ANY)];
        patterns.into_iter().enumerate().find_map(|(at, pattern)| {
            let (held_resource, actions) = self.by_resource.get_key_value(pattern.0)?;
            let (held_action, entries) = actions.get_key_value(pattern.1)?;
            let entries = match number {
                Some(number) => {
                    let found = entries.binary_search_by_key(&number, |held| held.product).ok()?;
                    entries.get(found..=found)?
                }
                None => entries,
            };
            // Only the first pattern, which is what is asked, reaches what no star matches.
            entries.iter().find_map(|held| {
                let product = self.products.get(held.product)?;
                let way = self.ways.get(held.way)?;
                let grant = Grant { product, resource: held_resource, action: held_action, way };
                let counts = number.is_some() || !way.declared;
                (counts && (at == 0 || !is_platform(product, resource))).then_some(grant)
            })
        })
    }

    /// Whether this set holds everything the other holds: nobody acts above themselves.
    pub fn covers(&self, other: &Self) -> bool {
        other.grants().all(|wanted| self.allows(Some(wanted.product), wanted.resource, wanted.action))
    }

    /// Actions by resource over all products, sorted, as `/v1/permissions` shows them.
    pub fn by_resource(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let resources = self.by_resource.iter();
        resources.map(|(resource, actions)| (resource.as_str(), actions.keys().map(String::as_str).collect())).collect()
    }

    /// Every permission with its way, in no order.
    pub fn grants(&self) -> impl Iterator<Item = Grant<'_>> {
        self.by_resource.iter().flat_map(move |(resource, actions)| {
            actions.iter().flat_map(move |(action, entries)| {
                entries.iter().filter_map(move |held| {
                    let (product, way) = self.products.get(held.product).zip(self.ways.get(held.way))?;
                    Some(Grant { product, resource, action, way })
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
