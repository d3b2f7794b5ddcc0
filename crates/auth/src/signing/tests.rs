use proptest::prelude::*;

use super::*;

const ALGORITHM: &str = "ES256";

/// A ring that takes steps as the store does, with the tokens it signed.
struct Ring {
    keys: Vec<Key>,
    spans: Spans,
    now: Timestamp,
    made: usize,
    /// The key and the expiry of each token.
    tokens: Vec<(String, Timestamp)>,
}

impl Ring {
    fn new(spans: Spans) -> Self {
        let now = Timestamp::from_seconds(1_000_000);
        let first = Key {
            kid: "key-0".to_owned(),
            algorithm: ALGORITHM.to_owned(),
            published_at: now,
            stage: Stage::Active { since: now },
        };
        Self { keys: vec![first], spans, now, made: 1, tokens: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Publish { algorithm, signs_at } => {
                let kid = format!("key-{}", self.made);
                self.made += 1;
                self.keys.push(Key { kid, algorithm, published_at: now, stage: Stage::Next { signs_at } });
            }
            Step::Hasten { kid, signs_at } => self.key(&kid).stage = Stage::Next { signs_at },
            Step::Activate { kid, replaced_until } => {
                let algorithm = self.key(&kid).algorithm.clone();
                for key in self.keys.iter_mut().filter(|key| key.algorithm == algorithm) {
                    if matches!(key.stage, Stage::Active { .. }) {
                        key.stage = Stage::Retiring { until: replaced_until };
                    }
                }
                self.key(&kid).stage = Stage::Active { since: now };
            }
            Step::Retire { kid, until } => self.key(&kid).stage = Stage::Retiring { until },
            Step::Remove { kid } => self.keys.retain(|key| key.kid != kid),
        }
    }

    fn key(&mut self, kid: &str) -> &mut Key {
        self.keys.iter_mut().find(|key| key.kid == kid).unwrap()
    }

    fn catch_up(&mut self) {
        while let Some(step) = due(&self.keys, ALGORITHM, &self.spans, self.now) {
            self.take(step);
        }
    }

    fn rotate(&mut self, in_a_hurry: bool) -> Result<Option<Step>, Refusal> {
        let step = rotate(&self.keys, ALGORITHM, &self.spans, self.now, in_a_hurry)?;
        if let Some(step) = step.clone() {
            self.take(step);
        }
        Ok(step)
    }

    fn sign(&mut self) -> String {
        let kid = signer(&self.keys, ALGORITHM).unwrap().kid.clone();
        self.tokens.push((kid.clone(), self.now.plus(self.spans.token)));
        kid
    }

    fn kids(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.kid.as_str()).collect()
    }

    #[track_caller]
    fn every_valid_token_has_its_key(&self) {
        for (kid, expires_at) in &self.tokens {
            assert!(self.now >= *expires_at || self.kids().contains(&kid.as_str()), "{kid} is gone too early");
        }
    }
}

fn spans(publish: u64, sign: u64, token: u64) -> Spans {
    let seconds = Duration::from_secs;
    Spans { publish: seconds(publish), sign: (sign > 0).then(|| seconds(sign)), token: seconds(token) }
}

#[test]
fn a_key_is_published_signs_verifies_and_goes() {
    let mut ring = Ring::new(spans(600, 1_000, 100));
    let begun = ring.now;
    let after = |seconds| begun.plus(Duration::from_secs(seconds));
    assert_eq!(due_at(&ring.keys, ALGORITHM, &ring.spans), Some(after(400)));
    ring.now = after(400);
    ring.catch_up();
    assert_eq!(ring.keys[1].stage, Stage::Next { signs_at: after(1_000) });
    assert_eq!(due_at(&ring.keys, ALGORITHM, &ring.spans), Some(after(1_000)));
    ring.now = after(999);
    ring.catch_up();
    assert_eq!(ring.sign(), "key-0");
    ring.now = after(1_000);
    ring.catch_up();
    assert_eq!(ring.sign(), "key-1");
    assert_eq!(ring.keys[0].stage, Stage::Retiring { until: after(1_105) });
    ring.now = after(1_104);
    ring.catch_up();
    assert_eq!(ring.kids(), ["key-0", "key-1"]);
    ring.now = after(1_105);
    ring.catch_up();
    assert_eq!(ring.kids(), ["key-1"]);
}

#[test]
fn without_a_schedule_nothing_happens_by_itself() {
    let mut ring = Ring::new(spans(600, 0, 100));
    ring.now = ring.now.plus(1_000 * DAY);
    assert_eq!(due(&ring.keys, ALGORITHM, &ring.spans, ring.now), None);
    assert_eq!(due_at(&ring.keys, ALGORITHM, &ring.spans), None);
}

#[test]
fn a_second_rotation_waits_for_the_key_of_the_first() {
    let mut ring = Ring::new(spans(600, 0, 100));
    assert!(matches!(ring.rotate(false), Ok(Some(Step::Publish { .. }))));
    assert_eq!(ring.rotate(false), Ok(None));
}

#[test]
fn a_hurry_brings_a_published_key_forward_and_then_makes_others() {
    let mut ring = Ring::new(spans(600, 0, 100));
    let begun = ring.now;
    ring.rotate(false).unwrap();
    ring.now = begun.plus(Duration::from_secs(1));
    let signs_at = begun.plus(HURRY);
    assert_eq!(ring.rotate(true), Ok(Some(Step::Hasten { kid: "key-1".to_owned(), signs_at })));
    assert!(matches!(ring.rotate(true), Ok(Some(Step::Publish { .. }))));
    ring.now = begun.plus(Duration::from_secs(3));
    ring.catch_up();
    assert_eq!(ring.sign(), "key-2");
}

#[test]
fn an_old_published_key_signs_at_once_in_a_hurry() {
    let mut ring = Ring::new(spans(600, 0, 100));
    ring.rotate(false).unwrap();
    ring.now = ring.now.plus(Duration::from_secs(60));
    ring.rotate(true).unwrap();
    ring.catch_up();
    assert_eq!(ring.sign(), "key-1");
}

#[test]
fn a_rotation_a_second_with_tokens_of_5_s_never_fills_the_ring() {
    let mut ring = Ring::new(spans(600, 0, 5));
    for _ in 0..100 {
        assert!(matches!(ring.rotate(true), Ok(Some(Step::Publish { .. }))));
        ring.sign();
        ring.now = ring.now.plus(Duration::from_secs(1));
        ring.catch_up();
        ring.every_valid_token_has_its_key();
    }
    assert_eq!(ring.made, 101);
}

#[test]
fn a_full_ring_says_when_there_is_room() {
    let mut ring = Ring::new(spans(600, 0, 3_600));
    let begun = ring.now;
    for _ in 1..MOST {
        ring.rotate(true).unwrap();
        ring.now = ring.now.plus(HURRY);
        ring.catch_up();
    }
    let free_at = begun.plus(HURRY + Duration::from_secs(3_605));
    assert_eq!(ring.rotate(true), Err(Refusal::Full(Some(free_at))));
    ring.now = free_at;
    ring.catch_up();
    assert!(ring.rotate(true).is_ok());
}

#[test]
fn only_a_compromised_key_goes_while_it_is_needed() {
    let mut ring = Ring::new(spans(600, 0, 100));
    let retire =
        |ring: &Ring, kid: &str, compromised| retire(&ring.keys, kid, ALGORITHM, &ring.spans, ring.now, compromised);
    let removed = |kid: &str| Ok(Step::Remove { kid: kid.to_owned() });
    assert_eq!(retire(&ring, "another", true), Err(Refusal::Unknown));
    assert_eq!(retire(&ring, "key-0", false), Err(Refusal::Signs));
    assert_eq!(retire(&ring, "key-0", true), removed("key-0"));
    ring.rotate(true).unwrap();
    assert_eq!(retire(&ring, "key-1", false), removed("key-1"));
    ring.now = ring.now.plus(HURRY);
    ring.catch_up();
    let until = ring.spans.gone_at(ring.now);
    assert_eq!(retire(&ring, "key-0", false), Err(Refusal::Needed(until)));
    assert_eq!(retire(&ring, "key-0", true), removed("key-0"));
    ring.now = until;
    assert_eq!(retire(&ring, "key-0", false), removed("key-0"));
}

#[test]
fn a_new_algorithm_is_published_before_it_takes_over() {
    let mut ring = Ring::new(spans(600, 1_000, 100));
    let step = due(&ring.keys, "EdDSA", &ring.spans, ring.now).unwrap();
    assert!(matches!(&step, Step::Publish { algorithm, .. } if algorithm == "EdDSA"));
    ring.take(step);
    assert_eq!(signer(&ring.keys, "EdDSA").unwrap().kid, "key-0");
    ring.now = ring.now.plus(ring.spans.publish);
    ring.take(due(&ring.keys, "EdDSA", &ring.spans, ring.now).unwrap());
    assert_eq!(signer(&ring.keys, "EdDSA").unwrap().kid, "key-1");
    // What signed before is retired by hand: another process may still sign with it.
    let until = ring.spans.gone_at(ring.now);
    let step = retire(&ring.keys, "key-0", "EdDSA", &ring.spans, ring.now, false);
    assert_eq!(step, Ok(Step::Retire { kid: "key-0".to_owned(), until }));
}

#[test]
fn spans_that_contradict_each_other_are_refused() {
    assert_eq!(Spans::default().check(), Ok(()));
    assert_eq!(spans(600, 0, 100).check(), Ok(()));
    assert!(spans(600, 700, 100).check().is_err());
}

/// What may happen, and how many seconds pass before it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Time,
    Rotate { in_a_hurry: bool },
    Retire(prop::sample::Index),
    Import,
}

fn event() -> impl Strategy<Value = (u64, Event)> {
    let event = prop_oneof![
        3 => Just(Event::Time),
        3 => any::<bool>().prop_map(|in_a_hurry| Event::Rotate { in_a_hurry }),
        1 => any::<prop::sample::Index>().prop_map(Event::Retire),
        1 => Just(Event::Import),
    ];
    (0..400_u64, event)
}

proptest! {
    #[test]
    fn no_valid_token_loses_its_key_and_no_key_signs_before_it_was_known(
        events in prop::collection::vec(event(), 0..120),
        sign in prop_oneof![Just(0_u64), 500..3_000_u64],
        token in 1..200_u64,
    ) {
        let mut ring = Ring::new(spans(300, sign, token));
        for (pause, event) in events {
            ring.now = ring.now.plus(Duration::from_secs(pause));
            ring.catch_up();
            match event {
                Event::Time => {}
                Event::Rotate { in_a_hurry } => drop(ring.rotate(in_a_hurry)),
                Event::Retire(index) => {
                    let kid = index.get(&ring.keys).kid.clone();
                    if let Ok(step) = retire(&ring.keys, &kid, ALGORITHM, &ring.spans, ring.now, false) {
                        ring.take(step);
                    }
                }
                Event::Import => {
                    if let Ok(step) = publish(&ring.keys, ALGORITHM, ring.now.plus(ring.spans.publish)) {
                        ring.take(step);
                    }
                }
            }
            ring.catch_up();
            ring.sign();
            ring.every_valid_token_has_its_key();
            let signer = signer(&ring.keys, ALGORITHM).unwrap();
            prop_assert!(signer.kid == "key-0" || ring.now >= signer.published_at.plus(HURRY));
            prop_assert!(ring.keys.len() <= MOST);
            let active = ring.keys.iter().filter(|key| matches!(key.stage, Stage::Active { .. }));
            prop_assert_eq!(active.count(), 1);
            prop_assert!(due(&ring.keys, ALGORITHM, &ring.spans, ring.now).is_none());
            let at = due_at(&ring.keys, ALGORITHM, &ring.spans);
            prop_assert!(at.is_none_or(|at| at > ring.now));
        }
    }
}
