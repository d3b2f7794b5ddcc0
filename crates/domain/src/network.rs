//! Where callers come from: the part of an address that one subscriber has.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// One network: an IPv4 address, or the first 64 bits of an IPv6 address, within which a subscriber chooses freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// Nobody's network; an address that is not known counts as this one.
    pub const UNKNOWN: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    /// The network that an address belongs to. An IPv4 address that is written as IPv6 (RFC 4291 §2.5.5.2) is IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
        }
    }

    /// Reads the address of a caller.
    pub fn parse(address: &str) -> Self {
        address.parse().map_or(Self::UNKNOWN, Self::of)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_network() {
        let same = |a: &str, b: &str| Network::parse(a) == Network::parse(b);
        assert!(same("192.0.2.7", "192.0.2.7") && !same("192.0.2.7", "192.0.2.8"));
        assert!(same("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9"));
        assert!(!same("2001:db8:1:2::9", "2001:db8:1:3::9"));
        assert!(same("::ffff:192.0.2.7", "192.0.2.7"));
        assert!(same("", "nonsense"));
        assert_eq!(Network::parse("2001:db8:1:2:3::9").to_string(), "2001:db8:1:2::/64");
    }
}
