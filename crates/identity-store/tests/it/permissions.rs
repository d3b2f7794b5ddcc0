use std::time::Duration;

use domain::Slug;
use domain::change::Change;
use domain::id::RoleId;
use domain::permission::{IDENTITY_PRODUCT, Permission, Way};
use identity::application::Application;
use identity::grant::Holder;
use identity::group::ADMINISTRATORS;
use identity::membership::{Validity, held, unended};
use identity::role::Role;
use identity_store::{grants, members, permissions, roles, users};
use testkit::TestDatabase;

use crate::world::World;

testkit::on_both_engines! {
    everybody_may_change_their_own_password_and_nothing_else,
    an_administrator_may_do_what_every_editor_may,
    a_membership_of_the_future_counts_for_acting_and_not_for_holding,
    a_holder_holds_exactly_what_was_put_into_it,
    a_permission_tells_the_way_on_which_it_came,
    what_is_deleted_takes_its_grants_along,
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

async fn a_holder_holds_exactly_what_was_put_into_it(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let desk = world.group("fraud-desk").await.id;
    world.write(move |unit| members::put(unit, &user, desk, Validity::ALWAYS)).await;
    let soon = Validity { from: Some(world.now().plus(Duration::from_secs(60))), until: None };
    let application = world.application("midaz").await.id;
    let told = [
        (Holder::Group(desk), Change::PolicyRevised(tenant)),
        (Holder::User(id), Change::UserRevised(id)),
        (Holder::Application(application), Change::ApplicationRevised(application)),
    ];
    let [see, close, reopen] = ["get", "delete", "post"].map(|action| Permission::new("fraud", "cases", action));
    for (holder, change) in told {
        let put = |wanted: &[(&Permission, Validity)]| {
            let wanted = wanted.iter().map(|&(permission, validity)| (permission.clone(), validity)).collect();
            world.write(move |unit| grants::replace(unit, tenant, holder, &wanted))
        };
        world.changes();
        put(&[(&see, Validity::ALWAYS), (&close, Validity::ALWAYS)]).await;
        assert_eq!(world.changes(), std::slice::from_ref(&change));
        put(&[(&see, Validity::ALWAYS), (&reopen, soon)]).await;
        assert_eq!(world.changes(), [change]);
        put(&[(&reopen, soon), (&see, Validity::ALWAYS)]).await;
        assert_eq!(world.changes(), [], "nothing changed, so nothing is told");
        let held = world.read(move |unit| grants::permissions(unit, tenant, holder)).await;
        assert_eq!(held, [(see.clone(), Validity::ALWAYS), (reopen.clone(), soon)].into());
    }
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let set = held(&reaches, world.now());
    assert!(set.allows(Some("fraud"), "cases", "get") && !set.allows(Some("fraud"), "cases", "delete"));
    assert!(!set.allows(Some("fraud"), "cases", "post"), "it begins in a minute");
}

async fn a_permission_tells_the_way_on_which_it_came(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let (id, group) = (user.id, world.seeded_group("midaz-viewer-group").id);
    let role = world.seed.roles.iter().find(|(role, _)| role.slug.as_str() == "routing-viewer-role").unwrap().0.id;
    let cases = Permission::new("fraud", "cases", "get");
    let until = world.now().plus(Duration::from_secs(60));
    let granted = cases.clone();
    world
        .write(move |unit| {
            members::put(unit, &user, group, Validity::ALWAYS)?;
            grants::give(unit, tenant, Holder::User(id), role, Validity { from: None, until: Some(until) })?;
            grants::permit(unit, tenant, Holder::User(id), &granted, Validity::ALWAYS)
        })
        .await;
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    let set = held(&reaches, world.now());
    let way = |product, resource| set.find(Some(product), resource, "get").unwrap().way.clone();
    let slug = |text: &str| Some(Slug::parse(text).unwrap());
    let through = |group: &str, role: &str| Way { group: slug(group), role: slug(role), ..Way::default() };
    assert_eq!(way("midaz", "ledgers"), through("midaz-viewer-group", "midaz-viewer-role"));
    assert_eq!(way("routing", "account-types"), Way { role: slug("routing-viewer-role"), ..Way::default() });
    assert_eq!(way("fraud", "cases"), Way::default());
    assert_eq!(set.valid_until(), Some(until));
    assert!(!held(&reaches, until).allows(Some("routing"), "account-types", "get"));
}

async fn applications_act_as_the_editor_of_their_product(database: TestDatabase) {
    let world = World::new(database).await;
    let of = async |product: &'static str| {
        let made = world.application("midaz").await;
        let application = Application { product: Some(product.to_owned()), ..made };
        held(&world.read(move |unit| permissions::of_application(unit, &application)).await, world.now())
    };
    assert!(of("midaz").await.allows(Some("midaz"), "ledgers", "delete"));
    let (one, other) = (of("plugin-smart-template").await, of("plugin-smart-templates").await);
    assert!(one.covers(&other) && other.covers(&one) && one.allows(None, "templates", "post"));
    assert!(of("reporter").await.by_resource().is_empty());
}

async fn what_groups_give_is_known_before_anybody_is_in_them(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let groups = ["midaz-viewer-group", "routing-viewer-group"].map(|slug| Holder::Group(world.seeded_group(slug).id));
    let reaches = world.read(move |unit| permissions::of_holders(unit, tenant, &groups)).await;
    let set = unended(&reaches, world.now());
    assert!(set.allows(Some("midaz"), "ledgers", "get") && set.allows(Some("routing"), "account-types", "get"));
    assert!(!set.allows(None, "ledgers", "post"));
}

async fn what_is_deleted_takes_its_grants_along(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let application = world.application("midaz").await;
    let role = Role {
        id: RoleId::new(world.now(), crate::world::CHANCE),
        tenant,
        slug: Slug::parse("clerk").unwrap(),
        name: "Clerk".to_owned(),
        built_in: false,
        declared_by: None,
        created_at: world.now(),
    };
    let cases = Permission::new("fraud", "cases", "get");
    let (id, program, clerk) = (user.id, application.clone(), role.clone());
    world
        .write(move |unit| {
            roles::insert(unit, &clerk, std::slice::from_ref(&cases))?;
            for holder in [Holder::User(user.id), Holder::Application(program.id)] {
                grants::give(unit, tenant, holder, clerk.id, Validity::ALWAYS)?;
                grants::permit(unit, tenant, holder, &cases, Validity::ALWAYS)?;
            }
            users::mark_deleted(unit, &user)?;
            roles::delete(unit, &clerk)
        })
        .await;
    let reaches = world.read(move |unit| permissions::of_user(unit, tenant, id)).await;
    assert_eq!(reaches.len(), 1, "what everybody may do is left");
    let program = application.clone();
    let held = world.read(move |unit| permissions::of_application(unit, &program)).await;
    let of_cases: Vec<_> = held.iter().filter(|reach| reach.permission.product == "fraud").collect();
    assert_eq!(of_cases.len(), 1, "the role is gone, and what it was granted itself is not");
    assert_eq!(of_cases[0].way, Way::default());
    let gone = role.slug.clone();
    assert_eq!(world.read(move |unit| roles::find(unit, tenant, &gone)).await, None);
}
