use std::collections::BTreeSet;
use std::time::Duration;

use domain::change::Change;
use domain::permission::{IDENTITY_PRODUCT, Permission, PermissionSet};
use identity::group::ADMINISTRATORS;
use identity::membership::{Validity, held, unended};
use identity_store::{members, permissions};
use testkit::TestDatabase;

use crate::world::World;

testkit::on_both_engines! {
    everybody_may_change_their_own_password_and_nothing_else,
    an_administrator_may_do_what_every_editor_may,
    a_membership_of_the_future_counts_for_acting_and_not_for_holding,
    a_group_holds_exactly_what_was_put_into_it,
    applications_act_as_the_editor_of_their_product,
    what_groups_give_is_known_before_anybody_is_in_them,
}

async fn everybody_may_change_their_own_password_and_nothing_else(database: TestDatabase) {
    let world = World::new(database).await;
    let (tenant, id) = (world.tenant(), world.user("ana").await.id);
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let set = held(&reaches, world.now());
    assert!(set.allows(Some(IDENTITY_PRODUCT), "update-password", "patch"));
    assert_eq!(set.by_resource().len(), 1);
}

async fn an_administrator_may_do_what_every_editor_may(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let group = world.seeded_group(ADMINISTRATORS).id;
    world.write(move |unit| members::put(unit, &user, group, Validity::ALWAYS)).await;
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let set = held(&reaches, world.now());
    for (product, resource, action) in
        [("midaz", "ledgers", "delete"), ("routing", "account-types", "post"), (IDENTITY_PRODUCT, "users", "delete")]
    {
        assert!(set.allows(Some(product), resource, action), "{product} {resource} {action}");
    }
    assert_eq!(set.valid_until(), None);
}

async fn a_membership_of_the_future_counts_for_acting_and_not_for_holding(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let group = world.seeded_group("midaz-viewer-group").id;
    let from = world.now().plus(Duration::from_secs(60));
    world.write(move |unit| members::put(unit, &user, group, Validity { from: Some(from), until: None })).await;
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let now = held(&reaches, world.now());
    assert!(!now.allows(None, "ledgers", "get"));
    assert_eq!(now.valid_until(), Some(from));
    assert!(unended(&reaches, world.now()).allows(None, "ledgers", "get"));
    assert!(held(&reaches, from).allows(None, "ledgers", "get"));
}

async fn a_group_holds_exactly_what_was_put_into_it(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let group = world.group("fraud-desk").await;
    let [see, close, reopen] = ["get", "delete", "post"].map(|action| Permission::new("fraud", "cases", action));
    let put = |wanted: BTreeSet<Permission>| {
        let group = group.clone();
        world.write(move |unit| permissions::replace_own(unit, &group, &wanted))
    };
    let desk = group.id;
    world.write(move |unit| members::put(unit, &user, desk, Validity::ALWAYS)).await;
    world.changes();

    put([see.clone(), close].into()).await;
    assert_eq!(world.changes(), [Change::PolicyRevised(tenant)]);
    put([see.clone(), reopen.clone()].into()).await;
    world.changes();
    put([reopen.clone(), see.clone()].into()).await;
    assert_eq!(world.changes(), [], "nothing changed, so nothing is told");

    let asked = group.clone();
    let own = world.read(move |unit| permissions::own_of_group(unit, &asked)).await;
    assert_eq!(own, [see, reopen].into());
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let set = held(&reaches, world.now());
    assert!(set.allows(Some("fraud"), "cases", "post") && !set.allows(Some("fraud"), "cases", "delete"));
}

async fn applications_act_as_the_editor_of_their_product(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let of = async |product: &'static str| {
        PermissionSet::new(world.read(move |unit| permissions::of_product(unit, tenant, product)).await, None)
    };
    assert!(of("midaz").await.allows(Some("midaz"), "ledgers", "delete"));
    let (one, other) = (of("plugin-smart-template").await, of("plugin-smart-templates").await);
    assert!(one.covers(&other) && other.covers(&one) && one.allows(None, "templates", "post"));
    assert!(of("reporter").await.by_resource().is_empty());
}

async fn what_groups_give_is_known_before_anybody_is_in_them(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let groups = ["midaz-viewer-group", "routing-viewer-group"].map(|slug| world.seeded_group(slug).id);
    let reaches = world.read(move |unit| permissions::of_groups(unit, tenant, &groups)).await;
    let set = unended(&reaches, world.now());
    assert!(set.allows(Some("midaz"), "ledgers", "get") && set.allows(Some("routing"), "account-types", "get"));
    assert!(!set.allows(None, "ledgers", "post"));
}
