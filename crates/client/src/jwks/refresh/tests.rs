use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crypto::jws::{Algorithm, SigningKey};
use domain::{Issuers, Slug, SystemClock};
use futures_util::future::join_all;
use service_kit::VerifyFault;

use super::*;
use crate::jwks::KeyVerifier;

/// A server of keys that counts, takes its time, and can be down.
#[derive(Clone)]
struct Server {
    fetches: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    key: Arc<SigningKey>,
}

impl Server {
    fn new() -> Self {
        let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
        Self { fetches: Arc::default(), is_down: Arc::default(), key }
    }

    fn keys(&self) -> Arc<RemoteKeys> {
        let server = self.clone();
        let fetch = move || -> Fetching {
            let server = server.clone();
            Box::pin(async move {
                server.fetches.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                if server.is_down.load(Ordering::SeqCst) {
                    return Err(FetchFault::TooLarge);
                }
                Ok(JwkSet::from_public(&[server.key.public_jwk().clone()]).unwrap())
            })
        };
        Arc::new(RemoteKeys::fetched_by(JwkSet::from_public(&[]).unwrap(), fetch))
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

fn verifier(keys: &Arc<RemoteKeys>) -> KeyVerifier {
    let issuers = Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap();
    KeyVerifier::new(Arc::clone(keys), issuers, Arc::new(SystemClock))
}

/// A token that is signed by a key which is published nowhere.
fn foreign() -> String {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    key.sign("JWT", &serde_json::json!({ "sub": "somebody" })).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_fetch_serves_all_who_wait() {
    let server = Server::new();
    let keys = server.keys();
    join_all((0..50).map(|_| keys.look_again())).await;
    assert_eq!(server.fetches(), 1);
    assert_eq!(keys.current().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_force_a_fetch_every_few_seconds_at_most() {
    let server = Server::new();
    let (keys, token) = (server.keys(), foreign());
    let verifier = verifier(&keys);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        assert_eq!(verifier.verify(&token).await.unwrap_err(), VerifyFault::Invalid, "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!((5..=11).contains(&server.fetches()), "{}", server.fetches());
    server.is_down.store(true, Ordering::SeqCst);
    let before = server.fetches();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        let _ = verifier.verify(&token).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!((5..=11).contains(&(server.fetches() - before)), "{}", server.fetches() - before);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_cannot_force_one_fetch_after_the_other() {
    let server = Server::new();
    let keys = server.keys();
    for _ in 0..100 {
        let _ = tokio::time::timeout(Duration::from_millis(10), keys.look_again()).await;
    }
    assert_eq!(server.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn during_an_outage_the_last_keys_stay_and_an_unknown_one_is_stale() {
    let server = Server::new();
    let keys = server.keys();
    let verifier = verifier(&keys);
    keys.look_again().await;
    server.is_down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(verifier.verify(&foreign()).await.unwrap_err(), VerifyFault::Stale);
    // What a known key did not sign rightly is refused for good.
    let forged = server.key.sign("JWT", &serde_json::json!({ "sub": "somebody" })).unwrap();
    assert_eq!(verifier.verify(&forged).await.unwrap_err(), VerifyFault::Invalid);
    assert_eq!(keys.current().len(), 1);
    server.is_down.store(false, Ordering::SeqCst);
    tokio::time::sleep(FORCED).await;
    assert_eq!(verifier.verify(&foreign()).await.unwrap_err(), VerifyFault::Invalid);
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_every_five_minutes_and_sooner_after_a_failure() {
    let server = Server::new();
    let keys = server.keys();
    server.is_down.store(true, Ordering::SeqCst);
    keys.keep_current(tokio::time::sleep(Duration::from_secs(20))).await;
    assert_eq!((server.fetches(), keys.current().len()), (2, 0));
    server.is_down.store(false, Ordering::SeqCst);
    keys.keep_current(tokio::time::sleep(Duration::from_secs(650))).await;
    assert_eq!((server.fetches(), keys.current().len()), (5, 1));
}
