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

#[test]
fn what_a_product_declares_counts_only_where_it_is_named() {
    let declared = Way { declared: true, ..Way::default() };
    let delete = |product: &str| Permission::new(product, "ledgers", "delete");
    let held = PermissionSet::resolved([(delete("reporter"), declared.clone())], None);
    assert!(held.allows(Some("reporter"), "ledgers", "delete"));
    assert!(!held.allows(None, "ledgers", "delete") && !held.allows(Some("midaz"), "ledgers", "delete"));
    // Another way to the same permission, or another product's, stands beside it.
    let both =
        PermissionSet::resolved([(delete("reporter"), declared.clone()), (delete("reporter"), Way::default())], None);
    assert!(both.allows(None, "ledgers", "delete"));
    let others = PermissionSet::resolved([(delete("midaz"), Way::default()), (delete("alpha"), declared)], None);
    assert_eq!(others.find(None, "ledgers", "delete").unwrap().product, "midaz");
}

#[test]
fn of_several_ways_the_shortest_is_told() {
    let slug = |text: &str| Some(Slug::parse(text).unwrap());
    let through = |group, role| Way { declared: false, group, role };
    let see = Permission::new("midaz", "ledgers", "get");
    let ways = [through(slug("desk"), slug("clerk")), through(slug("desk"), None), through(None, slug("clerk"))];
    let held = PermissionSet::resolved(ways.map(|way| (see.clone(), way)), None).at_revision(7);
    assert_eq!(held.find(None, "ledgers", "get").unwrap().way, &through(None, slug("clerk")));
    assert_eq!((held.grants().count(), held.revision()), (1, 7));
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
