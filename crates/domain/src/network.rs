//! Where callers come from: the part of an address that one subscriber has, and lists of networks.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::InvalidText;

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

/// A list of networks, such as `192.0.2.0/24`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The most networks of one list.
    pub const MOST: usize = 100;

    /// Reads networks; an address alone is the network of that address.
    ///
    /// # Errors
    /// Names the first that is none, or says that there are too many.
    pub fn parse<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidText> {
        let parsed: Vec<IpNet> = networks.into_iter().map(parse_network).collect::<Result<_, _>>()?;
        if parsed.len() > Self::MOST {
            return Err(InvalidText::new(format!("must hold at most {} networks", Self::MOST)));
        }
        Ok(Self(parsed))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is in one of them. An IPv4 address that is written as IPv6 (RFC 4291 §2.5.5.2) is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The networks as texts, each in its one spelling.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(ToString::to_string)
    }
}

fn parse_network(text: &str) -> Result<IpNet, InvalidText> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    // A mapped network would never contain an address, since addresses are compared as what they are.
    let network = network.filter(|network| !matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some()));
    network.map(|network| network.trunc()).ok_or_else(|| {
        InvalidText::new(format!("must hold networks such as 192.0.2.0/24, and not '{}'", text.escape_debug()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_the_addresses_of_its_networks() {
        let networks = Networks::parse(["192.0.2.7/24", "2001:db8::/32", "198.51.100.7"]).unwrap();
        for inside in ["192.0.2.200", "2001:db8:1::9", "198.51.100.7", "::ffff:192.0.2.1"] {
            assert!(networks.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["192.0.3.1", "2001:db9::1", "198.51.100.8"] {
            assert!(!networks.contains(outside.parse().unwrap()), "{outside}");
        }
        assert_eq!(networks.iter().next().unwrap(), "192.0.2.0/24");
        assert!(Networks::default().is_empty());
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["", "example.com", "192.0.2.0/33", "192.0.2", "::ffff:192.0.2.0/120"] {
            assert!(Networks::parse([wrong]).is_err(), "{wrong}");
        }
        assert!(Networks::parse(vec!["192.0.2.1"; Networks::MOST + 1]).is_err());
    }

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
