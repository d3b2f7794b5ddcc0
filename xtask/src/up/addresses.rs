//! The six listeners of a pair.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::failure::{Failure, Result};

/// Where both services listen, always on loopback.
pub(crate) struct Addresses {
    pub(crate) auth: Listeners,
    pub(crate) identity: Listeners,
}

/// The three listeners of one service.
pub(crate) struct Listeners {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) operations: SocketAddr,
}

impl Listeners {
    fn on(http: u16, grpc: u16, operations: u16) -> Self {
        let [http, grpc, operations] =
            [http, grpc, operations].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self { http, grpc, operations }
    }
}

impl Addresses {
    /// The usual ports, or those counted from a base of at most 65514.
    pub(crate) fn choose(base: Option<u16>) -> Self {
        match base {
            None => Self { auth: Listeners::on(4000, 4010, 9400), identity: Listeners::on(4001, 4011, 9401) },
            Some(base) => Self {
                auth: Listeners::on(base, base + 10, base + 20),
                identity: Listeners::on(base + 1, base + 11, base + 21),
            },
        }
    }

    /// Refuses a start that could only fail after the build.
    pub(crate) fn require_free(&self) -> Result<()> {
        let listeners = [
            ("auth HTTP", self.auth.http),
            ("identity HTTP", self.identity.http),
            ("auth gRPC", self.auth.grpc),
            ("identity gRPC", self.identity.grpc),
            ("auth operations", self.auth.operations),
            ("identity operations", self.identity.operations),
        ];
        for (duty, address) in listeners {
            let port = address.port();
            if let Err(cause) = TcpListener::bind(address) {
                let state = if cause.kind() == ErrorKind::AddrInUse {
                    "is taken".to_owned()
                } else {
                    format!("cannot be used ({cause})")
                };
                return Err(Failure::new(format!(
                    "port {port} ({duty}) {state}; choose other ports with --port-base N"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_moves_all_six_listeners() {
        let addresses = Addresses::choose(Some(7000));
        let ports = [&addresses.auth, &addresses.identity]
            .map(|service| [service.http, service.grpc, service.operations].map(|address| address.port()));
        assert_eq!(ports, [[7000, 7010, 7020], [7001, 7011, 7021]]);
    }

    #[test]
    fn a_taken_port_is_named_with_the_option_that_mends_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut addresses = Addresses::choose(None);
        addresses.auth.http = taken.local_addr().unwrap();
        let sentence = addresses.require_free().unwrap_err().to_string();
        assert_eq!(sentence, format!("port {port} (auth HTTP) is taken; choose other ports with --port-base N"));
    }
}
