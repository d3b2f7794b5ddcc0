//! The audit trail read again: pages of it newest first, the whole of it oldest first, and its end.

mod page;

pub use page::Found;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::Timestamp;
use domain::audit::{DEPLOYMENT, Filter, Place, Recorded, action};
use domain::id::TenantId;
use error_codes::{Code, Result};
use futures_util::stream::{Stream, try_unfold};
use moka::sync::Cache;
use serde_json::json;

use crate::Store;
use crate::audit::{Actor, AuditEvent, Outcome};
use crate::sweep::sweep_audit;
use page::{Order, page};

/// Events of an export that are in memory at a time.
const BATCH: u16 = 100;
/// After how long the same denial is told again.
const DENIED_AGAIN: Duration = Duration::from_secs(60);
/// Refusals of one caller that are told in that time.
const MOST_REFUSALS: u32 = 60;
/// Denials that are remembered.
const CALLERS: u64 = 10_000;

/// The audit trails in one database, and how long their events are kept.
#[derive(Clone)]
pub struct Trail {
    store: Store,
    retention: Duration,
    denied: Cache<(TenantId, String, String), ()>,
    /// How many refusals of each caller were told within the last minute.
    told: Cache<(TenantId, String), Arc<AtomicU32>>,
}

impl Trail {
    /// The trails of a store.
    pub fn new(store: Store, retention: Duration) -> Self {
        let denied = Cache::builder().max_capacity(CALLERS).time_to_live(DENIED_AGAIN).build();
        let told = Cache::builder().max_capacity(CALLERS).time_to_live(DENIED_AGAIN).build();
        Self { store, retention, denied, told }
    }

    /// Tells that a caller lacked a permission, `resource:action`; again only a minute later, so that a caller who keeps
    /// trying does not fill the trail.
    pub async fn deny(&self, tenant: TenantId, actor: Actor, permission: String, code: Code) -> Result<()> {
        self.refuse(AuditEvent {
            tenant,
            actor,
            action: action::ACCESS_DENY,
            target_id: permission,
            outcome: Outcome::Refused(code),
            details: None,
        })
        .await
    }

    /// Tells of a refusal that changed nothing: the same one again only a minute later, and of one caller no more than a few
    /// in a minute, so that nobody fills the trail with what they may not do.
    pub async fn refuse(&self, event: AuditEvent) -> Result<()> {
        let caller = (event.tenant, event.actor.id.clone());
        let same = (caller.0, caller.1.clone(), format!("{} {}", event.action.name, event.target_id));
        if !self.denied.entry(same).or_insert(()).is_fresh() {
            return Ok(());
        }
        let told = self.told.get_with(caller, Arc::default);
        if told.fetch_add(1, Ordering::Relaxed) >= MOST_REFUSALS {
            return Ok(());
        }
        self.store.write(move |unit| unit.audit(&event)).await
    }

    /// The newest events of a tenant, or those before a place, at most `limit`.
    ///
    /// What is added meanwhile is newer than any place, so it moves nothing to another page.
    pub async fn list(&self, tenant: TenantId, filter: Filter, after: Option<Place>, limit: u16) -> Result<Found> {
        let retention = self.retention;
        self.store
            .read(move |unit| {
                let filter = kept(filter.clone(), unit.now(), retention);
                page(unit, Some(tenant), &filter, Order::NewestFirst, after, limit)
            })
            .await
    }

    /// Every event of a tenant, or of all tenants and the deployment, in batches and the oldest first. That `actor` exports
    /// them is an event of the trail, or of the deployment's.
    ///
    /// It ends with what was there when it began. Each batch is a read of its own, so that it holds nothing up however
    /// long it takes.
    pub async fn export(
        &self,
        tenant: Option<TenantId>,
        filter: Filter,
        actor: Actor,
    ) -> Result<impl Stream<Item = Result<Vec<Recorded>>> + Send + use<>> {
        let retention = self.retention;
        let exported = tenant.unwrap_or_else(|| DEPLOYMENT.into());
        let event = AuditEvent {
            tenant: exported,
            actor,
            action: action::AUDIT_EXPORT,
            target_id: exported.to_string(),
            outcome: Outcome::Done,
            details: Some(json!({ "filter": filter.told() })),
        };
        let store = self.store.clone();
        let filter = self
            .store
            .write(move |unit| {
                unit.audit(&event)?;
                let now = unit.now();
                let to = filter.to.map_or(now, |to| to.min(now));
                Ok(kept(Filter { to: Some(to), ..filter.clone() }, now, retention))
            })
            .await?;
        let begin: Option<Option<Place>> = Some(None);
        Ok(try_unfold(begin, move |place| {
            let (store, filter) = (store.clone(), filter.clone());
            async move {
                let Some(after) = place else { return Ok(None) };
                let read = store.read(move |unit| page(unit, tenant, &filter, Order::OldestFirst, after, BATCH));
                let found = read.await?;
                Ok(Some((found.events, found.next.map(Some))))
            }
        }))
    }

    /// Deletes the events that were kept long enough, in bounded steps; returns how many.
    pub async fn sweep(&self) -> Result<usize> {
        let retention = self.retention;
        self.store
            .sweep(move |unit| {
                let before = unit.now().minus(retention);
                sweep_audit(unit, before)
            })
            .await
    }
}

/// An event is kept for the retention exactly, also where the sweeper has not come by yet.
fn kept(filter: Filter, now: Timestamp, retention: Duration) -> Filter {
    let oldest = now.minus(retention);
    Filter { from: Some(filter.from.map_or(oldest, |from| from.max(oldest))), ..filter }
}
