//! A store with the default tenant in it, a clock that stands still, and an ear for what is announced.

use std::sync::{Arc, Mutex};

use domain::change::Change;
use domain::id::TenantId;
use domain::{Clock, Entropy, OsEntropy, Slug, Timestamp};
use error_codes::Result;
use identity::application::{Application, NewApplication};
use identity::group::{Group, NewGroup};
use identity::product::Products;
use identity::seed::Seed;
use identity::tenant::Tenant;
use identity::user::{NewUser, RawNewUser, User};
use identity_store::{applications, groups, seed, users};
use store::{Store, StoreSettings, Unit};
use testkit::{ManualClock, TestDatabase};

/// Chance for tests that do not look at it.
pub(crate) const CHANCE: &dyn Entropy = &OsEntropy;

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) seed: Seed,
    store: Store,
    heard: Arc<Mutex<Vec<Change>>>,
    // Dropped last, when no connection is left.
    database: TestDatabase,
}

impl World {
    pub(crate) async fn new(database: TestDatabase) -> Self {
        store::migrate(database.url(), &identity_store::migrations()).unwrap();
        let clock = Arc::new(ManualClock::at_present());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let settings = StoreSettings { url: database.url().clone(), pool_size: 8, patience_seconds: 5 };
        let on_change = Arc::new(move |change: &Change| ear.lock().unwrap().push(change.clone()));
        let store = Store::open(&settings, store::OpenedFor::Serving, &error_codes::IDENTITY, clock.clone(), on_change)
            .unwrap();
        let seed = new_seed("lerian", clock.now());
        let world = Self { clock, seed, store, heard, database };
        world.plant(&world.seed).await;
        world.changes();
        world
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.seed.tenant.id
    }

    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was announced since the last call.
    pub(crate) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    pub(crate) async fn try_write<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.store.write(act).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.try_write(act).await.unwrap()
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Unit<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.store.read(look).await.unwrap()
    }

    pub(crate) async fn plant(&self, seed: &Seed) {
        let planted = seed.clone();
        self.write(move |unit| seed::plant(unit, &planted)).await;
    }

    /// A second tenant, whose rows nobody of the first may meet.
    pub(crate) async fn other_tenant(&self) -> Seed {
        let other = new_seed("other", self.now());
        self.plant(&other).await;
        self.changes();
        other
    }

    pub(crate) async fn user(&self, username: &str) -> User {
        self.user_of(self.tenant(), username).await
    }

    pub(crate) async fn user_of(&self, tenant: TenantId, username: &str) -> User {
        let user = new_user(tenant, username, self.now());
        let added = user.clone();
        self.write(move |unit| users::insert(unit, &added)).await;
        user
    }

    pub(crate) async fn group(&self, slug: &str) -> Group {
        let group = NewGroup::parse(Some(slug), "A group").unwrap().make(self.tenant(), self.now(), CHANCE);
        let added = group.clone();
        self.write(move |unit| groups::insert(unit, &added)).await;
        group
    }

    pub(crate) fn seeded_group(&self, slug: &str) -> Group {
        self.seed.groups.iter().map(|(group, _)| group).find(|group| group.slug.as_str() == slug).unwrap().clone()
    }

    pub(crate) async fn application(&self, product: &str) -> Application {
        let application = new_application(self.tenant(), product, self.now());
        let added = application.clone();
        self.write(move |unit| applications::insert(unit, &added)).await;
        application
    }
}

pub(crate) fn new_seed(slug: &str, now: Timestamp) -> Seed {
    let tenant = Tenant::new(Slug::parse(slug).unwrap(), slug.to_owned(), now, CHANCE);
    Seed::new(tenant, now, CHANCE).unwrap()
}

pub(crate) fn new_user(tenant: TenantId, username: &str, now: Timestamp) -> User {
    let raw = RawNewUser {
        first_name: "Ana",
        last_name: "Souza",
        username,
        email: &format!("{username}@example.com"),
        phone_number: Some("+5511987654321"),
        groups: vec![],
    };
    NewUser::parse(&raw).unwrap().make(tenant, now, CHANCE)
}

pub(crate) fn new_application(tenant: TenantId, product: &str, now: Timestamp) -> Application {
    let products = Products::new([]).unwrap();
    NewApplication::parse(product, "Ledger exports", &products).unwrap().make(tenant, now, CHANCE)
}
