//! One page of a trail, along the index that fits what is asked for.

use std::time::Duration;

use diesel::prelude::*;
use domain::Timestamp;
use domain::audit::{Filter, Place, Recorded, Sought};
use domain::id::TenantId;
use error_codes::Result;

use crate::Unit;
use crate::connection::MultiBackend;
use crate::schema::audit_events;
use crate::sql::{At, Id, id};

/// Events that one page looks at, at most. What is asked for may be rare: then a page has fewer events than it could, and
/// the list still goes on.
const LOOKED_AT: i64 = 10_000;

/// Events of one page.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The events.
    pub events: Vec<Recorded>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Place>,
}

/// Which end of a trail comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
}

/// One page along one index: the walk is as long as the page, or [`LOOKED_AT`] where not every event on it is asked for.
pub(super) fn page(
    unit: &mut Unit<'_>,
    tenant: Option<TenantId>,
    filter: &Filter,
    order: Order,
    after: Option<Place>,
    limit: u16,
) -> Result<Found> {
    let lead = Lead::of(filter);
    let stretch = Stretch { order, after, until: None };
    let mut rows = lead.rows(tenant, filter, stretch);
    let mut looked_at = None;
    if lead.leaves_some_out(filter) {
        let last = rows.offset(LOOKED_AT - 1).limit(1).select((audit_events::at, audit_events::id));
        let last: Option<(At, Id)> = unit.query(|connection| last.first(connection).optional())?;
        looked_at = last.map(|(At(at), id)| Place { at, id: id.of() });
        rows = lead.narrowed(lead.rows(tenant, filter, Stretch { until: looked_at, ..stretch }), filter);
    }
    // One more than asked for tells whether the list goes on.
    let mut rows: Vec<Row> = unit.query(|connection| rows.limit(i64::from(limit) + 1).load(connection))?;
    let is_full = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let events = rows.into_iter().map(|row| row.read(unit)).collect::<Result<Vec<_>>>()?;
    let next = if is_full { events.last().map(Recorded::place) } else { looked_at };
    Ok(Found { events, next })
}

type Rows<'a> = audit_events::BoxedQuery<'a, MultiBackend>;

/// The index along which a trail is read; the first of these that the filter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Target,
    Actor,
    Action,
    Time,
}

impl Lead {
    fn of(filter: &Filter) -> Self {
        match filter {
            Filter { target_id: Some(_), .. } => Self::Target,
            Filter { actor_id: Some(_), .. } => Self::Actor,
            Filter { action: Some(Sought::Action(_)), .. } => Self::Action,
            Filter { .. } => Self::Time,
        }
    }

    /// The rows of one stretch of the index, within the time that is asked for, in order.
    fn rows(self, tenant: Option<TenantId>, filter: &Filter, stretch: Stretch) -> Rows<'_> {
        let mut rows = stretch.sort(audit_events::table.into_boxed());
        if let Some(tenant) = tenant {
            rows = rows.filter(audit_events::tenant_id.eq(id(tenant)));
        }
        // One bound at each end: of two, SQLite takes the first into the index and walks to the other.
        let (earliest, latest) = stretch.times(filter);
        if let Some(earliest) = earliest {
            rows = rows.filter(audit_events::at.ge(At(earliest)));
        }
        if let Some(latest) = latest {
            rows = rows.filter(audit_events::at.le(At(latest)));
        }
        rows = stretch.cut(rows);
        match (self, &filter.action) {
            (Self::Target, _) => {
                rows.filter(audit_events::target_id.eq(filter.target_id.as_deref().unwrap_or_default()))
            }
            (Self::Actor, _) => rows.filter(audit_events::actor_id.eq(filter.actor_id.as_deref().unwrap_or_default())),
            (Self::Action, Some(Sought::Action(action))) => rows.filter(audit_events::action.eq(action)),
            (Self::Action, _) | (Self::Time, _) => rows,
        }
    }

    /// Whether the filter asks for more than the index tells.
    fn leaves_some_out(self, filter: &Filter) -> bool {
        let Filter {
            from: _,
            to: _,
            actor_kind,
            actor_id,
            action,
            target_kind,
            target_id: _,
            outcome,
            code,
            address,
            request_id,
        } = filter;
        actor_kind.is_some()
            || (actor_id.is_some() && self != Self::Actor)
            || (action.is_some() && self != Self::Action)
            || target_kind.is_some()
            || outcome.is_some()
            || code.is_some()
            || address.is_some()
            || request_id.is_some()
    }

    /// The rest of the filter.
    fn narrowed<'a>(self, mut rows: Rows<'a>, filter: &'a Filter) -> Rows<'a> {
        if let Some(kind) = &filter.actor_kind {
            rows = rows.filter(audit_events::actor_kind.eq(kind));
        }
        if let Some(actor) = filter.actor_id.as_ref().filter(|_| self != Self::Actor) {
            rows = rows.filter(audit_events::actor_id.eq(actor));
        }
        match &filter.action {
            Some(Sought::Action(action)) if self != Self::Action => rows = rows.filter(audit_events::action.eq(action)),
            // Nothing in a family is a wildcard but '_', which names use for a space: it is escaped.
            Some(Sought::Family(family)) => {
                let pattern = format!("{}%", family.replace('_', "\\_"));
                rows = rows.filter(audit_events::action.like(pattern).escape('\\'));
            }
            Some(Sought::Action(_)) | None => {}
        }
        if let Some(kind) = &filter.target_kind {
            rows = rows.filter(audit_events::target_kind.eq(kind));
        }
        if let Some(outcome) = filter.outcome {
            rows = rows.filter(audit_events::outcome.eq(outcome.name()));
        }
        if let Some(code) = &filter.code {
            rows = rows.filter(audit_events::code.eq(code));
        }
        if let Some(address) = &filter.address {
            rows = rows.filter(audit_events::address.eq(address));
        }
        if let Some(request) = &filter.request_id {
            rows = rows.filter(audit_events::request_id.eq(request));
        }
        rows
    }
}

/// A stretch of an index in one direction.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    order: Order,
    /// Only what comes after this place.
    after: Option<Place>,
    /// Only what comes before this place, and what is there.
    until: Option<Place>,
}

impl Stretch {
    fn sort(self, rows: Rows<'_>) -> Rows<'_> {
        match self.order {
            Order::NewestFirst => rows.order((audit_events::at.desc(), audit_events::id.desc())),
            Order::OldestFirst => rows.order((audit_events::at.asc(), audit_events::id.asc())),
        }
    }

    /// The first and the last moment of it.
    fn times(self, filter: &Filter) -> (Option<Timestamp>, Option<Timestamp>) {
        let [after, until] = [self.after, self.until].map(|place| place.map(|place| place.at));
        let (low, high) = match self.order {
            Order::NewestFirst => (until, after),
            Order::OldestFirst => (after, until),
        };
        let last = filter.to.map(|to| to.minus(Duration::from_micros(1)));
        (filter.from.max(low), last.into_iter().chain(high).min())
    }

    /// Cuts off what is of the same moment as an end, but beyond it.
    fn cut(self, mut rows: Rows<'_>) -> Rows<'_> {
        use audit_events::{at, id as key};

        if let Some(Place { at: time, id: event }) = self.after {
            rows = match self.order {
                Order::NewestFirst => rows.filter(at.lt(At(time)).or(key.lt(id(event)))),
                Order::OldestFirst => rows.filter(at.gt(At(time)).or(key.gt(id(event)))),
            };
        }
        if let Some(Place { at: time, id: event }) = self.until {
            rows = match self.order {
                Order::NewestFirst => rows.filter(at.gt(At(time)).or(key.ge(id(event)))),
                Order::OldestFirst => rows.filter(at.lt(At(time)).or(key.le(id(event)))),
            };
        }
        rows
    }
}

#[derive(Queryable)]
struct Row {
    id: Id,
    tenant: Id,
    at: At,
    actor_kind: String,
    actor_id: String,
    action: String,
    target_kind: String,
    target_id: String,
    outcome: String,
    code: Option<String>,
    address: String,
    request_id: String,
    details: Option<String>,
}

impl Row {
    fn read(self, unit: &Unit<'_>) -> Result<Recorded> {
        let details = self.details.as_deref().map(serde_json::from_str).transpose();
        let details = details.map_err(|_| unit.corrupt("audit_events", self.id.0))?;
        Ok(Recorded {
            id: self.id.of(),
            tenant: self.tenant.of(),
            at: self.at.0,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            action: self.action,
            target_kind: self.target_kind,
            target_id: self.target_id,
            outcome: self.outcome,
            code: self.code,
            address: self.address,
            request_id: self.request_id,
            details,
        })
    }
}
