use std::collections::BTreeSet;

use domain::Slug;
use domain::change::Change;
use domain::page::{Page, Start};
use domain::permission::Permission;
use error_codes::ide;
use identity::grant::Holder;
use identity::group::Group;
use identity::membership::Validity;
use identity_store::{grants, groups, members, permissions};
use testkit::TestDatabase;

use crate::world::World;

testkit::on_both_engines! {
    a_group_reads_back_as_it_was_stored,
    a_slug_is_never_given_again,
    a_deleted_group_takes_its_members_and_permissions_along,
    groups_are_listed_by_slug,
}

async fn a_group_reads_back_as_it_was_stored(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let group = world.group("fraud-desk").await;
    let slug = group.slug.clone();
    assert_eq!(world.read(move |unit| groups::find(unit, tenant, &slug)).await.as_ref(), Some(&group));
    let renamed = group.clone();
    world.write(move |unit| groups::rename(unit, &renamed, "Desk")).await;
    let slug = group.slug.clone();
    let held = world.write(move |unit| groups::hold(unit, tenant, &slug)).await;
    assert_eq!(held, Some(Group { name: "Desk".to_owned(), ..group.clone() }));
    assert_eq!(world.changes(), []);

    let wanted: BTreeSet<_> = ["fraud-desk", "admin-group", "nobody"].map(|slug| Slug::parse(slug).unwrap()).into();
    let found = world.read(move |unit| groups::find_all(unit, tenant, &wanted)).await;
    assert_eq!(found.iter().map(|group| group.slug.as_str()).collect::<Vec<_>>(), ["admin-group", "fraud-desk"]);
}

async fn a_slug_is_never_given_again(database: TestDatabase) {
    let world = World::new(database).await;
    let group = world.group("fraud-desk").await;
    world.write(move |unit| groups::mark_deleted(unit, &group)).await;
    let again = identity::group::NewGroup::parse(Some("fraud-desk"), "x").unwrap();
    let again = again.make(world.tenant(), world.now(), crate::world::CHANCE);
    let refused = world.try_write(move |unit| groups::insert(unit, &again)).await.unwrap_err();
    assert_eq!(refused.code(), ide::NAME_TAKEN);
}

async fn a_deleted_group_takes_its_members_and_permissions_along(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let group = world.group("fraud-desk").await;
    let (member, desk) = (user.clone(), group.clone());
    world
        .write(move |unit| {
            members::put(unit, &member, desk.id, Validity::ALWAYS)?;
            let holder = Holder::Group(desk.id);
            grants::permit(unit, tenant, holder, &Permission::new("fraud", "cases", "get"), Validity::ALWAYS)
        })
        .await;
    world.changes();
    let desk = group.clone();
    world.write(move |unit| groups::mark_deleted(unit, &desk)).await;
    assert_eq!(world.changes(), [Change::PolicyRevised(tenant)]);
    let slug = group.slug.clone();
    assert_eq!(world.read(move |unit| groups::find(unit, tenant, &slug)).await, None);
    let (id, left) = (user.id, user.clone());
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    assert_eq!(reaches.len(), 1, "what everybody may do is left");
    assert_eq!(world.read(move |unit| members::of_user(unit, &left)).await, []);
}

async fn groups_are_listed_by_slug(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    world.group("aaa").await;
    let first = world.read(move |unit| groups::list(unit, tenant, &Page::first(3))).await;
    assert_eq!(first.total, 17);
    let slugs: Vec<_> = first.rows.iter().map(|group| group.slug.as_str()).collect();
    assert_eq!(slugs, ["aaa", "admin-group", "midaz-contributor-group"]);
    let rest = Page { limit: 100, start: Start::After(first.next.unwrap()) };
    let rest = world.read(move |unit| groups::list(unit, tenant, &rest)).await;
    assert_eq!((rest.rows.len(), rest.next), (14, None));
    assert_eq!(rest.rows[0].slug.as_str(), "midaz-editor-group");
}
