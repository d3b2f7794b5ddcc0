//! Who listens to the token state, and how far each of them is.
//!
//! A beat says how old what was told is. So whoever has taken in a beat knows everything that happened before the moment at
//! which it was sent, less that age.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use auth_store::subscribers::Subscriber;
use dashmap::DashMap;
use domain::permission::TENANTS;
use domain::token::AccessToken;
use domain::{Entropy, Timestamp};
use error_codes::Result;
use uuid::Uuid;

use super::{App, Origin};

/// Beats that are remembered of a subscriber that says nothing.
const BEATS: usize = 64;
/// The permission to see the subscribers, as it is told in the trail.
const SUBSCRIBERS_GET: &str = "tenants:get";

/// The subscribers of this process.
pub struct Subscribers {
    process: Uuid,
    living: DashMap<Uuid, Arc<Progress>>,
}

struct Progress {
    name: String,
    address: String,
    since: Timestamp,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: u64,
    /// The beats that were sent and not taken in yet, each with the moment up to which it vouches for everything.
    beats: VecDeque<(u64, Option<Timestamp>)>,
    known_until: Option<Timestamp>,
}

/// One subscriber, for as long as it listens.
pub struct Subscription {
    subscribers: Arc<Subscribers>,
    id: Uuid,
    progress: Arc<Progress>,
}

impl Subscribers {
    /// Nobody yet.
    pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self { process: domain::id::new_uuid(now, entropy), living: DashMap::new() }
    }

    /// Somebody begins to listen.
    pub fn begin(
        self: &Arc<Self>,
        name: String,
        address: String,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Subscription {
        let id = domain::id::new_uuid(now, entropy);
        let progress = Arc::new(Progress { name, address, since: now, told: Mutex::default() });
        self.living.insert(id, Arc::clone(&progress));
        Subscription { subscribers: Arc::clone(self), id, progress }
    }

    fn living(&self) -> Vec<Subscriber> {
        let shown = |entry: dashmap::mapref::multiple::RefMulti<'_, Uuid, Arc<Progress>>| Subscriber {
            id: *entry.key(),
            name: entry.name.clone(),
            address: entry.address.clone(),
            since: entry.since,
            known_until: entry.told.lock().ok().and_then(|told| told.known_until),
        };
        self.living.iter().map(shown).collect()
    }
}

impl Subscription {
    /// A beat is about to be sent that vouches for everything before this moment, as far as is known; returns its number.
    pub fn beat(&self, vouches_until: Option<Timestamp>) -> u64 {
        let Ok(mut told) = self.progress.told.lock() else { return 0 };
        told.last += 1;
        let number = told.last;
        told.beats.push_back((number, vouches_until));
        if told.beats.len() > BEATS {
            told.beats.pop_front();
        }
        number
    }

    /// A beat was taken in, and all before it.
    pub fn took_in(&self, number: u64) {
        let Ok(mut told) = self.progress.told.lock() else { return };
        while let Some(&(beat, vouches_until)) = told.beats.front() {
            if beat > number {
                return;
            }
            told.known_until = told.known_until.max(vouches_until);
            told.beats.pop_front();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscribers.living.remove(&self.id);
    }
}

impl App {
    /// The subscribers of every process, the oldest first; what others wrote down is some seconds old. For administrators of
    /// the platform.
    ///
    /// # Errors
    /// AUT-0007; AUT-0017 without the platform permission `tenants:get`.
    pub async fn list_subscribers(&self, token: &AccessToken, origin: &Origin) -> Result<Vec<Subscriber>> {
        let caller = self.subject_of(token).await?;
        if !caller.may_manage(token, TENANTS, "get") {
            return self.deny(token, SUBSCRIBERS_GET, origin).await;
        }
        let process = self.subscribers.process;
        let mut all = self.store.read(move |unit| auth_store::subscribers::list_but_of(unit, Some(process))).await?;
        all.extend(self.subscribers.living());
        all.sort_by_key(|subscriber| (subscriber.since, subscriber.id));
        Ok(all)
    }

    /// Writes the subscribers of this process down, for the commands and the other processes.
    pub async fn report_subscribers(&self) {
        let (process, living) = (self.subscribers.process, self.subscribers.living());
        let reported = self.store.write(move |unit| auth_store::subscribers::replace_of(unit, process, &living)).await;
        if let Err(failure) = reported {
            tracing::warn!(%failure, "the subscribers could not be written down and will be later");
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    #[test]
    fn a_subscriber_knows_what_the_beats_vouch_for_that_it_took_in() {
        let at = Timestamp::from_seconds;
        let subscribers = Arc::new(Subscribers::new(at(0), &OsEntropy));
        let subscription = subscribers.begin("identity-service".to_owned(), String::new(), at(0), &OsEntropy);
        let known = || subscribers.living()[0].known_until;
        assert_eq!(
            (subscription.beat(None), subscription.beat(Some(at(10))), subscription.beat(Some(at(11)))),
            (1, 2, 3)
        );
        assert_eq!(known(), None);
        subscription.took_in(2);
        assert_eq!(known(), Some(at(10)));
        // What was never sent, or comes twice, changes nothing.
        subscription.took_in(1);
        assert_eq!(known(), Some(at(10)));
        subscription.took_in(900);
        assert_eq!(known(), Some(at(11)));
        drop(subscription);
        assert!(subscribers.living().is_empty());
    }

    #[test]
    fn who_says_nothing_costs_no_more_than_a_minute_of_beats() {
        let subscribers = Arc::new(Subscribers::new(Timestamp::from_seconds(0), &OsEntropy));
        let subscription = subscribers.begin(String::new(), String::new(), Timestamp::from_seconds(0), &OsEntropy);
        for second in 0..1_000 {
            subscription.beat(Some(Timestamp::from_seconds(second)));
        }
        assert_eq!(subscription.progress.told.lock().unwrap().beats.len(), BEATS);
    }
}
