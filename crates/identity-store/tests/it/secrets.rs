use std::time::Duration;

use domain::change::Change;
use domain::id::SecretId;
use identity_store::{applications, secrets};
use testkit::TestDatabase;

use crate::world::{CHANCE, World};

testkit::on_both_engines! {
    a_secret_is_kept_as_its_digest_and_announced,
    a_withdrawn_secret_is_dead_and_the_other_lives,
    a_secret_of_another_application_is_not_touched,
    use_is_added_up_and_never_moved_back,
    a_deleted_application_has_no_secrets,
}

fn new_secret(world: &World) -> SecretId {
    world.clock.advance(Duration::from_millis(1));
    SecretId::new(world.now(), CHANCE)
}

async fn a_secret_is_kept_as_its_digest_and_announced(database: TestDatabase) {
    let world = World::new(database).await;
    let application = world.application("midaz").await;
    let secret = new_secret(&world);
    let of = application.clone();
    world.write(move |unit| secrets::insert(unit, &of, secret, &[7; 32])).await;
    assert_eq!(world.changes(), [Change::ApplicationRevised(application.id)]);
    let found = world.read(move |unit| secrets::of_application(unit, &application)).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].secret.id, found[0].digest, found[0].secret.expires_at), (secret, [7; 32], None));
    assert_eq!((found[0].secret.created_at, found[0].secret.tokens_issued), (world.now(), 0));
}

async fn a_withdrawn_secret_is_dead_and_the_other_lives(database: TestDatabase) {
    let world = World::new(database).await;
    let application = world.application("midaz").await;
    let (old, new) = (new_secret(&world), new_secret(&world));
    let end = world.now().plus(Duration::from_secs(60));
    let of = application.clone();
    world
        .write(move |unit| {
            secrets::insert(unit, &of, old, &[1; 32])?;
            secrets::insert(unit, &of, new, &[2; 32])?;
            assert!(secrets::mark_ending(unit, &of, new, end)?);
            Ok(())
        })
        .await;
    world.changes();
    let of = application.clone();
    assert!(world.write(move |unit| secrets::mark_withdrawn(unit, &of, old)).await);
    assert_eq!(world.changes(), [Change::SecretWithdrawn(old), Change::ApplicationRevised(application.id)]);
    let of = application.clone();
    assert!(!world.write(move |unit| secrets::mark_withdrawn(unit, &of, old)).await);
    assert_eq!(world.changes(), []);
    let left = world.read(move |unit| secrets::of_application(unit, &application)).await;
    assert_eq!(
        left.iter().map(|found| (found.secret.id, found.secret.expires_at)).collect::<Vec<_>>(),
        [(new, Some(end))]
    );
}

async fn a_secret_of_another_application_is_not_touched(database: TestDatabase) {
    let world = World::new(database).await;
    let (one, other) = (world.application("midaz").await, world.application("midaz").await);
    let secret = new_secret(&world);
    let end = world.now();
    world
        .write(move |unit| {
            secrets::insert(unit, &one, secret, &[1; 32])?;
            assert!(!secrets::mark_withdrawn(unit, &other, secret)?);
            assert!(!secrets::mark_ending(unit, &other, secret, end)?);
            Ok(())
        })
        .await;
}

async fn use_is_added_up_and_never_moved_back(database: TestDatabase) {
    let world = World::new(database).await;
    let application = world.application("midaz").await;
    let secret = new_secret(&world);
    let (earlier, now) = (world.now().minus(Duration::from_secs(60)), world.now());
    let of = application.clone();
    world
        .write(move |unit| {
            secrets::insert(unit, &of, secret, &[1; 32])?;
            secrets::record_use(unit, secret, now, 3)?;
            secrets::record_use(unit, secret, earlier, 4)
        })
        .await;
    let found = world.read(move |unit| secrets::of_application(unit, &application)).await;
    assert_eq!((found[0].secret.tokens_issued, found[0].secret.last_used_at), (7, Some(now)));
    let unknown = new_secret(&world);
    world.write(move |unit| secrets::record_use(unit, unknown, now, 1)).await;
}

async fn a_deleted_application_has_no_secrets(database: TestDatabase) {
    let world = World::new(database).await;
    let application = world.application("midaz").await;
    let secret = new_secret(&world);
    let of = application.clone();
    world
        .write(move |unit| {
            secrets::insert(unit, &of, secret, &[1; 32])?;
            applications::mark_deleted(unit, &of)
        })
        .await;
    assert!(world.read(move |unit| secrets::of_application(unit, &application)).await.is_empty());
}
