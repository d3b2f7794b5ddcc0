use domain::{OsEntropy, Slug, Timestamp};
use proptest::prelude::*;

use super::*;

fn contents() -> Contents {
    let tenant = Tenant::new(Slug::parse("acme").unwrap(), "Acme".into(), Timestamp::from_seconds(1), &OsEntropy);
    Contents {
        tenant,
        roles: BTreeMap::new(),
        groups: BTreeMap::new(),
        applications: BTreeMap::new(),
        built_in: [(Kind::Role, "midaz-viewer-role"), (Kind::Role, PLATFORM_ROLE), (Kind::Group, "admin-group")]
            .map(|(kind, name)| (kind, name.to_owned()))
            .into(),
    }
}

fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
    let one = prop::sample::select(vec!["get", "post", "delete"]);
    prop::collection::btree_set(one.prop_map(|action| Permission::new("midaz", "ledgers", action)), 0..3)
}

fn name() -> impl Strategy<Value = String> {
    "[a-c]"
}

fn roles() -> impl Strategy<Value = BTreeMap<String, WantedRole>> {
    let role = (name(), prop::option::of(permissions()));
    prop::collection::btree_map(name(), role.prop_map(|(name, permissions)| WantedRole { name, permissions }), 0..4)
}

fn groups() -> impl Strategy<Value = BTreeMap<String, WantedGroup>> {
    let given = prop::sample::select(vec!["midaz-viewer-role".to_owned(), "a".to_owned()]);
    let group = (name(), prop::option::of(permissions()), prop::option::of(prop::collection::btree_set(given, 0..2)));
    let group = group.prop_map(|(name, permissions, roles)| WantedGroup { name, permissions, roles });
    prop::collection::btree_map(name(), group, 0..4)
}

fn applications() -> impl Strategy<Value = BTreeMap<String, WantedApplication>> {
    let application = (name(), prop::option::of(any::<u8>())).prop_map(|(description, secret)| WantedApplication {
        product: "midaz".to_owned(),
        description,
        secret: secret.map(|byte| [byte; 32]),
    });
    prop::collection::btree_map(name(), application, 0..4)
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let lists = (prop::option::of(roles()), prop::option::of(groups()), prop::option::of(applications()));
    (prop::option::of(name()), lists).prop_map(|(display_name, (roles, groups, applications))| Wanted {
        tenant: TenantChange { display_name, ..TenantChange::default() },
        roles,
        groups,
        applications,
    })
}

fn followed(actual: &Contents, plan: &Plan) -> Contents {
    Contents {
        tenant: plan.tenant.as_ref().map_or_else(|| actual.tenant.clone(), |(_, after)| after.clone()),
        roles: after(&actual.roles, &plan.roles),
        groups: after(&actual.groups, &plan.groups),
        applications: after(&actual.applications, &plan.applications),
        built_in: actual.built_in.clone(),
    }
}

proptest! {
    #[test]
    fn a_plan_that_was_followed_leaves_nothing_to_do(first in wanted(), second in wanted(), prune: bool) {
        let Ok(plan_of_first) = plan(&contents(), &first, prune) else { return Ok(()) };
        let between = followed(&contents(), &plan_of_first);
        let Ok(plan_of_second) = plan(&between, &second, prune) else { return Ok(()) };
        let end = followed(&between, &plan_of_second);
        prop_assert!(plan(&end, &second, prune).unwrap().is_empty());
        for (name, role) in second.roles.iter().flatten() {
            prop_assert_eq!(&end.roles[name].name, &role.name);
            prop_assert!(role.permissions.as_ref().is_none_or(|wanted| *wanted == end.roles[name].permissions));
        }
        for (name, group) in second.groups.iter().flatten() {
            prop_assert!(group.roles.as_ref().is_none_or(|wanted| *wanted == end.groups[name].roles));
        }
        for (name, application) in second.applications.iter().flatten() {
            prop_assert!(application.secret.is_none_or(|secret| end.applications[name].secrets.contains(&secret)));
        }
        let gone = between.roles.keys().filter(|name| !end.roles.contains_key(*name)).count();
        prop_assert!(prune || gone == 0);
        if let Some(roles) = second.roles.filter(|_| prune) {
            prop_assert_eq!(roles.keys().collect::<Vec<_>>(), end.roles.keys().collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_is_built_in_is_neither_declared_nor_pruned() {
    let none = Wanted { groups: Some(BTreeMap::new()), roles: Some(BTreeMap::new()), ..Wanted::default() };
    assert!(plan(&contents(), &none, true).unwrap().is_empty());
    let groups = BTreeMap::from([("admin-group".to_owned(), WantedGroup::default())]);
    let refused = plan(&contents(), &Wanted { groups: Some(groups), ..Wanted::default() }, false).unwrap_err();
    assert_eq!(refused.about, Some((Kind::Group, "admin-group".to_owned())));
}

#[test]
fn a_group_gets_only_roles_that_there_are_and_never_the_platform_role() {
    for (role, fits) in [("midaz-viewer-role", true), ("nothing", false), (PLATFORM_ROLE, false)] {
        let group = WantedGroup { roles: Some([role.to_owned()].into()), ..WantedGroup::default() };
        let wanted = Wanted { groups: Some([("desk".to_owned(), group)].into()), ..Wanted::default() };
        assert_eq!(plan(&contents(), &wanted, false).is_ok(), fits, "{role}");
    }
}

#[test]
fn a_role_that_a_group_has_is_not_pruned_under_it() {
    let group = GroupState { roles: ["desk-role".to_owned()].into(), ..GroupState::default() };
    let actual = Contents {
        roles: [("desk-role".to_owned(), RoleState::default())].into(),
        groups: [("desk".to_owned(), group)].into(),
        ..contents()
    };
    let wanted = Wanted { roles: Some(BTreeMap::new()), ..Wanted::default() };
    assert!(plan(&actual, &wanted, true).unwrap_err().reason.contains("'desk-role'"));
    assert!(plan(&actual, &Wanted { groups: Some(BTreeMap::new()), ..wanted }, true).is_ok());
}

#[test]
fn the_product_of_an_application_is_for_ever() {
    let held = ApplicationState { product: "midaz".to_owned(), ..ApplicationState::default() };
    let actual = Contents { applications: [("export".to_owned(), held)].into(), ..contents() };
    let other = WantedApplication { product: "plugin-fees".to_owned(), ..WantedApplication::default() };
    let wanted = Wanted { applications: Some([("export".to_owned(), other)].into()), ..Wanted::default() };
    assert!(plan(&actual, &wanted, false).unwrap_err().reason.contains("'midaz' for ever"));
}
