use std::time::Duration;

use identity::throttle::{ACCOUNT, Tries};
use identity_store::tries;
use testkit::TestDatabase;

use crate::world::World;

testkit::on_both_engines! {
    failures_at_the_same_time_are_all_counted,
    nothing_to_count_leaves_no_row,
    old_counts_are_swept_away,
}

const KEY: tries::Key = [9; 32];

async fn fail(world: &World) {
    world
        .write(move |unit| {
            let counted = tries::hold(unit, &KEY)?.failed(ACCOUNT, unit.now());
            tries::put(unit, &KEY, counted)
        })
        .await;
}

async fn failures_at_the_same_time_are_all_counted(database: TestDatabase) {
    let world = World::new(database).await;
    let one = || fail(&world);
    tokio::join!(one(), one(), one(), one(), one(), one(), one());
    let counted = world.read(move |unit| tries::find(unit, &KEY)).await;
    let blocked_until = world.now().plus(Duration::from_secs(60));
    assert_eq!(counted, Tries { failures: 7, last_failed_at: Some(world.now()), blocked_until: Some(blocked_until) });
}

async fn nothing_to_count_leaves_no_row(database: TestDatabase) {
    let world = World::new(database).await;
    fail(&world).await;
    world
        .write(move |unit| {
            tries::hold(unit, &KEY)?;
            tries::put(unit, &KEY, Tries::default())
        })
        .await;
    assert_eq!(world.read(move |unit| tries::find(unit, &KEY)).await, Tries::default());
}

async fn old_counts_are_swept_away(database: TestDatabase) {
    let world = World::new(database).await;
    fail(&world).await;
    let (then, later) = (world.now(), world.now().plus(Duration::from_secs(1)));
    assert_eq!(world.write(move |unit| tries::sweep(unit, then)).await, 0);
    assert_eq!(world.write(move |unit| tries::sweep(unit, later)).await, 1);
}
