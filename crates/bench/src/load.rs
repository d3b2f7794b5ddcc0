//! The load: connections that are kept, each with one request under way, for as long as a row lasts.
//!
//! Requests are bytes made beforehand and answers are read as far as their length, so that the tool costs as little as
//! it can beside what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deployment::{Answer, Connection};
use tokio::task::JoinSet;

use crate::cpu;

/// Makes the next request of one connection out of the answer to the last; the first has none.
pub type Next = Box<dyn FnMut(Option<&Answer>) -> Vec<u8> + Send>;

/// What a row measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Requests that were answered as expected.
    pub done: u64,
    /// Requests that were answered otherwise, with the first such status.
    pub failed: Option<(u64, u16)>,
    /// How long it took.
    pub elapsed: Duration,
    /// Processor time of the measured processes.
    pub cpu: Duration,
    latencies_us: Vec<u32>,
}

impl Measured {
    /// Requests per second.
    pub fn per_second(&self) -> f64 {
        per(self.done, self.elapsed)
    }

    /// Requests per second of processor time.
    pub fn per_cpu_second(&self) -> f64 {
        per(self.done, self.cpu)
    }

    /// The time within which this share of the answers came, in milliseconds.
    pub fn within_ms(&self, share: f64) -> f64 {
        let Some(last) = self.latencies_us.len().checked_sub(1) else { return 0.0 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (share * last as f64).round() as usize;
        f64::from(self.latencies_us[index.min(last)]) / 1_000.0
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of one run are small")]
fn per(count: u64, span: Duration) -> f64 {
    if span.is_zero() { 0.0 } else { count as f64 / span.as_secs_f64() }
}

/// Keeps one connection for each `next` busy for so long, and measures the processes meanwhile.
pub async fn run(
    address: SocketAddr,
    connections: Vec<Next>,
    span: Duration,
    pids: &[u32],
) -> std::io::Result<Measured> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    let (before, began) = (cpu::used(pids), Instant::now());
    for next in connections {
        let stop = Arc::clone(&stop);
        running.spawn(async move { connection(address, next, &stop).await });
    }
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let mut measured =
        Measured { done: 0, failed: None, elapsed: Duration::ZERO, cpu: Duration::ZERO, latencies_us: Vec::new() };
    while let Some(ended) = running.join_next().await {
        let one = ended.map_err(std::io::Error::other)??;
        measured.done += one.done;
        measured.failed = match (measured.failed, one.failed) {
            (Some((count, status)), Some((more, _))) => Some((count + more, status)),
            (failed, other) => failed.or(other),
        };
        measured.latencies_us.extend(one.latencies_us);
    }
    measured.elapsed = began.elapsed();
    measured.cpu = cpu::used(pids).saturating_sub(before);
    measured.latencies_us.sort_unstable();
    Ok(measured)
}

#[derive(Default)]
struct One {
    done: u64,
    failed: Option<(u64, u16)>,
    latencies_us: Vec<u32>,
}

async fn connection(address: SocketAddr, mut next: Next, stop: &AtomicBool) -> std::io::Result<One> {
    let mut connection = Connection::open(address).await?;
    let (mut one, mut last) = (One::default(), None);
    while !stop.load(Ordering::Relaxed) {
        let request = next(last.as_ref());
        let began = Instant::now();
        let answer = connection.ask(&request).await?;
        if (200..300).contains(&answer.status) {
            one.done += 1;
            one.latencies_us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            let (count, status) = one.failed.unwrap_or((0, answer.status));
            one.failed = Some((count + 1, status));
        }
        last = Some(answer);
    }
    Ok(one)
}

/// So many connections that send these requests in turn, each beginning at another one.
pub fn in_turn(connections: usize, requests: &Arc<[Vec<u8>]>) -> Vec<Next> {
    (0..connections)
        .map(|connection| {
            let (requests, mut at) = (Arc::clone(requests), connection * requests.len() / connections);
            Box::new(move |_: Option<&Answer>| {
                at = (at + 1) % requests.len();
                requests[at].clone()
            }) as Next
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_answers_came_within_its_time() {
        let measured = Measured {
            done: 101,
            failed: None,
            elapsed: Duration::from_secs(1),
            cpu: Duration::from_millis(500),
            latencies_us: (0..=100).map(|ms| ms * 1_000).collect(),
        };
        assert!((measured.within_ms(0.99) - 99.0).abs() < f64::EPSILON);
        assert!((measured.per_cpu_second() - 202.0).abs() < f64::EPSILON);
    }
}
