use std::num::NonZeroU8;

use domain::OsEntropy;

use super::*;

const ONE: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TWO: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
const THREE: &str = "3:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

fn refusal(text: &str) -> KeyFileError {
    DeploymentKeys::parse(text).unwrap_err()
}

#[test]
fn the_first_key_is_current_and_the_second_stays_alive() {
    let keys = DeploymentKeys::parse(&format!("# rotation\r\n\r\n  {TWO}\r\n# the old one\n{ONE}\n\n")).unwrap();
    assert_eq!(keys.ring.current_id(), 2);
    assert_eq!(keys.ring.current().expose(), &[1; 32]);
    assert_eq!(keys.ring.find(1).unwrap().expose(), &[0; 32]);
    assert!(keys.ring.find(3).is_none());
}

#[test]
fn a_file_without_a_key_is_refused() {
    assert_eq!(refusal(""), KeyFileError::NoKey);
    assert_eq!(refusal("# only a comment\n\n"), KeyFileError::NoKey);
}

#[test]
fn a_third_key_is_refused() {
    assert_eq!(refusal(&format!("{ONE}\n{TWO}\n{THREE}")), KeyFileError::TooMany(3));
}

#[test]
fn a_repeated_number_or_key_is_refused() {
    assert_eq!(refusal(&format!("{ONE}\n{ONE}")), KeyFileError::Duplicate(2));
    assert_eq!(refusal(&format!("{ONE}\n{}", TWO.replace("2:", "1:"))), KeyFileError::Duplicate(2));
    assert_eq!(refusal(&format!("{ONE}\n\n{}", ONE.replace("1:", "2:"))), KeyFileError::Duplicate(3));
}

#[test]
fn a_number_must_be_written_as_1_to_255() {
    for id in ["", "0", "00", "01", "256", "-1", "+1", "1 ", "one"] {
        assert_eq!(refusal(&format!("#\n{id}:{}", "A".repeat(43))), KeyFileError::Id(2));
    }
    assert!(DeploymentKeys::parse(&format!("255:{}", "A".repeat(43))).is_ok());
}

#[test]
fn a_key_must_be_32_bytes_of_canonical_base64url() {
    let wrong = [
        "A".repeat(42),
        "A".repeat(44),
        format!("{}=", "A".repeat(43)),
        format!("{}B", "A".repeat(42)),
        format!("{}+", "A".repeat(42)),
        format!(" {}", "A".repeat(43)),
        String::new(),
    ];
    for key in wrong {
        assert_eq!(refusal(&format!("1:{key}")), KeyFileError::Key(1));
    }
    assert_eq!(refusal("1"), KeyFileError::Line(1));
}

#[test]
fn a_refusal_names_the_line_and_never_the_key() {
    let text = format!("{ONE}\n2:{}", "secretsecret");
    assert_eq!(
        refusal(&text).to_string(),
        "the key in line 2 of the key file must be 32 bytes as base64url without padding (43 characters)"
    );
}

#[test]
fn a_generated_file_parses_and_is_new_each_time() {
    let id = NonZeroU8::new(7).unwrap();
    let one = DeploymentKeys::generate(id, &OsEntropy);
    let keys = DeploymentKeys::parse(one.expose()).unwrap();
    assert_eq!(keys.ring.current_id(), 7);
    assert_ne!(DeploymentKeys::generate(id, &OsEntropy).expose(), one.expose());
}

#[test]
fn purposes_and_deployment_keys_lead_to_different_keys() {
    let purposes = [Purpose::RefreshToken, Purpose::SealedRow, Purpose::PasswordPrehash, Purpose::LoginThrottle];
    let mut seen = Vec::new();
    for file in [ONE, TWO] {
        let keys = DeploymentKeys::parse(file).unwrap();
        for purpose in purposes {
            seen.push(*keys.purpose(purpose).ring().current().expose());
            assert_eq!(keys.purpose(purpose).ring().current_id(), keys.ring.current_id());
        }
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn derived_keys_never_change() {
    // HKDF-SHA-256 of 32 zero bytes without salt, computed with an independent implementation. If one of these fails,
    // everything that was made with the key is lost.
    let expected = [
        (Purpose::RefreshToken, "cb8cfa9297ff1757df39a61110e2bc35bfc3422659d080c1ea8ea7d7a50c77ef"),
        (Purpose::SealedRow, "2002bfc04b6623c497e67cbce345797f8d37709f2022b34bdb518985529b33c7"),
        (Purpose::PasswordPrehash, "7b450f4c1d6882c3c6b71dc9a6f2226d6338f599b9d064ea05d3fb777717fb2d"),
        (Purpose::LoginThrottle, "c122c41611e6dbdac39f123f2ff62c32bf584606499613f889b26e186f49029e"),
    ];
    let keys = DeploymentKeys::parse(ONE).unwrap();
    for (purpose, key) in expected {
        let hex: String = keys.purpose(purpose).ring().current().expose().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, key, "{purpose:?}");
    }
}

#[test]
fn debug_shows_numbers_and_no_key() {
    let keys = DeploymentKeys::parse(&format!("{TWO}\n{ONE}")).unwrap();
    assert_eq!(format!("{keys:?}"), "DeploymentKeys { ring: Ring { current: 2, previous: Some(1) } }");
    let keys = keys.purpose(Purpose::SealedRow);
    assert_eq!(format!("{keys:?}"), "PurposeKeys { ring: Ring { current: 2, previous: Some(1) } }");
}
