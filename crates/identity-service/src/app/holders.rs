//! Who may do something now: a walk along grants, roles and groups that goes on where the page before ended.

use domain::id::{GroupId, RoleId, TenantId};
use domain::permission::{Permission, Way};
use domain::product::acting_as;
use domain::{Slug, Timestamp};
use error_codes::Result;
use identity::holders::{Named, Place, Row, Subject, is_everyones, patterns};
use identity::membership::{Reach, Validity};
use identity_store::holders::{self, BATCH, Begin};
use store::Unit;
use uuid::Uuid;

use super::App;

/// The most batches that one page looks at. A page of grants that lead to nobody ends before it is full.
const MOST_BATCHES: usize = 50;

/// One page of those who may do something.
#[derive(Clone, Debug)]
pub struct HoldersPage {
    /// A row for each subject and way.
    pub rows: Vec<Row>,
    /// Where the list goes on; `None` where it ends.
    pub next: Option<Place>,
}

impl App {
    /// Who may do what is asked now, in the order of places; people who are disabled may nothing.
    pub async fn list_holders(
        &self,
        tenant: TenantId,
        asked: Permission,
        limit: u16,
        after: Option<Place>,
    ) -> Result<HoldersPage> {
        self.store
            .read(move |unit| {
                let now = unit.now();
                let limit = limit.into();
                let mut walk =
                    Walk { unit, tenant, now, limit, batches: 0, rows: Vec::new(), last: after.clone(), after };
                walk.run(&asked)?;
                Ok(walk.into_page())
            })
            .await
    }
}

/// A page in the making.
struct Walk<'w, 'u> {
    unit: &'w mut Unit<'u>,
    tenant: TenantId,
    now: Timestamp,
    limit: usize,
    batches: usize,
    /// One more than the page has, to see whether the list goes on.
    rows: Vec<Row>,
    /// The place that was looked at last.
    last: Option<Place>,
    /// The place that the page comes after; nothing once it was passed.
    after: Option<Place>,
}

/// A step of the walk: what is granted, and how one comes to it from there.
struct Step<'a> {
    permission: &'a Permission,
    way: Way,
    validity: Validity,
    place: Place,
}

impl Step<'_> {
    /// The same step, a link further.
    fn and(&self, way: Way, validity: Validity, place: Place) -> Self {
        Self { permission: self.permission, way, validity: self.validity.and(validity), place }
    }

    fn holds_at(&self, now: Timestamp) -> bool {
        self.validity.holds_at(now)
    }

    fn row(&self, subject: Subject) -> Row {
        let Self { permission, way, validity, place } = self;
        let reach = Reach { permission: (*permission).clone(), way: way.clone(), validity: *validity };
        Row { subject, reach, place: place.clone() }
    }
}

impl Walk<'_, '_> {
    fn run(&mut self, asked: &Permission) -> Result<()> {
        let patterns = patterns(asked);
        for (number, permission) in patterns.iter().enumerate() {
            self.grants(number, permission)?;
            if self.is_over() {
                return Ok(());
            }
        }
        if is_everyones(asked) { self.everybody(patterns.len(), asked) } else { Ok(()) }
    }

    /// Where the walk ended before everything was looked at, the page says where to go on.
    fn into_page(mut self) -> HoldersPage {
        let next = match (self.rows.len() > self.limit, self.is_over()) {
            (true, _) => {
                self.rows.truncate(self.limit);
                self.rows.last().map(|row| row.place.clone())
            }
            (false, true) => self.last,
            (false, false) => None,
        };
        HoldersPage { rows: self.rows, next }
    }

    fn is_over(&self) -> bool {
        self.rows.len() > self.limit || self.batches >= MOST_BATCHES
    }

    fn look(&mut self, step: &Step<'_>, subject: Option<Subject>) {
        if let Some(subject) = subject.filter(|_| step.holds_at(self.now)) {
            self.rows.push(step.row(subject));
        }
        self.last = Some(step.place.clone());
    }

    /// Everybody who was granted one permission.
    fn grants(&mut self, number: usize, permission: &Permission) -> Result<()> {
        let mut begin = match &self.after {
            Some(place) if place.pattern > number => return Ok(()),
            Some(place) if place.pattern == number && place.is_inside() => Begin::At(place.grant),
            Some(place) if place.pattern == number => Begin::After(place.grant),
            Some(_) | None => Begin::START,
        };
        // Each query continues where the one before ended, and the page ends them after so many.
        while !self.is_over() {
            self.batches += 1;
            let granted = holders::granted(self.unit, self.tenant, permission, begin)?;
            let keys: Vec<_> = granted.iter().map(|&(key, _)| key).collect();
            let mut named = holders::named(self.unit, self.tenant, &keys)?;
            for &(key, validity) in &granted {
                let place = Place::of_grant(number, key);
                let inside = self.after.take().filter(|after| after.pattern == number && after.grant == key);
                let step = Step { permission, way: Way::default(), validity, place };
                match named.remove(&key) {
                    Some(Named::Role(role, slug)) => self.role(&step, role, slug, inside)?,
                    Some(Named::Group(group, slug)) => self.group(&step, group, slug, inside)?,
                    Some(Named::Subject(subject)) => self.look(&step, Some(subject)),
                    None => self.look(&step, None),
                }
                if self.is_over() {
                    return Ok(());
                }
                self.last = Some(Place::of_grant(number, key));
                begin = Begin::After(key);
            }
            if granted.len() < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Everybody who acts as a role, and everybody who was given it.
    fn role(&mut self, step: &Step<'_>, role: RoleId, slug: Slug, mut inside: Option<Place>) -> Result<()> {
        if !step.holds_at(self.now) {
            return Ok(());
        }
        let way = Way { role: Some(slug.clone()), ..Way::default() };
        let given = inside.as_ref().and_then(|inside| inside.given);
        let mut begin = match &inside {
            Some(Place { given: Some(key), member: Some(_), .. }) => Begin::At(*key),
            Some(Place { given: Some(key), member: None, .. }) => Begin::After(*key),
            Some(Place { given: None, .. }) | None => Begin::START,
        };
        if given.is_none() {
            let after = inside.as_ref().and_then(|inside| inside.member);
            self.editors(&step.and(way.clone(), Validity::ALWAYS, step.place.clone()), slug.as_str(), after)?;
        }
        while !self.is_over() {
            self.batches += 1;
            let holding = holders::given(self.unit, self.tenant, role, begin)?;
            let keys: Vec<_> = holding.iter().map(|&(key, _)| key).collect();
            let mut named = holders::named(self.unit, self.tenant, &keys)?;
            for &(key, validity) in &holding {
                let place = Place { given: Some(key), ..step.place.clone() };
                let inside = inside.take().filter(|inside| inside.given == Some(key));
                let step = step.and(way.clone(), validity, place.clone());
                match named.remove(&key) {
                    Some(Named::Group(group, slug)) => self.group(&step, group, slug, inside)?,
                    Some(Named::Subject(subject)) => self.look(&step, Some(subject)),
                    // A role has no roles.
                    Some(Named::Role(..)) | None => self.look(&step, None),
                }
                if self.is_over() {
                    return Ok(());
                }
                self.last = Some(place);
                begin = Begin::After(key);
            }
            if holding.len() < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// The applications that act as a role: those of its product, which may have two names.
    fn editors(&mut self, step: &Step<'_>, role: &str, mut after: Option<Uuid>) -> Result<()> {
        let products = acting_as(role);
        while !products.is_empty() && !self.is_over() {
            self.batches += 1;
            let mut found = Vec::new();
            for product in &products {
                found.extend(holders::applications_of(self.unit, self.tenant, product, after)?);
            }
            found.sort_by_key(|application| application.id);
            found.truncate(BATCH);
            let count = found.len();
            for application in found {
                after = Some(application.id);
                let place = Place { member: after, ..step.place.clone() };
                self.look(&step.and(step.way.clone(), Validity::ALWAYS, place), Some(application));
                if self.is_over() {
                    return Ok(());
                }
            }
            if count < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Everybody who is in a group.
    fn group(&mut self, step: &Step<'_>, group: GroupId, slug: Slug, inside: Option<Place>) -> Result<()> {
        if !step.holds_at(self.now) {
            return Ok(());
        }
        let way = Way { group: Some(slug), ..step.way.clone() };
        let mut after = inside.and_then(|inside| inside.member);
        while !self.is_over() {
            self.batches += 1;
            let members = holders::members(self.unit, self.tenant, group, after)?;
            let users: Vec<_> = members.iter().map(|&(user, _)| user).collect();
            let mut active = holders::active(self.unit, self.tenant, &users)?;
            for &(user, validity) in &members {
                after = Some(user.uuid());
                let place = Place { member: after, ..step.place.clone() };
                let step = step.and(way.clone(), validity, place);
                self.look(&step, active.remove(&user.uuid()));
                if self.is_over() {
                    return Ok(());
                }
            }
            if members.len() < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Everybody there is, for what needs no grant.
    fn everybody(&mut self, number: usize, permission: &Permission) -> Result<()> {
        let after = self.after.take().filter(|after| after.pattern == number);
        let mut after = after.and_then(|after| after.member);
        let place = Place::of_grant(number, Uuid::nil());
        let step = Step { permission, way: Way::default(), validity: Validity::ALWAYS, place };
        while !self.is_over() {
            self.batches += 1;
            let users = holders::everybody(self.unit, self.tenant, after)?;
            let count = users.len();
            for (user, active) in users {
                after = Some(user.id);
                let place = Place { member: after, ..step.place.clone() };
                self.look(&step.and(Way::default(), Validity::ALWAYS, place), Some(user).filter(|_| active));
                if self.is_over() {
                    return Ok(());
                }
            }
            if count < BATCH {
                break;
            }
        }
        Ok(())
    }
}
