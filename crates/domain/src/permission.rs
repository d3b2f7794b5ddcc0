//! The permission engine: what a subject may do, resolved once, answered in constant time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::Timestamp;

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
        self.product == IDENTITY_PRODUCT && PLATFORM_RESOURCES.contains(&self.resource.as_str())
    }

    /// A permission made of its three parts.
    pub fn new(product: impl Into<String>, resource: impl Into<String>, action: impl Into<String>) -> Self {
        Self { product: product.into(), resource: resource.into(), action: action.into() }
    }
}

/// Everything one subject may do, independent of how many rules led to it.
#[derive(Clone, Debug, Default)]
pub struct PermissionSet {
    by_product: HashMap<String, HashMap<String, HashSet<String>>>,
    valid_until: Option<Timestamp>,
}

impl PermissionSet {
    /// Resolves a set from permissions.
    ///
    /// `valid_until` is the next moment at which a grant in it begins or ends; the set must be resolved anew then.
    pub fn new(permissions: impl IntoIterator<Item = Permission>, valid_until: Option<Timestamp>) -> Self {
        let mut by_product: HashMap<String, HashMap<String, HashSet<String>>> = HashMap::new();
        for Permission { product, resource, action } in permissions {
            by_product.entry(product).or_default().entry(resource).or_default().insert(action);
        }
        Self { by_product, valid_until }
    }

    /// When the set must be resolved anew.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// Whether the subject may do this: in one product, or in any when none is named.
    pub fn allows(&self, product: Option<&str>, resource: &str, action: &str) -> bool {
        match product {
            Some(product) => {
                self.by_product.get(product).is_some_and(|held| held_allows(product, held, resource, action))
            }
            None => self.by_product.iter().any(|(product, held)| held_allows(product, held, resource, action)),
        }
    }

    /// Whether this set holds everything the other holds: nobody acts above themselves.
    pub fn covers(&self, other: &Self) -> bool {
        other.permissions().all(|wanted| self.allows(Some(wanted.0), wanted.1, wanted.2))
    }

    /// Actions by resource over all products, sorted, as `/v1/permissions` shows them.
    pub fn by_resource(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (_, resource, action) in self.permissions() {
            shown.entry(resource).or_default().insert(action);
        }
        shown
    }

    /// Every permission as product, resource and action, in no order.
    pub fn permissions(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.by_product.iter().flat_map(|(product, resources)| {
            resources.iter().flat_map(move |(resource, actions)| {
                actions.iter().map(move |action| (product.as_str(), resource.as_str(), action.as_str()))
            })
        })
    }
}

fn held_allows(product: &str, held: &HashMap<String, HashSet<String>>, resource: &str, action: &str) -> bool {
    let holds =
        |resource: &str| held.get(resource).is_some_and(|actions| actions.contains(action) || actions.contains(ANY));
    if product == IDENTITY_PRODUCT && PLATFORM_RESOURCES.contains(&resource) {
        return held.get(resource).is_some_and(|actions| actions.contains(action));
    }
    holds(resource) || holds(ANY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(permissions: &[(&str, &str, &str)]) -> PermissionSet {
        PermissionSet::new(permissions.iter().map(|&(p, r, a)| Permission::new(p, r, a)), None)
    }

    #[test]
    fn a_grant_is_exact_and_stays_in_its_product() {
        let viewer = set(&[("midaz", "ledgers", "get")]);
        assert!(viewer.allows(Some("midaz"), "ledgers", "get"));
        assert!(viewer.allows(None, "ledgers", "get"));
        assert!(!viewer.allows(Some("routing"), "ledgers", "get"));
        assert!(!viewer.allows(None, "ledgers", "GET"));
        assert!(!viewer.allows(None, "ledger", "get"));
        assert!(!viewer.allows(None, "ledgers", "*"));
    }

    #[test]
    fn a_star_matches_any_resource_or_action_of_its_product() {
        let all = set(&[("midaz", "*", "get"), ("fees", "packages", "*")]);
        assert!(all.allows(Some("midaz"), "anything", "get"));
        assert!(!all.allows(Some("midaz"), "anything", "post"));
        assert!(all.allows(Some("fees"), "packages", "delete"));
        assert!(!all.allows(Some("fees"), "fees", "delete"));
    }

    #[test]
    fn a_star_never_matches_a_platform_permission() {
        let all = set(&[(IDENTITY_PRODUCT, "*", "*"), (IDENTITY_PRODUCT, "authorize", "*")]);
        assert!(all.allows(None, "users", "delete"));
        assert!(!all.allows(None, "authorize", "any"));
        assert!(set(&[(IDENTITY_PRODUCT, "authorize", "any")]).allows(None, "authorize", "any"));
    }

    #[test]
    fn who_lacks_one_permission_does_not_cover_the_other() {
        let editor = set(&[("midaz", "ledgers", "get"), ("midaz", "ledgers", "post")]);
        let viewer = set(&[("midaz", "ledgers", "get")]);
        assert!(editor.covers(&viewer));
        assert!(!viewer.covers(&editor));
        assert!(!editor.covers(&set(&[("midaz", "ledgers", "*")])));
        assert!(viewer.covers(&PermissionSet::default()));
    }

    proptest! {
        #[test]
        fn the_resolved_set_answers_as_a_walk_over_the_rules(
            rules in prop::collection::vec(("[ab]", "[ab*]", "[ab*]"), 0..12),
            product in prop::option::of("[abc]"), resource in "[abc]", action in "[abc]",
        ) {
            let walked = rules.iter().any(|(p, r, a)| {
                product.as_ref().is_none_or(|product| product == p)
                    && (r == &resource || r == ANY) && (a == &action || a == ANY)
            });
            let resolved =
                PermissionSet::new(rules.into_iter().map(|(p, r, a)| Permission::new(p, r, a)), None);
            prop_assert_eq!(resolved.allows(product.as_deref(), &resource, &action), walked);
        }
    }
}
