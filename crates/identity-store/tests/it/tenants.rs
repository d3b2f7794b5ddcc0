use domain::Epoch;
use domain::change::Change;
use domain::page::Page;
use error_codes::ide;
use identity::declaration::Declaration;
use identity::grant::Holder;
use identity::membership::Validity;
use identity::tenant::{Limits, Settings, Tenant};
use identity_store::{declarations, grants, members, passwords, secrets, tenants, users};
use testkit::{Engine, TestDatabase};

use crate::declarations::declaration;
use crate::world::{CHANCE, World, new_seed, new_user};

testkit::on_both_engines! {
    a_changed_tenant_reads_back_and_is_announced,
    ending_everything_in_a_tenant_is_announced,
    a_deleted_tenant_is_found_by_nobody,
    a_deleted_tenant_leaves_nothing_but_its_name,
    nothing_is_added_to_a_deleted_tenant,
    every_table_of_a_tenant_is_purged,
}

/// Tables with rows of tenants that outlive them: the trail and the feed, which have sweepers of their own.
const OUTLIVE: [&str; 2] = ["audit_events", "feed"];
/// Tables that a purge empties.
const PURGED: [&str; 11] = [
    "application_secrets",
    "applications",
    "counters",
    "declarations",
    "group_members",
    "groups",
    "password_credentials",
    "permission_grants",
    "role_grants",
    "roles",
    "users",
];

async fn a_changed_tenant_reads_back_and_is_announced(database: TestDatabase) {
    let world = World::new(database).await;
    let was = world.seed.tenant.clone();
    let changed = Tenant {
        display_name: "Other".to_owned(),
        settings: Settings { access_token_seconds: Some(60), ..Settings::default() },
        limits: Limits { users: Some(3), ..Limits::default() },
        ..was.clone()
    };
    let wanted = changed.clone();
    let stored = world
        .write(move |unit| {
            let held = tenants::hold(unit, was.id)?.unwrap();
            tenants::update(unit, &held, &wanted)
        })
        .await;
    let id = changed.id;
    assert_eq!(world.changes(), [Change::TenantRevised(id)]);
    assert_eq!(world.read(move |unit| tenants::find(unit, id)).await.as_ref(), Some(&stored));
    assert_eq!(stored, Tenant { updated_at: world.now(), ..changed });
}

async fn ending_everything_in_a_tenant_is_announced(database: TestDatabase) {
    let world = World::new(database).await;
    let was = world.seed.tenant.clone();
    let ended = Tenant { active: false, epoch: was.epoch.next(), ..was.clone() };
    world.write(move |unit| tenants::update(unit, &was, &ended)).await;
    assert_eq!(world.changes(), [Change::TenantEpoch(world.tenant(), Epoch(1))]);
}

async fn a_deleted_tenant_is_found_by_nobody(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await.tenant;
    let deleted = other.clone();
    world.write(move |unit| tenants::mark_deleted(unit, &deleted)).await;
    assert_eq!(world.changes(), [Change::TenantEpoch(other.id, Epoch(1))]);
    assert_eq!(world.read(move |unit| tenants::find(unit, other.id)).await, None);
    assert_eq!(world.read(|unit| tenants::find_by_slug(unit, "other")).await, None);
    assert_eq!(world.write(move |unit| tenants::hold(unit, other.id)).await, None);
    let listed = world.read(|unit| tenants::list(unit, &Page::first(10))).await;
    assert_eq!((listed.rows, listed.total), (vec![world.seed.tenant.clone()], 1));
    let again = new_seed("other", world.now());
    let refused = world.try_write(move |unit| tenants::insert(unit, &again.tenant)).await.unwrap_err();
    assert_eq!(refused.code(), ide::NAME_TAKEN);
}

async fn a_deleted_tenant_leaves_nothing_but_its_name(database: TestDatabase) {
    let kept = Kept::new(database).await;
    let world = &kept.world;
    let other = world.other_tenant().await;
    let (people, (group, _)) = ((0..450).collect::<Vec<_>>(), other.groups[0].clone());
    let (tenant, application, now) = (other.tenant.clone(), other.application.clone(), world.now());
    let declared = Declaration { tenant: tenant.id, ..declaration(world, 1) };
    world
        .write(move |unit| {
            for number in &people {
                let user = new_user(tenant.id, &format!("user{number}"), now);
                users::insert(unit, &user)?;
                passwords::put(unit, tenant.id, user.id, "hash")?;
                members::put(unit, &user, group.id, Validity::ALWAYS)?;
            }
            let own = [domain::permission::Permission::new("midaz", "ledgers", "get")];
            let own = own.into_iter().map(|permission| (permission, Validity::ALWAYS)).collect();
            grants::replace(unit, tenant.id, Holder::Group(group.id), &own)?;
            secrets::insert(unit, &application, domain::id::SecretId::new(now, CHANCE), &[7; 32])?;
            declarations::insert(unit, &declared)?;
            tenants::mark_deleted(unit, &tenant)
        })
        .await;
    let before = kept.rows(world.tenant());
    let mut steps = 0;
    while world.write(tenants::purge_step).await > 0 {
        steps += 1;
    }
    // 450 people in steps of 200, groups, the application, roles, counters, and the mark.
    assert_eq!(steps, 8);
    assert_eq!(kept.rows(other.tenant.id), [0; PURGED.len()]);
    assert_eq!(kept.rows(world.tenant()), before);
    assert_eq!(kept.count("tenants WHERE slug = 'other' AND display_name = '' AND purged_at IS NOT NULL"), 1);
}

async fn nothing_is_added_to_a_deleted_tenant(database: TestDatabase) {
    let world = World::new(database).await;
    let other = world.other_tenant().await.tenant;
    let late = new_user(other.id, "late", world.now());
    world.write(move |unit| tenants::mark_deleted(unit, &other)).await;
    let refused = world.try_write(move |unit| users::insert(unit, &late)).await.unwrap_err();
    assert_eq!(refused.code(), ide::INVALID_TOKEN);
}

/// A new table with a `tenant_id` must be purged, or its rows outlive their tenant.
async fn every_table_of_a_tenant_is_purged(database: TestDatabase) {
    let kept = Kept::new(database).await;
    let known: Vec<_> = OUTLIVE.iter().chain(&PURGED).map(|table| format!("'{table}'")).collect();
    let known = known.join(", ");
    let forgotten = match kept.engine {
        Engine::Sqlite => format!(
            "sqlite_master AS t JOIN pragma_table_info(t.name) AS c \
             WHERE t.type = 'table' AND c.name = 'tenant_id' AND t.name NOT IN ({known})"
        ),
        Engine::Postgres => format!(
            "information_schema.columns \
             WHERE table_schema = 'public' AND column_name = 'tenant_id' AND table_name NOT IN ({known})"
        ),
    };
    assert_eq!(kept.count(&forgotten), 0, "add the new table to `tenants/purge.rs`, then here");
}

/// A world whose database can be looked into.
struct Kept {
    world: World,
    engine: Engine,
}

impl Kept {
    async fn new(database: TestDatabase) -> Self {
        let engine = database.engine();
        Self { world: World::new(database).await, engine }
    }

    fn count(&self, rows: &str) -> i64 {
        tokio::task::block_in_place(|| self.world.database().count(rows))
    }

    /// The rows of a tenant in each table.
    fn rows(&self, tenant: domain::id::TenantId) -> [i64; PURGED.len()] {
        let id = match self.engine {
            Engine::Sqlite => format!("X'{}'", tenant.to_string().replace('-', "")),
            Engine::Postgres => format!("'{tenant}'"),
        };
        PURGED.map(|table| self.count(&format!("{table} WHERE tenant_id = {id}")))
    }
}
