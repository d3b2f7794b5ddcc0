//! The audit trail: in one order, in pages of bounded cost, and kept for its time exactly.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::{DEPLOYMENT, Filter, Place, Recorded, Sought, action};
use domain::id::TenantId;
use domain::{Clock, Timestamp};
use error_codes::{IDENTITY, ide};
use futures_util::TryStreamExt;
use serde_json::json;
use store::{Actor, AuditEvent, OpenedFor, Outcome, Store, StoreSettings, Trail, migrate};
use testkit::{ManualClock, TestDatabase};

use crate::{Heard, migrations};

testkit::on_both_engines! {
    events_come_back_as_they_went,
    events_of_one_moment_have_one_order,
    a_page_of_what_is_rare_ends_early_and_goes_on,
    an_export_ends_with_what_was_there_when_it_began,
    events_are_kept_for_the_retention_and_no_longer,
    the_sweeper_takes_bounded_steps_until_nothing_is_left,
    a_denial_is_told_once,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct World {
    store: Store,
    trail: Trail,
    clock: Arc<ManualClock>,
    tenant: TenantId,
}

impl World {
    fn of(database: &TestDatabase) -> Self {
        migrate(database.url(), &migrations()).unwrap();
        let clock = Arc::new(ManualClock::at_present());
        let settings = StoreSettings { url: database.url().clone(), pool_size: 4, patience_seconds: 5 };
        let clock_of_store = Arc::clone(&clock) as Arc<dyn Clock>;
        let listener = Heard::default().listener();
        let store = Store::open(&settings, OpenedFor::Serving, &IDENTITY, clock_of_store, listener).unwrap();
        let trail = Trail::new(store.clone(), DAY);
        Self { store, trail, clock, tenant: TenantId::from(uuid::Uuid::from_u128(5)) }
    }

    fn event(&self, target: &str) -> AuditEvent {
        AuditEvent {
            tenant: self.tenant,
            actor: Actor { address: "192.0.2.1".to_owned(), request_id: "r".to_owned(), ..actor("ana") },
            action: action::USER_UPDATE,
            target_id: target.to_owned(),
            outcome: Outcome::Done,
            details: Some(json!({ "after": { "active": true } })),
        }
    }

    /// Adds events in one unit of work, so all of one moment.
    async fn add(&self, events: Vec<AuditEvent>) {
        let adding = self.store.write(move |unit| events.iter().try_for_each(|event| unit.audit(event)));
        adding.await.unwrap();
    }

    async fn list(&self, filter: &Filter, limit: u16) -> Vec<Vec<Recorded>> {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let found = self.trail.list(self.tenant, filter.clone(), after, limit).await.unwrap();
            pages.push(found.events);
            after = found.next;
            if after.is_none() {
                return pages;
            }
        }
    }

    async fn export(&self, tenant: Option<TenantId>) -> Vec<Recorded> {
        let batches = self.trail.export(tenant, Filter::default(), Actor::operator()).await.unwrap();
        batches.try_collect::<Vec<_>>().await.unwrap().concat()
    }
}

fn actor(id: &str) -> Actor {
    Actor { kind: "user", id: id.to_owned(), address: String::new(), request_id: String::new() }
}

fn places(events: &[Recorded]) -> Vec<Place> {
    events.iter().map(Recorded::place).collect()
}

async fn events_come_back_as_they_went(database: TestDatabase) {
    let world = World::of(&database);
    let refused = AuditEvent { outcome: Outcome::Refused(ide::FORBIDDEN), details: None, ..world.event("bruno") };
    world.add(vec![refused]).await;
    let [event] = world.list(&Filter::default(), 10).await.concat().try_into().unwrap();
    let expected = Recorded {
        id: event.id,
        tenant: world.tenant,
        at: world.clock.now(),
        actor_kind: "user".to_owned(),
        actor_id: "ana".to_owned(),
        action: "user.update".to_owned(),
        target_kind: "user".to_owned(),
        target_id: "bruno".to_owned(),
        outcome: "refused".to_owned(),
        code: Some("IDE-0023".to_owned()),
        address: "192.0.2.1".to_owned(),
        request_id: "r".to_owned(),
        details: None,
    };
    assert_eq!(event, expected);
}

async fn events_of_one_moment_have_one_order(database: TestDatabase) {
    let world = World::of(&database);
    for _ in 0..3 {
        world.add((0..7).map(|number| world.event(&number.to_string())).collect()).await;
        world.clock.advance(Duration::from_micros(1));
    }
    let whole = world.list(&Filter::default(), 100).await.concat();
    assert!(places(&whole).is_sorted_by(|one, next| one > next));
    assert_eq!(whole.len(), 21);
    for limit in [1, 2, 5, 7, 20, 21] {
        assert_eq!(world.list(&Filter::default(), limit).await.concat(), whole, "{limit}");
    }
    let mut exported = world.export(Some(world.tenant)).await;
    exported.reverse();
    assert_eq!(exported, whole);
}

async fn a_page_of_what_is_rare_ends_early_and_goes_on(database: TestDatabase) {
    let world = World::of(&database);
    let rare = AuditEvent { action: action::USER_DELETE, ..world.event("first") };
    world.add(vec![rare]).await;
    world.clock.advance(Duration::from_micros(1));
    world.add((0..10_500).map(|_| world.event("other")).collect()).await;
    let by = |action: Sought| Filter { action: Some(action), ..Filter::default() };
    let lengths = |pages: Vec<Vec<Recorded>>| pages.iter().map(Vec::len).collect::<Vec<_>>();

    // Along its own index nothing else is looked at.
    assert_eq!(lengths(world.list(&by(Sought::Action("user.delete".to_owned())), 10).await), [1]);
    // What no index tells is looked for ten thousand events at a time.
    let rare = Filter { request_id: Some("r".to_owned()), ..by(Sought::Action("user.delete".to_owned())) };
    assert_eq!(lengths(world.list(&rare, 10).await), [1]);
    let rare = Filter { target_kind: Some("user".to_owned()), ..by(Sought::Family("user.d".to_owned())) };
    assert_eq!(lengths(world.list(&rare, 10).await), [0, 1]);
    assert_eq!(world.list(&Filter::default(), 1_000).await.concat().len(), 10_501);
}

async fn an_export_ends_with_what_was_there_when_it_began(database: TestDatabase) {
    let world = World::of(&database);
    world.add((0..250).map(|number| world.event(&number.to_string())).collect()).await;
    world.clock.advance(Duration::from_millis(1));
    let tenant = Some(world.tenant);
    let mut batches = Box::pin(world.trail.export(tenant, Filter::default(), actor("ana")).await.unwrap());
    let mut lengths = Vec::new();
    while let Some(batch) = batches.try_next().await.unwrap() {
        lengths.push(batch.len());
        world.clock.advance(Duration::from_millis(1));
        world.add(vec![world.event("late")]).await;
    }
    assert_eq!(lengths, [100, 100, 50]);
    world.clock.advance(Duration::from_millis(1));
    let again = world.export(tenant).await;
    assert_eq!(again.iter().filter(|event| event.action == "audit.export").count(), 1);

    // Those of every tenant include the deployment's, where such an export is told.
    let elsewhere = AuditEvent { tenant: TenantId::from(uuid::Uuid::from_u128(6)), ..world.event("x") };
    world.add(vec![elsewhere]).await;
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.export(None).await.len(), again.len() + 2);
    world.clock.advance(Duration::from_millis(1));
    let last = world.export(None).await.pop().unwrap();
    assert_eq!((last.tenant.uuid(), last.actor_kind.as_str()), (DEPLOYMENT, "operator"));
}

async fn events_are_kept_for_the_retention_and_no_longer(database: TestDatabase) {
    let world = World::of(&database);
    world.add(vec![world.event("old")]).await;
    let told = || async {
        let early = Filter { from: Some(Timestamp::from_seconds(0)), ..Filter::default() };
        world.list(&early, 10).await.concat().len()
    };
    world.clock.advance(DAY);
    assert_eq!((told().await, world.trail.sweep().await.unwrap()), (1, 0));
    world.clock.advance(Duration::from_micros(1));
    assert_eq!((told().await, database_rows(&database)), (0, 1), "nobody sees what the sweeper has not taken yet");
    assert_eq!(world.export(Some(world.tenant)).await, []);
    assert_eq!((world.trail.sweep().await.unwrap(), database_rows(&database)), (1, 1), "the export stays");
}

fn database_rows(database: &TestDatabase) -> i64 {
    tokio::task::block_in_place(|| database.count("audit_events"))
}

async fn the_sweeper_takes_bounded_steps_until_nothing_is_left(database: TestDatabase) {
    let world = World::of(&database);
    world.add((0..1_200).map(|_| world.event("old")).collect()).await;
    world.clock.advance(DAY + Duration::from_micros(1));
    world.add(vec![world.event("young")]).await;
    let before = world.clock.now().minus(DAY);
    assert_eq!(world.store.write(move |unit| store::sweep_audit(unit, before)).await.unwrap(), 500);
    assert_eq!(world.trail.sweep().await.unwrap(), 700);
    assert_eq!(world.list(&Filter::default(), 10).await.concat().len(), 1);
}

async fn a_denial_is_told_once(database: TestDatabase) {
    let world = World::of(&database);
    let deny = |who: &'static str, permission: &'static str| {
        world.trail.deny(world.tenant, actor(who), permission.to_owned(), ide::FORBIDDEN)
    };
    for (who, permission) in [("ana", "users:get"), ("ana", "users:get"), ("ana", "users:post"), ("eva", "users:get")] {
        deny(who, permission).await.unwrap();
    }
    let told = world.list(&Filter::default(), 10).await.concat();
    let mut told: Vec<_> = told.iter().map(|event| (event.actor_id.as_str(), event.target_id.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [("ana", "users:get"), ("ana", "users:post"), ("eva", "users:get")]);
}
