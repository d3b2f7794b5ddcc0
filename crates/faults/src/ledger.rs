//! Clients that write all the time and keep an account of what was acknowledged, to be held against the services later.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deployment::{Deployment, Result, Service, get, login, password_of, post, post_form};
use serde_json::json;
use tokio::task::JoinSet;

use crate::ask::{Reply, Seen, Tally, ask, settle};

/// How long a writer waits for one answer.
const LIMIT: Duration = Duration::from_secs(15);
/// The pause between two writes of one writer.
const PAUSE: Duration = Duration::from_millis(4);
/// After so many rotations a chain is left as it is, and another begins.
const LONGEST_CHAIN: usize = 12;
/// People whose refresh tokens are rotated.
const PEOPLE: usize = 4;

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Ids of users that were made.
    pub users: Vec<String>,
    /// Sessions that live.
    chains: Vec<Chain>,
    /// Sessions that were ended.
    ended: Vec<Ended>,
    /// How many refresh tokens were rotated.
    pub rotations: usize,
    /// Promises that were broken while the writers wrote.
    broken: Vec<String>,
    /// What came back.
    pub tally: Tally,
}

/// A living session: the token that was redeemed last, and the one that must be good for the next.
#[derive(Debug)]
struct Chain {
    spent: Option<String>,
    current: String,
}

/// An ended session.
#[derive(Debug)]
struct Ended {
    access: String,
    refresh: String,
}

/// Where the services are; a writer that is not let in at one process goes to the next.
#[derive(Clone, Debug)]
struct Doors {
    auth: Vec<SocketAddr>,
    identity: Vec<SocketAddr>,
}

/// Writers at work.
pub struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Ledger>,
}

impl Writers {
    /// Makes some people, then begins to write; `round` keeps the names of one run apart from those of another.
    pub async fn begin(deployment: &Deployment, administrator: &str, round: &str) -> Result<Self> {
        let addresses = |service| deployment.processes(service).iter().map(|process| process.http).collect();
        let doors = Doors { auth: addresses(Service::Auth), identity: addresses(Service::Identity) };
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for number in 0..PEOPLE {
            let username = format!("writer{round}-{number}");
            deployment.person(administrator, &username).await?;
            let (doors, stop) = (doors.clone(), Arc::clone(&stop));
            if number == 0 {
                tasks.spawn(async move { end_sessions(&doors, &username, &stop).await });
            } else {
                tasks.spawn(async move { rotate(&doors, &username, &stop).await });
            }
        }
        for number in 0..2 {
            let (doors, stop, administrator) = (doors.clone(), Arc::clone(&stop), administrator.to_owned());
            let prefix = format!("made{round}-{number}-");
            tasks.spawn(async move { make_users(&doors, &administrator, &prefix, &stop).await });
        }
        Ok(Self { stop, tasks })
    }

    /// Ends them; what was acknowledged.
    pub async fn end(mut self) -> Result<Ledger> {
        self.stop.store(true, Ordering::Relaxed);
        let mut whole = Ledger::default();
        while let Some(part) = self.tasks.join_next().await {
            whole.add(part?);
        }
        Ok(whole)
    }
}

impl Ledger {
    /// Adds what others have written.
    pub fn add(&mut self, other: Self) {
        self.users.extend(other.users);
        self.chains.extend(other.chains);
        self.ended.extend(other.ended);
        self.rotations += other.rotations;
        self.broken.extend(other.broken);
        self.tally.add(&other.tally);
    }

    /// What was acknowledged, in numbers.
    pub fn summary(&self) -> String {
        let Self { users, chains, ended, rotations, .. } = self;
        let (users, chains, ended) = (users.len(), chains.len(), ended.len());
        format!("acknowledged: {users} users, {chains} logins, {rotations} rotations, {ended} ended sessions")
    }

    /// Every acknowledged write that is not there, and everything spent or ended that came back.
    pub async fn losses(&self, deployment: &Deployment, administrator: &str) -> Vec<String> {
        let mut losses = self.broken.clone();
        let (auth, identity) = (deployment.auth(), deployment.identity());
        for id in &self.users {
            let seen = settle(identity, &get(&format!("/v1/users/{id}"), Some(administrator)), LIMIT).await;
            if !seen.is_success() {
                losses.push(format!("the user {id} was acknowledged and is not there: {}", told(&seen)));
            }
        }
        for Chain { spent, current } in &self.chains {
            let seen = settle(auth, &refresh(current), LIMIT).await;
            if !seen.is_success() {
                losses.push(format!("an acknowledged refresh token is refused: {}", told(&seen)));
                continue;
            }
            let Some(spent) = spent else { continue };
            let seen = settle(auth, &refresh(spent), LIMIT).await;
            if !seen.is_no() {
                losses.push(format!("a spent refresh token came back: {}", told(&seen)));
            }
        }
        for Ended { access, refresh: token } in &self.ended {
            let seen = settle(auth, &refresh(token), LIMIT).await;
            if !seen.is_no() {
                losses.push(format!("the refresh token of an ended session came back: {}", told(&seen)));
            }
            for (address, path) in [(auth, "/v1/userinfo"), (identity, "/v1/groups")] {
                let seen = settle(address, &get(path, Some(access)), LIMIT).await;
                if seen.status() != 401 {
                    losses.push(format!("the access token of an ended session came back at {path}: {}", told(&seen)));
                }
            }
        }
        losses
    }
}

/// What is lost as a sentence: the count, and the first.
pub fn spell(losses: &[String]) -> String {
    match losses.first() {
        None => "0 lost".to_owned(),
        Some(first) => format!("{} LOST, such as: {first}", losses.len()),
    }
}

async fn make_users(doors: &Doors, administrator: &str, prefix: &str, stop: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let request = new_user(administrator, &format!("{prefix}{number}"));
        let seen = knock(&doors.identity, &request, &mut ledger.tally).await;
        if let Some(id) = seen.json()["id"].as_str().filter(|_| seen.status() == 201) {
            ledger.users.push(id.to_owned());
        }
        tokio::time::sleep(PAUSE).await;
    }
    ledger
}

async fn rotate(doors: &Doors, username: &str, stop: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
        let seen = knock(&doors.auth, &login(username, &password_of(username)), &mut ledger.tally).await;
        let Some(current) = seen.json()["refreshToken"].as_str().map(ToOwned::to_owned) else {
            note_refusal(&mut ledger, &seen, "a right password");
            continue;
        };
        let mut chain = Chain { spent: None, current };
        let mut length = 0;
        while length < LONGEST_CHAIN && !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(PAUSE).await;
            // Where the answer was lost, the same token is presented again: an honest retry.
            let seen = knock(&doors.auth, &refresh(&chain.current), &mut ledger.tally).await;
            if let Some(next) = seen.json()["refreshToken"].as_str().filter(|_| seen.status() == 200) {
                chain = Chain { spent: Some(chain.current), current: next.to_owned() };
                ledger.rotations += 1;
                length += 1;
            } else if note_refusal(&mut ledger, &seen, "a live refresh token") {
                break;
            }
        }
        ledger.chains.push(chain);
    }
    ledger
}

async fn end_sessions(doors: &Doors, username: &str, stop: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE * 4).await;
        let seen = knock(&doors.auth, &login(username, &password_of(username)), &mut ledger.tally).await;
        let json = seen.json();
        let member = |name: &str| json[name].as_str().map(ToOwned::to_owned);
        let (Some(access), Some(refresh), Some(hint)) =
            (member("accessToken"), member("refreshToken"), member("idToken"))
        else {
            note_refusal(&mut ledger, &seen, "a right password");
            continue;
        };
        let logout = post_form("/v1/logout", &format!("id_token_hint={hint}"));
        if knock(&doors.auth, &logout, &mut ledger.tally).await.is_success() {
            ledger.ended.push(Ended { access, refresh });
        }
    }
    ledger
}

/// Asks the first process that lets one in.
async fn knock(addresses: &[SocketAddr], request: &[u8], tally: &mut Tally) -> Seen {
    let mut last = Seen { reply: Reply::Refused, took: Duration::ZERO };
    for address in addresses {
        last = ask(*address, request, LIMIT).await;
        if last.reply != Reply::Refused {
            break;
        }
    }
    tally.note(&last);
    last
}

/// A no to what was acknowledged before is a broken promise; whether it was one.
fn note_refusal(ledger: &mut Ledger, seen: &Seen, what: &str) -> bool {
    if seen.is_no() {
        ledger.broken.push(format!("{what} was refused: {}", told(seen)));
    }
    seen.is_no()
}

fn told(seen: &Seen) -> String {
    match &seen.reply {
        Reply::Answer(answer) => format!("{} {}", answer.status, seen.json()["code"].as_str().unwrap_or_default()),
        Reply::Refused => "nobody listens".to_owned(),
        Reply::Cut => "the connection was cut".to_owned(),
        Reply::Silent => "no answer".to_owned(),
    }
}

/// A request that makes a user without groups.
pub fn new_user(administrator: &str, username: &str) -> Vec<u8> {
    let input = json!({
        "firstName": "Ana", "lastName": "Souza", "username": username, "password": password_of(username),
        "email": format!("{username}@example.com"), "groups": [],
    });
    post("/v1/users", Some(administrator), &input.to_string())
}

/// A request that redeems a refresh token.
pub fn refresh(token: &str) -> Vec<u8> {
    post("/v1/login/oauth/refresh_token", None, &json!({ "refreshToken": token }).to_string())
}
