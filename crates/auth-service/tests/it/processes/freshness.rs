//! How long a right that was taken away is still answered with yes: two processes of each service over one PostgreSQL, asked
//! through every door.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Engine;

use super::fleet::Fleet;
use super::{PATIENCE, until};
use crate::doors::caller::Doors;

/// How often the right is given and taken.
const ROUNDS: usize = 20;
/// What the doors are asked, about a route of `doors/routes.toml`.
const QUESTION: (&str, &str, &str) = ("p1", "r1", "get");

/// The answers of all doors of all processes.
async fn answers(doors: &[Doors], token: &str) -> Vec<bool> {
    let (product, resource, action) = QUESTION;
    let asking = doors.iter().map(|door| door.ask(token, Some(product), resource, action));
    futures_util::future::join_all(asking).await.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_was_taken_away_is_refused_at_every_door() {
    let fleet = Fleet::start(Engine::Postgres, 2).await;
    let (product, resource, action) = QUESTION;
    fleet.grant("desk", product, resource, action);
    let administrator = fleet.administrator().await;
    let id = fleet.create_user(&administrator, "ana").await;
    let token = fleet.log_in(0, "ana").await.expect(200).text_of("accessToken");
    let doors = [fleet.doors(0).await, fleet.doors(1).await];
    let path = format!("/v1/users/{id}");
    let groups = |names: &[&str]| json!({ "groups": names });
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let identity = fleet.identity(round % 2);
        let give = identity.patch(&path).bearer(&administrator).json(&groups(&["desk"]));
        give.send().await.expect(200);
        until(PATIENCE, || async { answers(&doors, &token).await.iter().all(|yes| *yes) }).await;

        let take = identity.patch(&path).bearer(&administrator).json(&groups(&[]));
        take.send().await.expect(200);
        let taken_at = Instant::now();
        let mut last_yes = Duration::ZERO;
        // Past the last yes every door is asked some times more: none may fall back.
        let mut quiet = 0;
        while quiet < 10 {
            let asked_at = taken_at.elapsed();
            if answers(&doors, &token).await.contains(&true) {
                (last_yes, quiet) = (asked_at, 0);
            } else {
                quiet += 1;
            }
            assert!(last_yes < PATIENCE, "a stale yes after {last_yes:?}");
        }
        slowest = slowest.max(last_yes);
    }
    eprintln!("of {ROUNDS} rights taken away the last yes came at most {slowest:?} after the acknowledgement");

    // Behind frozen sources a cached yes ends within 5 s, at every door.
    let identity = fleet.identity(0);
    identity.patch(&path).bearer(&administrator).json(&groups(&["desk"])).send().await.expect(200);
    until(PATIENCE, || async { answers(&doors, &token).await.iter().all(|yes| *yes) }).await;
    fleet.freeze_identity(0);
    fleet.freeze_identity(1);
    let frozen_at = Instant::now();
    let mut last_yes = Duration::ZERO;
    while frozen_at.elapsed() < Duration::from_secs(7) {
        let asked_at = frozen_at.elapsed();
        for door in &doors {
            if door.says_yes_anywhere(&token, product, resource, action).await {
                last_yes = asked_at;
            }
        }
    }
    assert!(last_yes < Duration::from_secs(5), "a cached yes after {last_yes:?}");
    eprintln!("behind frozen sources the last yes came after {last_yes:?}");
}
