use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use proptest::prelude::*;

use super::*;

/// Good enough to see a flipped bit, and nothing more.
fn tag(key_id: u8, body: &[u8]) -> [u8; TAG] {
    let mut tag = [0; TAG];
    for (index, part) in tag.chunks_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (key_id, index, body).hash(&mut hasher);
        part.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    tag
}

fn encode(token: &RefreshToken) -> Option<String> {
    token.encode(|body| (7, tag(7, body))).map(|text| text.expose().clone())
}

fn decode(text: &str) -> Option<RefreshToken> {
    RefreshToken::decode(text, |key_id, body, presented| key_id == 7 && tag(key_id, body) == presented)
}

fn doors() -> impl Strategy<Value = Door> {
    prop_oneof![Just(Door::AccessManager), Just(Door::OAuth), Just(Door::Token)]
}

fn tokens() -> impl Strategy<Value = RefreshToken> {
    let person = (any::<u128>(), any::<u32>(), doors()).prop_map(|(session, generation, door)| {
        RefreshToken::Person(PersonRefresh { session: Uuid::from_u128(session).into(), generation, door })
    });
    let machine = (any::<[u128; 4]>(), any::<[u32; 3]>(), any::<i64>(), "([!#-z]{1,9}( [!#-Z]{1,9}){0,4})?", doors());
    let machine = machine.prop_map(|(ids, epochs, expires_at, scopes, door)| {
        let [tenant, application, secret, session] = ids.map(Uuid::from_u128);
        let [tenant_epoch, application_epoch, subject_epoch] = epochs.map(Epoch);
        RefreshToken::Machine(MachineRefresh {
            tenant: tenant.into(),
            application: application.into(),
            secret: secret.into(),
            session: session.into(),
            scopes: Scopes::parse(&scopes.replace('\\', "-")).unwrap(),
            epochs: Epochs { tenant: tenant_epoch, application: application_epoch, subject: subject_epoch },
            expires_at: Timestamp::from_micros(expires_at),
            door,
        })
    });
    prop_oneof![person, machine]
}

fn of_person() -> RefreshToken {
    RefreshToken::Person(PersonRefresh { session: Uuid::from_u128(1).into(), generation: 1, door: Door::Token })
}

#[test]
fn a_persons_token_is_short() {
    assert_eq!(encode(&of_person()).unwrap().len(), 74);
}

#[test]
fn a_token_that_would_be_too_long_is_not_made_and_not_looked_at() {
    let names: Vec<String> = (0..64).map(|index| format!("{index:0>60}")).collect();
    let RefreshToken::Machine(token) = machine_with(&names.join(" ")) else { unreachable!() };
    assert_eq!(encode(&RefreshToken::Machine(token)), None);
    assert_eq!(RefreshToken::decode(&"A".repeat(LONGEST + 1), |_, _, _| unreachable!()), None);
}

#[test]
fn bytes_behind_the_end_and_unknown_kinds_are_refused_even_with_a_right_tag() {
    for body in [&[PERSON][..], &[PERSON; 22], &[PERSON; 23], &[0; 22], &[3; 22], &[MACHINE; 40], &[]] {
        let mut bytes = body.to_vec();
        bytes.push(7);
        bytes.extend(tag(7, body));
        let token = decode(&URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(token.is_some(), body == [PERSON; 22], "{body:?}");
    }
}

fn machine_with(scopes: &str) -> RefreshToken {
    RefreshToken::Machine(MachineRefresh {
        tenant: Uuid::nil().into(),
        application: Uuid::nil().into(),
        secret: Uuid::nil().into(),
        session: Uuid::nil().into(),
        scopes: Scopes::parse(scopes).unwrap(),
        epochs: Epochs::default(),
        expires_at: Timestamp::from_seconds(0),
        door: Door::Token,
    })
}

proptest! {
    #[test]
    fn a_token_is_read_as_it_was_written(token in tokens()) {
        prop_assert_eq!(decode(&encode(&token).unwrap()), Some(token));
    }

    #[test]
    fn any_single_flipped_bit_is_refused(token in tokens(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = URL_SAFE_NO_PAD.decode(encode(&token).unwrap()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(bytes)), None);
    }

    #[test]
    fn a_token_has_one_spelling(token in tokens(), at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_=+/-]") {
        let text = encode(&token).unwrap();
        let at = at.index(text.len());
        let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        prop_assert_eq!(decode(&changed).is_some(), changed == text);
        let longer = format!("{text}{other}");
        prop_assert_eq!(decode(&longer), None);
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".*") {
        prop_assert_eq!(decode(&text), None);
    }
}
