use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn source(network: u32, tenant: &str) -> Source {
    Source { network: Network::of(IpAddr::V4(Ipv4Addr::from_bits(network))), tenant: tenant.to_owned() }
}

/// How many have their turn before `who`, of those who wait.
fn before(turns: &mut Turns<&'static str>, who: &str) -> usize {
    std::iter::from_fn(|| turns.take_next()).position(|next| next == who).unwrap()
}

#[test]
fn without_a_crowd_it_is_first_come_first_served() {
    let mut turns = Turns::new(16);
    for number in 0..10 {
        assert_eq!(turns.enter(&source(number, "lerian"), number), None);
    }
    let order: Vec<u32> = std::iter::from_fn(|| turns.take_next()).collect();
    assert_eq!(order, (0..10).collect::<Vec<_>>());
}

#[test]
fn a_flood_from_one_network_stands_behind_the_others_of_its_tenant() {
    let mut turns = Turns::new(16);
    for _ in 0..100 {
        turns.enter(&source(1, "lerian"), "flood");
    }
    assert_eq!(turns.enter(&source(2, "lerian"), "ana"), Some("flood"));
    assert!(before(&mut turns, "ana") <= 3);
}

#[test]
fn a_flood_from_one_network_gains_nothing_by_naming_many_tenants() {
    let mut turns = Turns::new(16);
    for number in 0..100 {
        turns.enter(&source(1, &format!("tenant-{number}")), "flood");
    }
    assert_eq!(turns.enter(&source(2, "lerian"), "ana"), Some("flood"));
    assert!(before(&mut turns, "ana") <= 1);
}

#[test]
fn a_flood_from_many_networks_upon_one_tenant_stands_behind_every_other() {
    let mut turns = Turns::new(16);
    for number in 0..100 {
        turns.enter(&source(number, "flooded"), "flood");
    }
    assert_eq!(turns.enter(&source(1_000, "lerian"), "ana"), Some("flood"));
    assert!(before(&mut turns, "ana") <= 1);
}

#[test]
fn who_comes_again_and_again_does_not_keep_the_others_waiting() {
    let mut turns = Turns::new(16);
    for _ in 0..10 {
        turns.enter(&source(1, "crowd"), "crowd");
    }
    turns.enter(&source(1, "crowd"), "last of the crowd");
    for turn in 0..200 {
        // Somebody else each time, of whom nobody has heard.
        turns.enter(&source(100 + turn, &format!("tenant-{turn}")), "loop");
        if turns.take_next() == Some("last of the crowd") {
            return;
        }
    }
    panic!("the crowd never had its turn");
}

proptest! {
    /// Whoever floods, and however: what is remembered is bounded, and a stranger to the flood is let in and served soon.
    #[test]
    fn nobody_is_starved_by_others(
        steps in prop::collection::vec((0_u32..6, 0_u8..3, any::<bool>()), 0..300),
    ) {
        let mut turns = Turns::new(16);
        for (network, tenant, serves) in steps {
            turns.enter(&source(network, &format!("tenant-{tenant}")), "flood");
            if serves {
                turns.take_next();
            }
            prop_assert!(turns.waiting.len() <= 16);
            prop_assert!(turns.networks.len() <= 6 && turns.tenants.len() <= 3);
        }
        prop_assert_ne!(turns.enter(&source(1_000, "lerian"), "ana"), Some("ana"));
        prop_assert!(before(&mut turns, "ana") <= 8, "ana waited for too many");
    }
}
