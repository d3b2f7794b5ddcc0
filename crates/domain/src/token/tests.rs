use serde_json::json;

use super::*;

const NOW: i64 = 1_795_406_402;

fn issuers() -> Issuers {
    Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn of_person() -> Map<String, Value> {
    object(json!({
        "iss": "https://id.example.com", "sub": "0198c0de-0000-7000-8000-000000000001", "aud": ["console"],
        "azp": "console", "client_id": "console", "app": "0198c0de-0000-7000-8000-000000000002",
        "iat": NOW, "nbf": NOW, "exp": NOW + 3600, "jti": "0198c0de-0000-7000-8000-000000000003",
        "sid": "0198c0de-0000-7000-8000-000000000004", "ver": [1, 2, 3], "token_use": "access", "scope": "openid",
        "owner": "lerian", "type": "normal-user", "name": "ana", "displayName": "Ana Souza",
        "tenantId": "0198c0de-0000-7000-8000-000000000005", "amr": ["pwd"], "auth_time": NOW - 5,
    }))
}

fn of_application() -> Map<String, Value> {
    let mut claims = of_person();
    claims.remove("amr");
    claims.remove("auth_time");
    claims.extend(object(json!({
        "sub": "lerian/midaz-1a2b", "type": "application", "name": "midaz-1a2b", "displayName": "midaz",
        "secret_id": "0198c0de-0000-7000-8000-000000000006",
    })));
    claims
}

fn parse(claims: &Map<String, Value>) -> Result<AccessToken, ClaimFault> {
    AccessToken::parse(claims, &issuers(), Timestamp::from_seconds(NOW))
}

fn with(mut claims: Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    claims.insert(name.to_owned(), value);
    claims
}

#[test]
fn a_persons_token_says_who_and_how_they_proved_it() {
    let token = parse(&of_person()).unwrap();
    let id = UserId::parse("0198c0de-0000-7000-8000-000000000001").unwrap();
    assert_eq!(token.user(), Some(id));
    let authentication = Authentication { at: Timestamp::from_seconds(NOW - 5), methods: vec!["pwd".to_owned()] };
    assert_eq!(token.subject, TokenSubject::User { id, authentication });
    assert_eq!(token.epochs, Epochs { tenant: Epoch(1), application: Epoch(2), subject: Epoch(3) });
    assert!(token.scopes.contains("openid"));
}

#[test]
fn an_applications_token_names_the_secret_that_bought_it() {
    let token = parse(&of_application()).unwrap();
    let secret = SecretId::parse("0198c0de-0000-7000-8000-000000000006").unwrap();
    assert_eq!((token.user(), token.subject), (None, TokenSubject::Application { secret }));
    assert_eq!(token.sub, "lerian/midaz-1a2b");
}

#[test]
fn every_claim_is_needed() {
    for claims in [of_person(), of_application()] {
        for name in claims.keys() {
            let mut lacking = claims.clone();
            lacking.remove(name);
            assert!(matches!(parse(&lacking), Err(ClaimFault::Absent(absent)) if absent == name), "{name}");
        }
    }
}

#[test]
fn a_claim_of_another_type_is_refused() {
    for claims in [of_person(), of_application()] {
        for name in claims.keys() {
            for wrong in [json!(null), json!({}), json!(true), json!(1.5), json!([[]])] {
                let fault = parse(&with(claims.clone(), name, wrong.clone()));
                assert!(matches!(fault, Err(ClaimFault::Malformed(at)) if at == name), "{name} {wrong} {fault:?}");
            }
        }
    }
}

#[test]
fn only_an_access_token_is_one() {
    for other in ["id", "refresh", "logout", "ACCESS", ""] {
        assert_eq!(parse(&with(of_person(), "token_use", json!(other))), Err(ClaimFault::OtherUse), "{other}");
    }
}

#[test]
fn the_issuer_belongs_to_the_tenant() {
    for (owner, issuer) in [
        ("lerian", "https://id.example.com/t/acme"),
        ("acme", "https://id.example.com"),
        ("lerian", "https://id.example.com/"),
        ("lerian", "https://other.example.com"),
    ] {
        let claims = with(with(of_person(), "owner", json!(owner)), "iss", json!(issuer));
        assert_eq!(parse(&claims), Err(ClaimFault::Issuer), "{owner} {issuer}");
    }
    let acme = with(with(of_person(), "owner", json!("acme")), "iss", json!("https://id.example.com/t/acme"));
    assert!(parse(&acme).is_ok());
}

#[test]
fn the_audience_and_the_authorised_party_are_the_client() {
    assert_eq!(parse(&with(of_person(), "aud", json!(["other"]))), Err(ClaimFault::Audience));
    assert_eq!(parse(&with(of_person(), "azp", json!("other"))), Err(ClaimFault::Malformed("azp")));
    assert!(parse(&with(of_person(), "aud", json!(["other", "console"]))).is_ok());
}

#[test]
fn a_token_is_good_from_its_time_until_just_before_its_end() {
    let at = |seconds| AccessToken::parse(&of_person(), &issuers(), Timestamp::from_seconds(seconds)).map(|_| ());
    assert_eq!(at(NOW - 60), Ok(()));
    assert_eq!(at(NOW - 61), Err(ClaimFault::NotYetValid));
    assert_eq!(at(NOW + 3599), Ok(()));
    assert_eq!(at(NOW + 3600), Err(ClaimFault::Expired));
    assert_eq!(parse(&with(of_person(), "nbf", json!(NOW + 61))), Err(ClaimFault::NotYetValid));
    assert_eq!(parse(&with(of_person(), "exp", json!(NOW - 1))), Err(ClaimFault::Malformed("exp")));
    assert!(AccessToken::parse_at_any_time(&of_person(), &issuers()).is_ok());
}

#[test]
fn the_two_kinds_of_subject_do_not_mix() {
    let people = [("secret_id", json!("0198c0de-0000-7000-8000-000000000006")), ("sub", json!("lerian/ana"))];
    for (name, value) in people {
        assert!(parse(&with(of_person(), name, value)).is_err(), "{name}");
    }
    for sub in ["0198c0de-0000-7000-8000-000000000001", "acme/midaz-1a2b", "lerian/", "/midaz", "lerian", ""] {
        let fault = parse(&with(of_application(), "sub", json!(sub)));
        assert_eq!(fault, Err(ClaimFault::Malformed("sub")), "{sub}");
    }
}
