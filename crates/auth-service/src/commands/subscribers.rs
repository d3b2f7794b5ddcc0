//! `auth-service subscribers`: who listens to what ends tokens, and how far each is.

use std::time::{Duration, Instant};

use auth_store::subscribers::{Subscriber, list_but_of};
use domain::Timestamp;
use serde_json::{Value, json};
use service_kit::settings::SettingsError;
use service_kit::table::columns;

use super::{Desk, refused};

/// The pause between two looks at what the processes wrote down, which they do every 5 s.
const LOOK: Duration = Duration::from_secs(1);
/// By when every process has written down who listens to it now.
const ALL_HAVE_REPORTED: Duration = Duration::from_secs(6);

impl Desk<'_> {
    /// Shows the subscribers; with `wait` once all of them know everything that happened before now, or after so many seconds.
    ///
    /// # Errors
    /// One sentence for the operator, which names who is behind.
    pub async fn subscribers(&self, as_json: bool, wait: Option<u64>) -> Result<String, SettingsError> {
        let found = match wait {
            None => self.list_subscribers().await?,
            Some(seconds) => self.wait_for_subscribers(Duration::from_secs(seconds)).await?,
        };
        if as_json {
            return Ok(format!("{:#}\n", json!({ "subscribers": found.iter().map(shown).collect::<Vec<_>>() })));
        }
        if found.is_empty() {
            return Ok("Nobody listens.\n".to_owned());
        }
        let headings = ["NAME", "ADDRESS", "SINCE", "HAS EVERYTHING UNTIL"].map(str::to_owned);
        Ok(columns(&std::iter::once(headings).chain(found.iter().map(row)).collect::<Vec<_>>()))
    }

    async fn list_subscribers(&self) -> Result<Vec<Subscriber>, SettingsError> {
        self.store.read(|unit| list_but_of(unit, None)).await.map_err(refused)
    }

    async fn wait_for_subscribers(&self, patience: Duration) -> Result<Vec<Subscriber>, SettingsError> {
        let (asked_at, began) = (self.clock.now(), Instant::now());
        loop {
            let found = self.list_subscribers().await?;
            let behind: Vec<_> =
                found.iter().filter(|subscriber| subscriber.known_until.is_none_or(|until| until < asked_at)).collect();
            if behind.is_empty() && began.elapsed() >= ALL_HAVE_REPORTED {
                return Ok(found);
            }
            if !behind.is_empty() && began.elapsed() >= patience {
                let names = behind.iter().map(|one| format!("{} at {}", one.name, one.address)).collect::<Vec<_>>();
                return Err(SettingsError::new(format!(
                    "of {} subscribers {} do not have everything until {asked_at} after {} s: {}; what does not hear from \
                     auth says yes to nothing after 5 s",
                    found.len(),
                    behind.len(),
                    patience.as_secs(),
                    names.join(", ")
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn row(subscriber: &Subscriber) -> [String; 4] {
    let until = subscriber.known_until.map_or_else(|| "nothing yet".to_owned(), |until| until.to_string());
    [subscriber.name.clone(), subscriber.address.clone(), subscriber.since.to_string(), until]
}

fn shown(subscriber: &Subscriber) -> Value {
    json!({
        "id": subscriber.id.to_string(),
        "name": subscriber.name,
        "address": subscriber.address,
        "since": subscriber.since.to_string(),
        "knownUntil": subscriber.known_until.map(|until: Timestamp| until.to_string()),
    })
}
