//! How many connections one network may hold, so that no one of them takes all.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use domain::Network;
use ipnet::IpNet;
use rustix::net::{Shutdown, shutdown};

/// The open connections of each network.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    most: usize,
    trusted_proxies: Vec<IpNet>,
    open: Arc<Mutex<HashMap<Network, usize>>>,
}

/// One connection, counted until it is dropped.
struct Open {
    network: Network,
    connections: Connections,
}

impl Connections {
    /// At most this many for each network; a trusted proxy brings those of others, and is not counted.
    pub(super) fn new(most: usize, trusted_proxies: &[IpNet]) -> Self {
        Self { most, trusted_proxies: trusted_proxies.to_vec(), open: Arc::default() }
    }

    /// Counts a new connection, and ends it at once when it is one too many.
    pub(super) fn opened(&self, connection: &dyn Any, extensions: &mut Extensions) {
        let over_tls = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
        let Some(stream) = connection.downcast_ref::<TcpStream>().or_else(over_tls) else { return };
        let Ok(peer) = stream.peer_addr() else { return };
        let Some(open) = self.count(peer.ip()) else {
            // One that is gone already needs no end.
            let _ = shutdown(stream, Shutdown::Both);
            return;
        };
        extensions.insert(open);
    }

    fn count(&self, peer: IpAddr) -> Option<Open> {
        let network = Network::of(peer);
        let is_proxy = self.trusted_proxies.iter().any(|trusted| trusted.contains(&peer));
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        if *count >= self.most && !is_proxy {
            return None;
        }
        *count += 1;
        Some(Open { network, connections: self.clone() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counts = self.connections.counts();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_holds_its_share_gets_no_more_until_it_lets_go() {
        let connections = Connections::new(2, &["198.51.100.0/24".parse().unwrap()]);
        let count = |address: &str| connections.count(address.parse().unwrap());
        let held = [count("192.0.2.1"), count("192.0.2.1")];
        assert!(held.iter().all(Option::is_some) && count("192.0.2.1").is_none());
        assert!(count("192.0.2.2").is_some());
        let behind_a_proxy: Vec<_> = (0..5).map(|_| count("198.51.100.1")).collect();
        assert!(behind_a_proxy.iter().all(Option::is_some));
        drop(held);
        assert!(count("192.0.2.1").is_some());
        drop(behind_a_proxy);
        assert!(connections.counts().is_empty());
    }
}
