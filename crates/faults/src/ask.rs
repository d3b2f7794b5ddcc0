//! One request on a connection of its own, within a bound, and the count of what came back.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use deployment::{Answer, Connection};
use serde_json::Value;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// Nobody listened.
    Refused,
    /// The connection ended before the answer did; whether the request was carried out is not known.
    Cut,
    /// Nothing came within the bound.
    Silent,
}

/// A reply, and how long it took.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What became of the request.
    pub reply: Reply,
    /// How long it took.
    pub took: Duration,
}

impl Seen {
    /// The status; 0 where there is no answer.
    pub fn status(&self) -> u16 {
        match &self.reply {
            Reply::Answer(answer) => answer.status,
            Reply::Refused | Reply::Cut | Reply::Silent => 0,
        }
    }

    /// The JSON of an answer.
    pub fn json(&self) -> Value {
        match &self.reply {
            Reply::Answer(answer) => serde_json::from_slice(&answer.body).unwrap_or_default(),
            Reply::Refused | Reply::Cut | Reply::Silent => Value::Null,
        }
    }

    /// Whether it succeeded.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// Whether it was refused for good: the caller is told no.
    pub fn is_no(&self) -> bool {
        (400..429).contains(&self.status())
    }
}

/// Asks once; waits for at most `limit`.
pub async fn ask(address: SocketAddr, request: &[u8], limit: Duration) -> Seen {
    let began = Instant::now();
    let asked = async {
        let Ok(mut connection) = Connection::open(address).await else { return Reply::Refused };
        connection.ask(request).await.map_or(Reply::Cut, Reply::Answer)
    };
    let reply = tokio::time::timeout(limit, asked).await.unwrap_or(Reply::Silent);
    Seen { reply, took: began.elapsed() }
}

/// Asks again and again until there is an answer other than a 503; the last reply when there is none in `limit`.
pub async fn settle(address: SocketAddr, request: &[u8], limit: Duration) -> Seen {
    let deadline = Instant::now() + limit;
    loop {
        let seen = ask(address, request, limit).await;
        if !matches!(seen.status(), 0 | 503) || Instant::now() >= deadline {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What came back to many requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// 2xx.
    pub done: u64,
    /// 503 with a code of the catalogue, by code.
    pub unavailable: BTreeMap<String, u64>,
    /// Connections that nobody took.
    pub refused: u64,
    /// Connections that ended early.
    pub cut: u64,
    /// Requests without an answer in their bound.
    pub silent: u64,
    /// Every other answer, as status and code.
    pub other: BTreeMap<String, u64>,
    /// The longest that an answer took.
    pub slowest: Duration,
}

impl Tally {
    /// Counts one reply.
    pub fn note(&mut self, seen: &Seen) {
        match &seen.reply {
            Reply::Refused => self.refused += 1,
            Reply::Cut => self.cut += 1,
            Reply::Silent => self.silent += 1,
            Reply::Answer(answer) => {
                self.slowest = self.slowest.max(seen.took);
                let json = seen.json();
                match (answer.status, json["code"].as_str()) {
                    (200..300, _) => self.done += 1,
                    (503, Some(code)) => *self.unavailable.entry(code.to_owned()).or_default() += 1,
                    (status, code) => {
                        *self.other.entry(format!("{status} {}", code.unwrap_or("without a code"))).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.cut += other.cut;
        self.silent += other.silent;
        self.slowest = self.slowest.max(other.slowest);
        for (code, count) in &other.unavailable {
            *self.unavailable.entry(code.clone()).or_default() += count;
        }
        for (answer, count) in &other.other {
            *self.other.entry(answer.clone()).or_default() += count;
        }
    }

    /// Whether every answer was a success or a 503 with its code, in its bound.
    pub fn is_orderly(&self) -> bool {
        self.silent == 0 && self.other.is_empty()
    }

    /// Whether everything succeeded.
    pub fn is_all_done(&self) -> bool {
        self.is_orderly() && self.unavailable.is_empty() && self.refused == 0 && self.cut == 0 && self.done > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} done", self.done)?;
        for (code, count) in &self.unavailable {
            write!(formatter, ", {count} × 503 {code}")?;
        }
        for (answer, count) in &self.other {
            write!(formatter, ", {count} × {answer}")?;
        }
        for (count, what) in [(self.refused, "not connected"), (self.cut, "cut off"), (self.silent, "WITHOUT ANSWER")] {
            if count > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        write!(formatter, "; slowest {:.1} s", self.slowest.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Seen {
        let answer = Answer { status, body: body.as_bytes().to_vec() };
        Seen { reply: Reply::Answer(answer), took: Duration::from_millis(100) }
    }

    #[test]
    fn a_503_is_orderly_with_its_code_only() {
        let mut tally = Tally::default();
        tally.note(&answer(200, "{}"));
        tally.note(&answer(503, r#"{"code":"AUT-0016"}"#));
        assert!(tally.is_orderly() && !tally.is_all_done());
        assert_eq!(tally.to_string(), "1 done, 1 × 503 AUT-0016; slowest 0.1 s");
        tally.note(&answer(503, "busy"));
        assert!(!tally.is_orderly());
        assert!(tally.to_string().contains("1 × 503 without a code"));
    }

    #[test]
    fn silence_is_not_orderly() {
        let mut tally = Tally::default();
        tally.note(&Seen { reply: Reply::Silent, took: Duration::from_secs(9) });
        assert!(!tally.is_orderly());
    }
}
