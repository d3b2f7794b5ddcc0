use std::collections::BTreeSet;

use domain::OsEntropy;
use domain::permission::{IDENTITY_PRODUCT, PermissionSet};
use domain::product::editor_role;

use super::*;

fn seed() -> Seed {
    let now = Timestamp::from_seconds(1_000);
    let slug = Slug::parse(DEFAULT_TENANT).unwrap();
    let tenant = Tenant::new(slug, "Lerian".to_owned(), now, &OsEntropy);
    Seed::new(tenant, now, &OsEntropy).unwrap()
}

fn of_role(seed: &Seed, slug: &str) -> PermissionSet {
    let (_, permissions) = seed.roles.iter().find(|(role, _)| role.slug.as_str() == slug).unwrap();
    PermissionSet::new(permissions.iter().cloned(), None)
}

/// What a role does to a resource, as the contract writes it.
fn actions(seed: &Seed, role: &str, resource: &str) -> String {
    let set = of_role(seed, role);
    let held = set.by_resource();
    ["get", "post", "patch", "put", "delete", "head"]
        .into_iter()
        .filter(|action| held.get(resource).is_some_and(|actions| actions.contains(action)))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_groups_are_those_of_the_contract() {
    let seed = seed();
    let slugs: BTreeSet<_> = seed.groups.iter().map(|(group, _)| group.slug.as_str().to_owned()).collect();
    let mut expected: BTreeSet<_> = ["midaz", "plugin-crm", "plugin-fees", "plugin-smart-templates", "routing"]
        .iter()
        .flat_map(|stem| ["editor", "contributor", "viewer"].map(|level| format!("{stem}-{level}-group")))
        .collect();
    expected.insert("admin-group".to_owned());
    assert_eq!(slugs, expected);
    let names: Vec<_> = seed.groups.iter().map(|(group, _)| group.name.as_str()).collect();
    for name in ["Administrator", "Midaz Editor", "Plugin CRM Viewer", "Routing Contributor"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn a_group_has_the_role_of_its_stem() {
    let seed = seed();
    for (group, roles) in &seed.groups {
        if Some(group) != seed.administrators() {
            let (role, _) = seed.roles.iter().find(|(role, _)| roles == &[role.id]).unwrap();
            assert_eq!(role.slug.as_str().replace("-role", "-group"), group.slug.as_str());
        }
    }
}

#[test]
fn the_policies_are_those_of_the_contract() {
    let seed = seed();
    for (role, resource, expected) in [
        ("midaz-editor-role", "ledgers", "get post patch delete head"),
        ("midaz-editor-role", "balances", "get post patch delete head"),
        ("midaz-editor-role", "asset-rates", "get patch put head"),
        ("midaz-editor-role", "transactions", "get post patch head"),
        ("midaz-editor-role", "operations", "get patch head"),
        ("midaz-contributor-role", "ledgers", "get post patch head"),
        ("midaz-viewer-role", "asset-rates", "get head"),
        ("routing-editor-role", "operation-routes", "get post patch delete"),
        ("routing-viewer-role", "account-types", "get"),
        ("plugin-crm-contributor-role", "holders", "get post patch"),
        ("plugin-fees-editor-role", "estimates", "post"),
        ("plugin-fees-contributor-role", "packages", "get post patch"),
        ("plugin-fees-viewer-role", "fees", "get"),
        ("plugin-fees-viewer-role", "estimates", ""),
        ("plugin-smart-templates-editor-role", "reports", "get post"),
        ("plugin-smart-templates-viewer-role", "data-source", "get"),
        ("plugin-identity-editor-role", "users", "get post patch delete"),
        ("plugin-identity-editor-role", "applications", "get post delete"),
        ("plugin-identity-editor-role", "reset-password", "patch"),
    ] {
        assert_eq!(actions(&seed, role, resource), expected, "{role} {resource}");
    }
    assert_eq!(of_role(&seed, "midaz-viewer-role").by_resource().len(), 10);
}

#[test]
fn administrators_hold_every_editor_role_and_identity_is_theirs_alone() {
    let seed = seed();
    let admin = seed.administrators().unwrap();
    let (_, roles) = seed.groups.iter().find(|(group, _)| group == admin).unwrap();
    let editors: Vec<_> = seed
        .roles
        .iter()
        .filter(|(role, _)| role.slug.as_str().ends_with("-editor-role"))
        .map(|(role, _)| role.id)
        .collect();
    assert_eq!(roles, &editors);
    assert_eq!(editors.len(), 6);
    let holders = seed.groups.iter().filter(|(_, roles)| {
        seed.roles.iter().any(|(role, _)| roles.contains(&role.id) && role.slug.as_str().starts_with(IDENTITY_PRODUCT))
    });
    assert_eq!(holders.count(), 1);
}

#[test]
fn applications_of_seeded_products_find_their_role() {
    let seed = seed();
    for product in ["midaz", "plugin-fees", "plugin-crm", "plugin-smart-template", "plugin-smart-templates"] {
        assert!(!of_role(&seed, &editor_role(product)).by_resource().is_empty(), "{product}");
    }
}

#[test]
fn the_default_application_takes_every_grant_and_has_no_product() {
    let application = seed().application;
    assert_eq!(application.name, "app-lerian");
    assert!(application.is_default && application.built_in && application.product.is_none());
    assert!(Grant::ALL.into_iter().all(|grant| application.grants.contains(grant)));
    assert!(application.changeable().is_err());
}

#[test]
fn the_platform_role_alone_reaches_beyond_a_tenant() {
    let platform = platform_permissions();
    assert!(platform.iter().all(Permission::is_platform));
    for action in ["get", "post", "patch", "delete"] {
        assert!(platform.contains(&Permission::new(IDENTITY_PRODUCT, "tenants", action)));
    }
    assert!(seed().roles.iter().flat_map(|(_, permissions)| permissions).all(|permission| !permission.is_platform()));
}
