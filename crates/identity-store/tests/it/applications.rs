use domain::Epoch;
use domain::change::Change;
use domain::page::Page;
use error_codes::ide;
use identity::application::Application;
use identity_store::applications;
use testkit::TestDatabase;

use crate::world::{World, new_application};

testkit::on_both_engines! {
    an_application_is_found_by_what_each_caller_knows,
    a_name_is_unique_in_its_tenant_for_ever,
    a_deleted_application_is_found_by_nobody,
    applications_are_listed_with_the_default_one,
}

async fn an_application_is_found_by_what_each_caller_knows(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let other = world.other_tenant().await.tenant.id;
    let application = world.application("plugin-smart-template").await;
    let (id, client_id) = (application.id, application.client_id.clone());
    let expected = Some(application);
    assert_eq!(world.read(move |unit| applications::find(unit, tenant, id)).await, expected);
    assert_eq!(world.read(move |unit| applications::find(unit, other, id)).await, None);
    assert_eq!(world.read(move |unit| applications::find_anywhere(unit, id)).await, expected);
    let found = world.read(move |unit| applications::find_by_client_id(unit, client_id.as_str())).await;
    assert_eq!(found, expected);
    let default = world.read(move |unit| applications::find_default(unit, tenant)).await;
    assert_eq!(default, Some(world.seed.application.clone()));
}

async fn a_name_is_unique_in_its_tenant_for_ever(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await.tenant.id;
    let application = world.application("midaz").await;
    let name = application.name.clone();
    let same_name = |tenant| Application { name: name.clone(), ..new_application(tenant, "midaz", world.now()) };
    let (here, there) = (same_name(world.tenant()), same_name(other));
    world.write(move |unit| applications::mark_deleted(unit, &application)).await;
    let refused = world.try_write(move |unit| applications::insert(unit, &here)).await.unwrap_err();
    assert_eq!(refused.code(), ide::NAME_TAKEN);
    world.write(move |unit| applications::insert(unit, &there)).await;
}

async fn a_deleted_application_is_found_by_nobody(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let application = world.application("midaz").await;
    world.changes();
    let (id, client_id) = (application.id, application.client_id.clone());
    world
        .write(move |unit| {
            let held = applications::hold(unit, tenant, id)?.unwrap();
            assert_eq!(held.revision, 1);
            applications::mark_deleted(unit, &held)
        })
        .await;
    assert_eq!(world.changes(), [Change::ApplicationEpoch(id, Epoch(1))]);
    assert_eq!(world.read(move |unit| applications::find_anywhere(unit, id)).await, None);
    let found = world.read(move |unit| applications::find_by_client_id(unit, client_id.as_str())).await;
    assert_eq!(found, None);
    assert_eq!(world.write(move |unit| applications::hold(unit, tenant, id)).await, None);
}

async fn applications_are_listed_with_the_default_one(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    world.clock.advance(std::time::Duration::from_millis(1));
    let application = world.application("midaz").await;
    let listed = world.read(move |unit| applications::list(unit, tenant, &Page::first(10))).await;
    assert_eq!(listed.rows, [world.seed.application.clone(), application]);
    assert_eq!((listed.total, listed.next), (2, None));
}
