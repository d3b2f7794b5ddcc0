//! Ports for services that must be found again at the same place.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems hand out by themselves, so that nobody takes one while its service is being restarted.
const FIRST: u16 = 15_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on, given to no other test of this process.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests that run at the same time have numbers near each other.
    let offset = u16::try_from(std::process::id() % 500).unwrap() * (COUNT / 500);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (offset + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
