use std::time::Duration;

use domain::change::Change;
use error_codes::ide;
use identity::acting;
use identity::group::ADMINISTRATORS;
use identity::membership::Validity;
use identity::user::User;
use identity_store::members::NamesShown;
use identity_store::{groups, members, users};
use testkit::TestDatabase;

use crate::world::{World, new_user};

testkit::on_both_engines! {
    a_membership_holds_within_its_bounds,
    a_change_of_membership_is_announced_once,
    replacing_keeps_the_bounds_of_what_stays,
    names_of_groups_come_in_one_answer,
    a_group_with_too_many_members_leaves_the_others_their_share,
    two_administrators_cannot_remove_each_other,
    only_active_administrators_without_an_end_count,
    a_membership_across_tenants_is_impossible,
}

fn slugs(groups: Option<&Vec<domain::Slug>>) -> Vec<&str> {
    groups.into_iter().flatten().map(domain::Slug::as_str).collect()
}

async fn a_membership_holds_within_its_bounds(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let group = world.seeded_group("midaz-viewer-group");
    let now = world.now();
    let hour = |count: u64| now.plus(Duration::from_secs(3600 * count));
    let (member, bounds) = (user.clone(), Validity { from: Some(hour(1)), until: Some(hour(2)) });
    world.write(move |unit| members::put(unit, &member, group.id, bounds)).await;
    let id = user.id;
    for expected in [vec![], vec!["midaz-viewer-group"], vec![]] {
        let found = world.read(move |unit| members::groups_of(unit, tenant, &[id])).await;
        assert_eq!(slugs(found.get(&id)), expected);
        world.clock.advance(Duration::from_secs(3600));
    }
}

async fn a_change_of_membership_is_announced_once(database: TestDatabase) {
    let world = World::new(database).await;
    let user = world.user("ana").await;
    let group = world.seeded_group("midaz-viewer-group").id;
    let member = user.clone();
    world
        .write(move |unit| {
            members::put(unit, &member, group, Validity::ALWAYS)?;
            members::put(unit, &member, group, Validity::ALWAYS)
        })
        .await;
    assert_eq!(world.changes(), [Change::UserRevised(user.id)]);
    let member = user.clone();
    assert!(world.write(move |unit| members::remove(unit, &member, group)).await);
    assert_eq!(world.changes(), [Change::UserRevised(user.id)]);
    assert!(!world.write(move |unit| members::remove(unit, &user, group)).await);
    assert_eq!(world.changes(), []);
}

async fn replacing_keeps_the_bounds_of_what_stays(database: TestDatabase) {
    let world = World::new(database).await;
    let user = world.user("ana").await;
    let [viewer, editor, contributor] =
        ["viewer", "editor", "contributor"].map(|level| world.seeded_group(&format!("midaz-{level}-group")).id);
    let later = world.now().plus(Duration::from_secs(60));
    let bounded = Validity { from: None, until: Some(later) };
    let future = Validity { from: Some(later), until: None };
    let member = user.clone();
    world
        .write(move |unit| {
            members::put(unit, &member, viewer, bounded)?;
            members::put(unit, &member, editor, future)?;
            members::replace(unit, &member, &[viewer, contributor])
        })
        .await;
    let member = user.clone();
    let mut held = world.read(move |unit| members::of_user(unit, &member)).await;
    held.sort_by_key(|(group, _)| *group);
    let mut expected = [(viewer, bounded), (contributor, Validity::ALWAYS)];
    expected.sort_by_key(|(group, _)| *group);
    assert_eq!(held, expected);
}

async fn names_of_groups_come_in_one_answer(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let (viewer, editor) = (world.seeded_group("midaz-viewer-group"), world.seeded_group("midaz-editor-group"));
    let empty = world.group("empty").await;
    for name in ["ana", "bea"] {
        world.clock.advance(Duration::from_millis(1));
        let user = world.user(name).await;
        let viewer = viewer.id;
        world.write(move |unit| members::put(unit, &user, viewer, Validity::ALWAYS)).await;
    }
    let asked = [viewer.clone(), editor.clone(), empty];
    let names = world.read(move |unit| members::usernames_of(unit, tenant, &asked, NamesShown::default())).await;
    assert_eq!(names.get(&viewer.id), Some(&vec!["ana".to_owned(), "bea".to_owned()]));
    assert_eq!(names.len(), 1);
}

async fn a_group_with_too_many_members_leaves_the_others_their_share(database: TestDatabase) {
    let world = World::new(database).await;
    let (tenant, now) = (world.tenant(), world.now());
    let groups = [world.group("large").await, world.group("small").await];
    let [large, small] = groups.each_ref().map(|group| group.id);
    world
        .write(move |unit| {
            for index in 0..9 {
                let user = new_user(tenant, &format!("user{index}"), now);
                users::insert(unit, &user)?;
                members::put(unit, &user, large, Validity::ALWAYS)?;
                if index == 0 {
                    members::put(unit, &user, small, Validity::ALWAYS)?;
                }
            }
            Ok(())
        })
        .await;
    for (in_page, in_group, expected) in [(10, 9, [9, 1]), (10, 5, [5, 1]), (9, 9, [4, 1]), (6, 2, [2, 1])] {
        let (asked, shown) = (groups.clone(), NamesShown { in_page, in_group });
        let names = world.read(move |unit| members::usernames_of(unit, tenant, &asked, shown)).await;
        assert_eq!([large, small].map(|group| names[&group].len()), expected, "{shown:?}");
    }
}

/// Removes an administrator as the service does: the group is held before the last ones are counted.
async fn remove_administrator(world: &World, user: User) -> error_codes::Result<()> {
    let administrators = world.seeded_group(ADMINISTRATORS);
    world
        .try_write(move |unit| {
            groups::hold(unit, user.tenant, &administrators.slug)?;
            members::remove(unit, &user, administrators.id)?;
            acting::keep_an_administrator(members::count_lasting(unit, &administrators)?)
        })
        .await
}

async fn two_administrators_cannot_remove_each_other(database: TestDatabase) {
    let world = World::new(database).await;
    let (ana, bea) = (world.user("ana").await, world.user("bea").await);
    let group = world.seeded_group(ADMINISTRATORS);
    for user in [ana.clone(), bea.clone()] {
        world.write(move |unit| members::put(unit, &user, group.id, Validity::ALWAYS)).await;
    }
    let (one, other) = tokio::join!(remove_administrator(&world, ana), remove_administrator(&world, bea));
    let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.iter().map(error_codes::Failure::code).collect::<Vec<_>>(), [ide::LAST_ADMINISTRATOR]);
    assert_eq!(world.read(move |unit| members::count_lasting(unit, &group)).await, 1);
}

async fn only_active_administrators_without_an_end_count(database: TestDatabase) {
    let world = World::new(database).await;
    let group = world.seeded_group(ADMINISTRATORS);
    let administrators = group.id;
    let (locked, leaving) = (world.user("ana").await, world.user("bea").await);
    let until = Some(world.now().plus(Duration::from_secs(3600)));
    world
        .write(move |unit| {
            members::put(unit, &locked, administrators, Validity::ALWAYS)?;
            users::update(unit, &locked, &User { active: false, ..locked.clone() })?;
            members::put(unit, &leaving, administrators, Validity { from: None, until })
        })
        .await;
    assert_eq!(world.read(move |unit| members::count_lasting(unit, &group)).await, 0);
}

async fn a_membership_across_tenants_is_impossible(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await;
    let stranger = world.user_of(other.tenant.id, "stranger").await;
    let group = world.seeded_group(ADMINISTRATORS).id;
    let refused = world.try_write(move |unit| members::put(unit, &stranger, group, Validity::ALWAYS)).await;
    assert_eq!(refused.unwrap_err().code(), ide::INTERNAL, "the schema itself refuses the row");
}
