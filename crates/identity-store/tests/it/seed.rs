use error_codes::ide;
use identity::grant::Holder;
use identity::membership::Validity;
use identity_store::{grants, roles, seed, tenants};
use testkit::TestDatabase;

use crate::world::{World, new_seed};

testkit::on_both_engines! {
    a_tenant_reads_back_as_it_was_planted,
    a_tenant_is_planted_once,
    a_group_has_the_roles_it_was_given,
    the_migrations_can_be_run_again,
}

async fn a_tenant_reads_back_as_it_was_planted(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.seed.tenant.clone();
    let id = tenant.id;
    assert_eq!(world.read(move |unit| tenants::find(unit, id)).await.as_ref(), Some(&tenant));
    assert_eq!(world.read(|unit| tenants::find_by_slug(unit, "lerian")).await, Some(tenant));
    assert_eq!(world.read(|unit| tenants::find_by_slug(unit, "Lerian")).await, None);
}

async fn a_tenant_is_planted_once(database: TestDatabase) {
    let world = World::new(database).await;
    let again = new_seed("lerian", world.now());
    let refused = world.try_write(move |unit| seed::plant(unit, &again)).await.unwrap_err();
    assert_eq!(refused.code(), ide::NAME_TAKEN);
}

async fn a_group_has_the_roles_it_was_given(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let group = world.seeded_group("routing-editor-group");
    let of_group = world.read(move |unit| grants::roles(unit, tenant, Holder::Group(group.id))).await;
    let names: Vec<_> = of_group.iter().map(|(role, validity)| (role.slug.as_str(), *validity)).collect();
    assert_eq!(names, [("routing-editor-role", Validity::ALWAYS)]);
    let all = world.read(move |unit| roles::all(unit, tenant)).await;
    assert_eq!(all.len(), world.seed.roles.len());
}

async fn the_migrations_can_be_run_again(database: TestDatabase) {
    let url = database.url().clone();
    let migrations = identity_store::migrations();
    let first = store::migrate(&url, &migrations).unwrap();
    assert_eq!(first.len(), 6);
    assert!(store::migrate(&url, &migrations).unwrap().is_empty());
    store::check(&url, &migrations).unwrap();
}
