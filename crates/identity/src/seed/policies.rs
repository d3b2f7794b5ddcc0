//! The policies of the seeded roles, product by product.
//!
//! An editor does everything, a contributor everything but delete, a viewer only looks; the products differ in what
//! there is to do.

use domain::permission::{AUTHORIZE_ANY, IDENTITY_PRODUCT, Permission, TENANTS};

/// Everything seeded for one product.
pub(super) struct Product {
    /// The product, and the first part of the names of its roles and groups.
    pub(super) stem: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// Its resources with what an editor does to them, separated by spaces.
    resources: &'static [(&'static str, &'static str)],
    /// Its roles.
    pub(super) levels: &'static [Level],
    /// Whether each role has a group of its own.
    pub(super) has_groups: bool,
}

/// One role of a product.
pub(super) struct Level {
    /// The second part of its name.
    pub(super) stem: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// Which of the editor's actions it takes over.
    takes: fn(action: &str) -> bool,
}

const EDITOR: Level = Level { stem: "editor", name: "Editor", takes: |_| true };
const CONTRIBUTOR: Level = Level { stem: "contributor", name: "Contributor", takes: |action| action != "delete" };
const VIEWER: Level = Level { stem: "viewer", name: "Viewer", takes: |action| matches!(action, "get" | "head") };
const EDITOR_CONTRIBUTOR_VIEWER: &[Level] = &[EDITOR, CONTRIBUTOR, VIEWER];

impl Level {
    /// Whether it is the role as which administrators and applications of the product act.
    pub(super) fn is_editor(&self) -> bool {
        self.stem == EDITOR.stem
    }
}

impl Product {
    /// The permissions of one of its roles.
    pub(super) fn permissions(&self, level: &Level) -> Vec<Permission> {
        let all = self
            .resources
            .iter()
            .flat_map(|&(resource, actions)| actions.split(' ').map(move |action| (resource, action)));
        all.filter(|&(_, action)| (level.takes)(action))
            .map(|(resource, action)| Permission::new(self.stem, resource, action))
            .collect()
    }
}

/// What the administrators of the system tenant may do beyond it, as resource and actions.
const PLATFORM: &[(&str, &str)] = &[(AUTHORIZE_ANY.0, AUTHORIZE_ANY.1), (TENANTS, "get post patch delete")];

/// The permissions of the platform role.
pub(super) fn platform() -> impl Iterator<Item = Permission> {
    let all = PLATFORM.iter().flat_map(|&(resource, actions)| actions.split(' ').map(move |action| (resource, action)));
    all.map(|(resource, action)| Permission::new(IDENTITY_PRODUCT, resource, action))
}

pub(super) const PRODUCTS: &[Product] = &[
    Product {
        stem: "midaz",
        name: "Midaz",
        resources: &[
            ("accounts", "get post patch delete head"),
            ("organizations", "get post patch delete head"),
            ("ledgers", "get post patch delete head"),
            ("assets", "get post patch delete head"),
            ("portfolios", "get post patch delete head"),
            ("segments", "get post patch delete head"),
            ("balances", "get post patch delete head"),
            ("asset-rates", "get patch put head"),
            ("transactions", "get post patch head"),
            ("operations", "get patch head"),
        ],
        levels: EDITOR_CONTRIBUTOR_VIEWER,
        has_groups: true,
    },
    Product {
        stem: "routing",
        name: "Routing",
        resources: &[
            ("account-types", "get post patch delete"),
            ("transaction-routes", "get post patch delete"),
            ("operation-routes", "get post patch delete"),
        ],
        levels: EDITOR_CONTRIBUTOR_VIEWER,
        has_groups: true,
    },
    Product {
        stem: "plugin-crm",
        name: "Plugin CRM",
        resources: &[("holders", "get post patch delete"), ("aliases", "get post patch delete")],
        levels: EDITOR_CONTRIBUTOR_VIEWER,
        has_groups: true,
    },
    Product {
        stem: "plugin-fees",
        name: "Plugin Fees",
        resources: &[("packages", "get post patch delete"), ("fees", "get post"), ("estimates", "post")],
        levels: EDITOR_CONTRIBUTOR_VIEWER,
        has_groups: true,
    },
    Product {
        stem: "plugin-smart-templates",
        name: "Plugin Smart Templates",
        resources: &[("templates", "get post patch delete"), ("reports", "get post"), ("data-source", "get")],
        levels: EDITOR_CONTRIBUTOR_VIEWER,
        has_groups: true,
    },
    Product {
        stem: IDENTITY_PRODUCT,
        name: "Plugin Identity",
        resources: &[
            ("applications", "get post delete"),
            ("audit", "get"),
            ("devices", "get delete"),
            ("groups", "get post patch put delete"),
            ("mfa", "get post patch delete"),
            ("providers", "get post patch delete"),
            ("reset-password", "patch"),
            ("roles", "get post patch put delete"),
            ("sessions", "get delete"),
            ("update-password", "patch"),
            ("users", "get post patch delete"),
        ],
        levels: &[EDITOR],
        has_groups: false,
    },
];
