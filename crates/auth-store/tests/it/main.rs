//! What the tables of auth-service promise, on both engines.
#![allow(clippy::unwrap_used, reason = "a broken test should stop loudly")]

mod ending;
mod keys;
mod listing;
mod redeeming;
mod revocations;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth::refresh::{PersonRefresh, Redemption};
use auth::session::{Login, Origin, Session};
use auth::{Door, Lifetimes};
use auth_store::sessions;
use domain::change::Change;
use domain::id::{TenantId, UserId};
use domain::scope::Scopes;
use domain::token::Authentication;
use domain::{Clock, Epoch, Epochs, OsEntropy, Timestamp};
use error_codes::AUTH;
use store::{Actor, Store, StoreSettings, migrate};
use testkit::{ManualClock, TestDatabase};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A fresh database, the clock it runs by, and the changes that its process was told of.
struct Fixture {
    store: Store,
    clock: Arc<ManualClock>,
    heard: Arc<Mutex<Vec<Change>>>,
}

impl Fixture {
    async fn new(database: &TestDatabase) -> Self {
        let url = database.url().clone();
        #[allow(clippy::disallowed_methods, reason = "tests have no gate")]
        tokio::task::spawn_blocking(move || migrate(&url, &auth_store::migrations()).unwrap()).await.unwrap();
        let clock = Arc::new(ManualClock::at_present());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let store = Store::open(
            &StoreSettings { url: database.url().clone(), pool_size: 8, patience_seconds: 5 },
            store::OpenedFor::Serving,
            &AUTH,
            Arc::<ManualClock>::clone(&clock),
            Arc::new(move |change: &Change| listener.lock().unwrap().push(change.clone())),
        )
        .unwrap();
        Self { store, clock, heard }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn heard(&self) -> Vec<Change> {
        self.heard.lock().unwrap().clone()
    }

    /// Logs a person in.
    async fn begin(&self, tenant: TenantId, user: UserId) -> Session {
        let now = self.now();
        let login = Login {
            session: domain::id::SessionId::new(now, &OsEntropy),
            tenant,
            user,
            application: Uuid::from_u128(7).into(),
            door: Door::AccessManager,
            scopes: Scopes::of(&["openid", "profile"]),
            epochs: Epochs { tenant: Epoch(1), application: Epoch(2), subject: Epoch(3) },
            authentication: Authentication { at: now, methods: vec!["pwd".to_owned(), "otp".to_owned()] },
            origin: Origin::new("192.0.2.1", "a browser"),
        };
        let session = Session::begin(login, &Lifetimes::default(), now);
        let inserted = session.clone();
        self.store.write(move |unit| sessions::insert(unit, &inserted, &somebody())).await.unwrap();
        session
    }

    async fn find(&self, session: &Session) -> Option<Session> {
        let id = session.login.session;
        self.store.read(move |unit| sessions::find(unit, id)).await.unwrap()
    }

    /// Presents a generation of a session's refresh token, alone.
    async fn redeem(&self, session: &Session, generation: u32) -> sessions::Redeemed {
        redeem(self.store.clone(), session.refresh_token(generation), session.login.epochs).await
    }

    /// How many events of an action the trail holds.
    async fn audited(&self, action: &'static str) -> i64 {
        self.store
            .read(move |unit| {
                unit.query(|connection| {
                    use diesel::prelude::*;
                    audit_events::table.filter(audit_events::action.eq(action)).count().get_result(connection)
                })
            })
            .await
            .unwrap()
    }
}

async fn redeem(store: Store, presented: PersonRefresh, current: Epochs) -> sessions::Redeemed {
    let redemption = Redemption { door: presented.door, client: None, current, now: Timestamp::from_seconds(0) };
    store
        .write(move |unit| sessions::redeem(unit, &presented, &redemption, &Lifetimes::default(), &somebody()))
        .await
        .unwrap()
}

fn somebody() -> Actor {
    Actor { kind: "user", id: "somebody".to_owned(), address: "192.0.2.1".to_owned(), request_id: "r".to_owned() }
}

fn tenant() -> TenantId {
    Uuid::from_u128(1).into()
}

fn ana() -> UserId {
    Uuid::from_u128(2).into()
}

fn bob() -> UserId {
    Uuid::from_u128(3).into()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Runs the same work many times at once.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    times: usize,
    work: impl Fn() -> F,
) -> Vec<T> {
    let mut running = JoinSet::new();
    for _ in 0..times {
        running.spawn(work());
    }
    running.join_all().await
}

diesel::table! {
    audit_events (id) {
        id -> Binary,
        action -> Text,
    }
}
