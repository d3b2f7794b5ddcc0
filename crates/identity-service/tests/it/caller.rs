//! Whoever asks identity for something: every request shows their token.

use std::sync::Arc;
use std::time::Duration;

use pair::{Pair, Person};
use serde_json::Value;
use testkit::{Answer, Api, ManualClock};

/// Somebody with a token, who asks one thing a millisecond: ids follow the clock, which stands still by itself.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    api: Api,
    clock: Arc<ManualClock>,
    token: String,
}

impl Caller {
    pub(crate) fn new(pair: &Pair, token: &str) -> Self {
        Self { api: pair.identity.clone(), clock: Arc::clone(&pair.clock), token: token.to_owned() }
    }

    pub(crate) fn of(pair: &Pair, person: &Person) -> Self {
        Self::new(pair, person.token())
    }

    /// The first administrator.
    pub(crate) async fn administrator(pair: &Pair) -> Self {
        Self::of(pair, &pair.administrator().await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.clock.advance(Duration::from_millis(1));
        let call = self.api.call(method, path).bearer(&self.token);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        }
    }
}

/// An object with some members replaced or added.
pub(crate) fn with(mut body: Value, changes: Value) -> Value {
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}
