use domain::Slug;
use domain::change::Change;
use domain::id::{ApplicationId, RoleId};
use identity::declaration::{Access, Declaration, DeclaredRole, Scope};
use identity::grant::Holder;
use identity::membership::Validity;
use identity::role::Role;
use identity_store::{declarations, grants, roles};
use testkit::TestDatabase;

use crate::world::{CHANCE, World};

testkit::on_both_engines! {
    the_newest_declaration_and_the_one_before_it_are_kept,
    a_declaration_takes_back_only_what_one_gave,
}

pub(crate) fn declaration(world: &World, revision: u64) -> Declaration {
    let role = DeclaredRole { name: format!("role-{revision}"), granted_to: Vec::new() };
    Declaration {
        tenant: world.tenant(),
        product: "midaz".to_owned(),
        revision,
        version: revision * 10,
        hash: format!("{revision:064}"),
        access: Access { roles: vec![role], ..Access::default() },
        scope: Scope { partners: true, ..Scope::default() },
        application: ApplicationId::new(world.now(), CHANCE),
        declared_at: world.now(),
    }
}

async fn the_newest_declaration_and_the_one_before_it_are_kept(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await.tenant.id;
    let made = [1, 2, 3].map(|revision| declaration(&world, revision));
    for one in made.clone() {
        world.write(move |unit| declarations::insert(unit, &one)).await;
    }
    assert_eq!(world.changes(), [], "nothing that others remember was changed");
    let tenant = world.tenant();
    let [_, second, third] = made;
    assert_eq!(world.read(move |unit| declarations::list(unit, tenant, "midaz")).await, [third.clone(), second]);
    assert_eq!(world.read(move |unit| declarations::find(unit, tenant, "midaz")).await, Some(third));
    assert_eq!(world.read(move |unit| declarations::find(unit, tenant, "plugin-fees")).await, None);
    assert_eq!(world.read(move |unit| declarations::find(unit, other, "midaz")).await, None);
}

async fn a_declaration_takes_back_only_what_one_gave(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let role = Role {
        id: RoleId::new(world.now(), CHANCE),
        tenant,
        slug: Slug::parse("midaz-clerk").unwrap(),
        name: "clerk".to_owned(),
        built_in: false,
        declared_by: Some("midaz".to_owned()),
        created_at: world.now(),
    };
    let made = role.clone();
    world.write(move |unit| roles::insert(unit, &made, &[])).await;
    let slug = role.slug.clone();
    assert_eq!(world.read(move |unit| roles::find(unit, tenant, &slug)).await.as_ref(), Some(&role));

    let [declared, given, both] = ["desk", "other", "third"].map(|slug| world.group(slug));
    let (declared, given, both) = (declared.await, given.await, both.await);
    let [declared, given, both] = [declared, given, both].map(|group| Holder::Group(group.id));
    let bounded = Validity { from: Some(world.now()), until: None };
    world
        .write(move |unit| {
            grants::give(unit, tenant, given, role.id, bounded)?;
            for holder in [declared, given, both] {
                grants::give_declared(unit, tenant, holder, role.id)?;
            }
            grants::give(unit, tenant, both, role.id, bounded)
        })
        .await;
    world.changes();
    let held = async |holder| {
        let roles = world.read(move |unit| grants::roles(unit, tenant, holder)).await;
        roles.into_iter().map(|(_, validity)| validity).collect::<Vec<_>>()
    };
    assert_eq!(held(declared).await, [Validity::ALWAYS]);
    assert_eq!(held(given).await, [bounded], "what an administrator gave is not given anew");
    world
        .write(move |unit| {
            for holder in [declared, given, both] {
                grants::take_declared(unit, tenant, holder, role.id)?;
            }
            Ok(())
        })
        .await;
    assert_eq!(world.changes(), [Change::PolicyRevised(tenant)]);
    assert_eq!(held(declared).await, []);
    assert_eq!((held(given).await, held(both).await), (vec![bounded], vec![bounded]));
    world.write(move |unit| grants::take_declared(unit, tenant, declared, role.id)).await;
    assert_eq!(world.changes(), [], "what is not there is not taken");
}
