use domain::claim::ClaimFault;
use domain::id::{SecretId, UserId};
use domain::token::{AccessToken, Authentication, TokenSubject};
use domain::{Epoch, Issuers, Slug};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::TenantLifetimes;
use crate::party::{Tenant, User};

const NOW: Timestamp = Timestamp::from_micros(1_795_406_402_999_999);

fn issuers() -> Issuers {
    Issuers::parse("https://id.example.com", Slug::parse("lerian").unwrap()).unwrap()
}

fn application() -> Application {
    Application {
        id: Uuid::from_u128(2).into(),
        client_id: "client-2".to_owned(),
        tenant: Tenant {
            id: Uuid::from_u128(1).into(),
            slug: Slug::parse("lerian").unwrap(),
            epoch: Epoch(1),
            lifetimes: TenantLifetimes::default(),
            requests_per_second: None,
        },
        name: "midaz-1a2b".to_owned(),
        product: Some("midaz".to_owned()),
        epoch: Epoch(2),
        grants: Vec::new(),
        secrets: [(Uuid::from_u128(9).into(), None)].into(),
        is_default: false,
    }
}

fn user() -> User {
    User {
        id: Uuid::from_u128(3).into(),
        username: "ana".to_owned(),
        first_name: "Ana".to_owned(),
        last_name: "Souza".to_owned(),
        email: "ana@example.com".to_owned(),
        email_verified: true,
    }
}

fn proof() -> Authentication {
    Authentication { at: Timestamp::from_seconds(1_795_406_000), methods: vec!["pwd".to_owned()] }
}

fn issue<'a>(application: &'a Application, scopes: &'a Scopes) -> Issue<'a> {
    Issue {
        issuer: "https://id.example.com",
        application,
        scopes,
        session: Uuid::from_u128(4).into(),
        id: Uuid::from_u128(5).into(),
        issued_at: NOW,
        expires_at: NOW.plus(std::time::Duration::from_secs(3_600)),
    }
}

fn signed(claims: &impl Serialize) -> Map<String, Value> {
    serde_json::to_value(claims).unwrap().as_object().unwrap().clone()
}

#[test]
fn a_persons_access_token_has_the_names_of_the_wire_and_is_read_back() {
    let (application, scopes, user, proof) = (application(), Scopes::of(&["openid"]), user(), proof());
    let epochs = application.epochs_of(Epoch(7));
    let claims = signed(&AccessClaims::of_person(&issue(&application, &scopes), &user, epochs, &proof));
    let expected = json!({
        "iss": "https://id.example.com", "sub": "00000000-0000-0000-0000-000000000003", "aud": ["client-2"],
        "azp": "client-2", "client_id": "client-2", "app": "00000000-0000-0000-0000-000000000002",
        "iat": 1_795_406_402, "nbf": 1_795_406_402, "exp": 1_795_410_002,
        "jti": "00000000-0000-0000-0000-000000000005", "sid": "00000000-0000-0000-0000-000000000004",
        "ver": [1, 2, 7], "token_use": "access", "scope": "openid", "owner": "lerian", "type": "normal-user",
        "name": "ana", "displayName": "Ana Souza", "tenantId": "00000000-0000-0000-0000-000000000001",
        "amr": ["pwd"], "auth_time": 1_795_406_000,
    });
    assert_eq!(Value::Object(claims.clone()), expected);

    let token = AccessToken::parse(&claims, &issuers(), NOW).unwrap();
    assert_eq!(token.epochs, epochs);
    assert_eq!(token.subject, TokenSubject::User { id: user.id, authentication: proof });
}

#[test]
fn a_machines_access_token_names_its_secret_and_is_read_back() {
    let (application, scopes) = (application(), Scopes::default());
    let secret = SecretId::from(Uuid::from_u128(9));
    let issue = issue(&application, &scopes);
    let claims = signed(&AccessClaims::of_machine(&issue, application.own_epochs(), secret));
    assert_eq!(claims["type"], "application");
    assert_eq!((&claims["name"], &claims["displayName"]), (&json!("midaz-1a2b"), &json!("midaz")));
    assert_eq!((claims.get("amr"), claims.get("auth_time")), (None, None));

    let token = AccessToken::parse(&claims, &issuers(), NOW).unwrap();
    assert_eq!(token.subject, TokenSubject::Application { secret });
    assert_eq!(token.sub, "lerian/midaz-1a2b");
    assert_eq!(issue.expires_in_seconds(), 3_600);
}

#[test]
fn an_id_token_shows_what_its_scopes_ask_for_and_is_no_access_token() {
    let (application, user, proof) = (application(), user(), proof());
    let claims = |scopes: &[&str]| {
        let scopes = Scopes::of(scopes);
        signed(&IdClaims::new(&issue(&application, &scopes), &user, &proof, "hash"))
    };
    let bare = json!({
        "iss": "https://id.example.com", "sub": "00000000-0000-0000-0000-000000000003", "aud": ["client-2"],
        "azp": "client-2", "iat": 1_795_406_402, "exp": 1_795_410_002, "auth_time": 1_795_406_000,
        "sid": "00000000-0000-0000-0000-000000000004", "amr": ["pwd"], "token_use": "id", "at_hash": "hash",
    });
    assert_eq!(Value::Object(claims(&["openid"])), bare);
    let full = claims(&["openid", "profile", "email"]);
    assert_eq!((&full["preferred_username"], &full["name"]), (&json!("ana"), &json!("Ana Souza")));
    assert_eq!((&full["email"], &full["email_verified"]), (&json!("ana@example.com"), &json!(true)));
    assert_eq!(AccessToken::parse(&full, &issuers(), NOW), Err(ClaimFault::OtherUse));
}

#[test]
fn a_logout_is_hinted_at_by_either_token_even_after_its_time() {
    let (application, scopes, user, proof) = (application(), Scopes::default(), user(), proof());
    let issue = issue(&application, &scopes);
    let person = LogoutHint::Person {
        owner: Slug::parse("lerian").unwrap(),
        session: issue.session,
        user: UserId::from(Uuid::from_u128(3)),
    };
    let access = signed(&AccessClaims::of_person(&issue, &user, application.own_epochs(), &proof));
    let id = signed(&IdClaims::new(&issue, &user, &proof, "hash"));
    assert_eq!(LogoutHint::parse(&access, &issuers()), Ok(person.clone()));
    assert_eq!(LogoutHint::parse(&id, &issuers()), Ok(person));

    let machine = AccessClaims::of_machine(&issue, application.own_epochs(), SecretId::from(Uuid::from_u128(9)));
    let expected = LogoutHint::Machine {
        tenant: application.tenant.id,
        application: application.id,
        session: issue.session,
        issued_at: Timestamp::from_seconds(1_795_406_402),
    };
    assert_eq!(LogoutHint::parse(&signed(&machine), &issuers()), Ok(expected));
}

#[test]
fn a_token_of_another_kind_or_issuer_hints_at_nothing() {
    let (application, scopes, user, proof) = (application(), Scopes::default(), user(), proof());
    let mut id = signed(&IdClaims::new(&issue(&application, &scopes), &user, &proof, "hash"));
    id.insert("iss".to_owned(), json!("https://other.example.com"));
    assert_eq!(LogoutHint::parse(&id, &issuers()), Err(ClaimFault::Issuer));
    id.insert("token_use".to_owned(), json!("refresh"));
    assert_eq!(LogoutHint::parse(&id, &issuers()), Err(ClaimFault::OtherUse));
}
