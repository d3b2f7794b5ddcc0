use domain::change::Change;
use domain::page::{Page, Start};
use domain::{Email, Epoch};
use error_codes::ide;
use identity::user::User;
use identity_store::{passwords, users};
use testkit::TestDatabase;

use crate::world::{World, new_user};

testkit::on_both_engines! {
    a_user_reads_back_as_it_was_stored,
    a_username_is_never_given_again_in_its_tenant,
    an_address_is_unique_among_the_living,
    a_tombstone_holds_no_personal_data,
    a_change_is_announced_and_an_ended_token_above_all,
    holding_counts_every_change_once,
    a_list_goes_on_at_any_depth,
    a_cursor_that_no_list_gave_is_refused,
    a_user_of_another_tenant_does_not_exist,
    a_hash_is_replaced_only_while_it_is_the_current_one,
}

async fn a_user_reads_back_as_it_was_stored(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("Ana.Souza").await;
    assert_eq!(world.changes(), [], "nobody remembers a user that did not exist");
    let id = user.id;
    assert_eq!(world.read(move |unit| users::find(unit, tenant, id)).await.as_ref(), Some(&user));
    assert_eq!(world.read(move |unit| users::find_by_username(unit, tenant, "ana.souza")).await, Some(user));
    assert_eq!(world.read(move |unit| users::find_by_username(unit, tenant, "ana")).await, None);
}

async fn a_username_is_never_given_again_in_its_tenant(database: TestDatabase) {
    let world = World::new(database).await;
    let user = world.user("ana").await;
    let again = User { email: Email::parse("b@example.com").unwrap(), ..new_user(world.tenant(), "ANA", world.now()) };
    let attempt = again.clone();
    let refused = world.try_write(move |unit| users::insert(unit, &attempt)).await.unwrap_err();
    assert_eq!(refused.code(), ide::USERNAME_TAKEN);
    world.write(move |unit| users::mark_deleted(unit, &user)).await;
    let refused = world.try_write(move |unit| users::insert(unit, &again)).await.unwrap_err();
    assert_eq!(refused.code(), ide::USERNAME_TAKEN);
    let other = world.other_tenant().await;
    world.user_of(other.tenant.id, "ana").await;
}

async fn an_address_is_unique_among_the_living(database: TestDatabase) {
    let world = World::new(database).await;
    let (ana, bea) = (world.user("ana").await, world.user("bea").await);
    let clash = User { email: Email::parse("ANA@example.com").unwrap(), ..bea.clone() };
    let (was, attempt) = (bea.clone(), clash.clone());
    let refused = world.try_write(move |unit| users::update(unit, &was, &attempt)).await.unwrap_err();
    assert_eq!(refused.code(), ide::EMAIL_TAKEN);
    world.write(move |unit| users::mark_deleted(unit, &ana)).await;
    world.write(move |unit| users::update(unit, &bea, &clash)).await;
}

async fn a_tombstone_holds_no_personal_data(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let deleted = user.clone();
    world
        .write(move |unit| {
            passwords::put(unit, tenant, id, "b1$hash")?;
            users::mark_deleted(unit, &deleted)
        })
        .await;
    assert_eq!(world.changes(), [Change::UserEpoch(id, Epoch(1))]);
    assert!(world.read(move |unit| passwords::find(unit, tenant, id)).await.is_none());
    assert_eq!(world.read(move |unit| users::find(unit, tenant, id)).await, None);
    assert_eq!(world.write(move |unit| users::hold(unit, tenant, id)).await, None);
    let listed = world.read(move |unit| users::list(unit, tenant, &Page::first(10))).await;
    assert_eq!((listed.rows.len(), listed.total), (0, 0));
}

async fn a_change_is_announced_and_an_ended_token_above_all(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let user = world.user("ana").await;
    let id = user.id;
    let renamed = User { first_name: "Bea".to_owned(), phone: None, ..user.clone() };
    let changed = renamed.clone();
    world.write(move |unit| users::update(unit, &user, &changed)).await;
    assert_eq!(world.changes(), [Change::UserRevised(id)]);
    assert_eq!(world.read(move |unit| users::find(unit, tenant, id)).await.as_ref(), Some(&renamed));
    let ended = world.write(move |unit| users::raise_epoch(unit, &renamed)).await;
    assert_eq!(ended.epoch, Epoch(1));
    assert_eq!(world.changes(), [Change::UserEpoch(id, Epoch(1))]);
}

async fn holding_counts_every_change_once(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let id = world.user("ana").await.id;
    let raise = || {
        world.write(move |unit| {
            let user = users::hold(unit, tenant, id)?.unwrap();
            users::raise_epoch(unit, &user)
        })
    };
    tokio::join!(raise(), raise(), raise(), raise(), raise(), raise(), raise(), raise());
    let user = world.read(move |unit| users::find(unit, tenant, id)).await.unwrap();
    assert_eq!((user.revision, user.epoch), (8, Epoch(8)));
}

async fn a_list_goes_on_at_any_depth(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let mut made = Vec::new();
    for index in 0..5 {
        world.clock.advance(std::time::Duration::from_millis(1));
        made.push(world.user(&format!("user{index}")).await.id);
    }
    let other = world.other_tenant().await;
    world.user_of(other.tenant.id, "stranger").await;

    let mut page = Page::first(2);
    let mut seen = Vec::new();
    loop {
        let asked = page.clone();
        let listed = world.read(move |unit| users::list(unit, tenant, &asked)).await;
        assert_eq!(listed.total, 5);
        seen.extend(listed.rows.iter().map(|user| user.id));
        let Some(next) = listed.next else { break };
        page.start = Start::After(next);
    }
    assert_eq!(seen, made);

    let second = Page { limit: 2, start: Start::Offset(4) };
    let listed = world.read(move |unit| users::list(unit, tenant, &second)).await;
    assert_eq!((listed.rows.len(), listed.next), (1, None));
}

async fn a_cursor_that_no_list_gave_is_refused(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let page = Page { limit: 2, start: Start::After("nonsense".to_owned()) };
    let refused = world.try_write(move |unit| users::list(unit, tenant, &page)).await.unwrap_err();
    assert_eq!(refused.code(), ide::INVALID_QUERY_PARAMETER);
    assert!(refused.fields().contains_key("cursor"));
}

async fn a_user_of_another_tenant_does_not_exist(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await.tenant.id;
    let id = world.user("ana").await.id;
    assert_eq!(world.read(move |unit| users::find(unit, other, id)).await, None);
    assert_eq!(world.write(move |unit| users::hold(unit, other, id)).await, None);
    assert_eq!(world.read(move |unit| users::find_by_username(unit, other, "ana")).await, None);
}

async fn a_hash_is_replaced_only_while_it_is_the_current_one(database: TestDatabase) {
    let world = World::new(database).await;
    let tenant = world.tenant();
    let id = world.user("ana").await.id;
    world.write(move |unit| passwords::put(unit, tenant, id, "old")).await;
    world.write(move |unit| passwords::put(unit, tenant, id, "new")).await;
    assert!(!world.write(move |unit| passwords::rehash(unit, tenant, id, "old", "old, better")).await);
    assert!(world.write(move |unit| passwords::rehash(unit, tenant, id, "new", "new, better")).await);
    let stored = world.read(move |unit| passwords::find(unit, tenant, id)).await.unwrap();
    assert_eq!((stored.hash.as_str(), stored.changed_at), ("new, better", world.now()));
}
