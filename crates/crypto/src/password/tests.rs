use domain::OsEntropy;
use proptest::prelude::*;

use super::*;
use crate::keys::{DeploymentKeys, Purpose};

const ONE: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TWO: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
const GOOD: Verdict = Verdict { matches: true, stale: false };
const STALE: Verdict = Verdict { matches: true, stale: true };

fn passwords(file: &str, cost: u32) -> Passwords {
    Passwords::new(&DeploymentKeys::parse(file).unwrap().purpose(Purpose::PasswordPrehash), cost).unwrap()
}

fn hash(password: &str) -> String {
    passwords(ONE, 4).hash(password, &OsEntropy).unwrap()
}

fn verify(password: &str, stored: &str) -> Verdict {
    passwords(ONE, 4).verify(password, stored).unwrap()
}

#[test]
fn a_password_matches_its_own_hash_only() {
    let stored = hash("Lerian@123");
    assert!(stored.starts_with("b1$$2b$04$"));
    assert_eq!(verify("Lerian@123", &stored), GOOD);
    for other in ["lerian@123", "Lerian@1234", "Lerian@12", "", "Lerian@123\0"] {
        assert!(!verify(other, &stored).matches, "{other:?}");
    }
}

#[test]
fn the_same_password_hashed_twice_looks_different() {
    assert_ne!(hash("Lerian@123"), hash("Lerian@123"));
}

#[test]
fn up_to_72_bytes_bcrypt_gets_the_password_and_beyond_its_prehash() {
    assert!(hash(&"é".repeat(36)).starts_with("b1$$2b$04$"));
    assert!(hash(&"é".repeat(37)).starts_with("b2$1$$2b$04$"));
    assert!(hash("before\0after").starts_with("b2$1$$2b$04$"));
}

#[test]
fn nothing_of_a_long_password_is_cut() {
    let long = "x".repeat(100);
    let stored = hash(&long);
    assert_eq!(verify(&long, &stored), GOOD);
    assert!(!verify(&"x".repeat(99), &stored).matches);
    assert!(!verify(&"x".repeat(72), &stored).matches);
    assert!(!verify(&long, &hash(&"x".repeat(72))).matches);
}

#[test]
fn nothing_behind_a_nul_is_cut() {
    let stored = hash("before\0after");
    assert_eq!(verify("before\0after", &stored), GOOD);
    assert!(!verify("before\0other", &stored).matches);
    assert!(!verify("before", &stored).matches);
}

#[test]
fn a_hash_of_another_cost_matches_and_is_stale() {
    let stored = passwords(ONE, 5).hash("Lerian@123", &OsEntropy).unwrap();
    assert_eq!(verify("Lerian@123", &stored), STALE);
}

#[test]
fn an_imported_hash_matches_and_is_stale() {
    // From the test suite of crypt_blowfish.
    let imported = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for version in ["$2a$", "$2b$", "$2y$"] {
        assert_eq!(verify("U*U", &imported.replace("$2a$", version)), STALE);
        assert!(!verify("U*V", &imported.replace("$2a$", version)).matches);
    }
}

#[test]
fn an_imported_hash_keeps_the_cut_of_its_origin() {
    let imported = hash(&"x".repeat(72))["b1$".len()..].to_owned();
    assert_eq!(verify(&"x".repeat(100), &imported), STALE);
    assert!(!verify(&"x".repeat(71), &imported).matches);
}

#[test]
fn a_prehash_under_the_previous_key_matches_and_is_stale() {
    let long = "x".repeat(100);
    let stored = hash(&long);
    assert_eq!(passwords(&format!("{TWO}\n{ONE}"), 4).verify(&long, &stored).unwrap(), STALE);
    assert!(matches!(passwords(TWO, 4).verify(&long, &stored), Err(PasswordError::UnknownKey(1))));
}

#[test]
fn a_hash_without_prehash_needs_no_key() {
    assert_eq!(passwords(TWO, 4).verify("Lerian@123", &hash("Lerian@123")).unwrap(), GOOD);
}

#[test]
fn what_is_no_hash_is_corrupt() {
    let good = hash("Lerian@123");
    let corrupt = [
        String::new(),
        "Lerian@123".to_owned(),
        good.replace("b1$", "b3$"),
        good.replace("b1$", "b2$"),
        good.replace("b1$", "b2$256$"),
        good.replace("$2b$", "$2x$"),
        good.replace("$04$", "$03$"),
        good.replace("$04$", "$17$"),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        "$2b$04$".to_owned() + &"é".repeat(26) + "A",
    ];
    for stored in corrupt {
        assert!(
            matches!(passwords(ONE, 4).verify("Lerian@123", &stored), Err(PasswordError::Corrupt)),
            "{stored} must be corrupt"
        );
    }
}

#[test]
fn a_cost_out_of_range_is_refused() {
    let keys = DeploymentKeys::parse(ONE).unwrap().purpose(Purpose::PasswordPrehash);
    for cost in [0, 3, 17, 31] {
        assert!(matches!(Passwords::new(&keys, cost), Err(PasswordError::Cost(refused)) if refused == cost));
    }
    assert!(Passwords::new(&keys, 16).is_ok());
}

#[test]
fn a_user_who_is_not_there_takes_as_long_as_one_who_is() {
    // The time of bcrypt is its cost; the library takes it for every hash that it can read.
    for cost in [4, 5, 16] {
        let nobody = passwords(ONE, cost).nobody;
        assert_eq!(Stored::parse(&nobody).unwrap().cost, cost);
    }
    let passwords = passwords(ONE, 4);
    for password in ["", "Lerian@123", &"x".repeat(100)] {
        assert!(!bcrypt::verify(password, &passwords.nobody).unwrap());
        passwords.verify_nobody(password);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_hashed_matches(password in "[^x]{0,90}") {
        let stored = hash(&password);
        prop_assert_eq!(verify(&password, &stored), GOOD);
        let longer = password + "x";
        prop_assert!(!verify(&longer, &stored).matches);
    }
}
