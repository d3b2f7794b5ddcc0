use domain::id::{SecretId, SessionId, TenantId, TokenId};
use domain::permission::Permission;
use domain::scope::Scopes;
use domain::token::{Authentication, TokenSubject};
use domain::{Epochs, Slug, Timestamp};

use super::*;

const USER: u128 = 0x0198_c0de_0000_7000_8000_0000_0000_0001;
const APPLICATION: u128 = 0x0198_c0de_0000_7000_8000_0000_0000_0002;

fn token(name: &str, sub: String, subject: TokenSubject) -> AccessToken {
    AccessToken {
        id: TokenId::from(Uuid::nil()),
        tenant: TenantId::from(Uuid::nil()),
        owner: Slug::parse("acme").unwrap(),
        sub,
        subject,
        name: name.to_owned(),
        display_name: name.to_owned(),
        application: Uuid::from_u128(APPLICATION).into(),
        client_id: "client".to_owned(),
        scopes: Scopes::default(),
        session: SessionId::from(Uuid::nil()),
        epochs: Epochs::default(),
        issued_at: Timestamp::from_seconds(0),
        expires_at: Timestamp::from_seconds(3_600),
    }
}

fn of_person() -> AccessToken {
    let id = UserId::from(Uuid::from_u128(USER));
    let authentication = Authentication { at: Timestamp::from_seconds(0), methods: vec!["pwd".to_owned()] };
    token("Ana", id.to_string(), TokenSubject::User { id, authentication })
}

fn of_application(name: &str) -> AccessToken {
    let secret = SecretId::from(Uuid::nil());
    token(name, format!("acme/{name}"), TokenSubject::Application { secret })
}

fn another(name: &str) -> Asked {
    Asked::Another(Other::Name(name.to_owned()))
}

#[test]
fn a_person_asks_about_themselves_by_id_by_name_or_without_a_word() {
    let token = of_person();
    let asker = Asker { token: &token, product: None };
    let id = Uuid::from_u128(USER).to_string();
    for own in [None, Some(""), Some("ana"), Some("ANA"), Some("acme/Ana"), Some(&*id), Some(&*format!("lerian/{id}"))]
    {
        assert_eq!(asker.asks_about(own), Asked::Own, "{own:?}");
    }
    assert_eq!(asker.asks_about(Some("acme/bob")), another("bob"));
    assert_eq!(asker.asks_about(Some("bob")), another("bob"));
    let stranger = Uuid::from_u128(9);
    assert_eq!(asker.asks_about(Some(&format!("acme/{stranger}"))), Asked::Another(Other::Id(stranger)));
}

#[test]
fn the_application_a_person_logged_in_through_is_somebody_else() {
    let token = of_person();
    let asker = Asker { token: &token, product: None };
    assert_eq!(asker.asks_about(Some("admin/midaz-editor-role")), another("midaz-editor-role"));
    let application = Uuid::from_u128(APPLICATION);
    assert_eq!(asker.asks_about(Some(&application.to_string())), Asked::Another(Other::Id(application)));
}

#[test]
fn an_application_asks_about_itself_by_its_own_names() {
    let token = of_application("midaz-1a2b");
    let asker = Asker { token: &token, product: Some("midaz") };
    let id = Uuid::from_u128(APPLICATION).to_string();
    for own in [None, Some("acme/midaz-1a2b"), Some("midaz-1a2b"), Some(&*id), Some(&*format!("acme/{id}"))] {
        assert_eq!(asker.asks_about(own), Asked::Own, "{own:?}");
    }
    assert_eq!(asker.asks_about(Some("MIDAZ-1a2b")), another("MIDAZ-1a2b"));
}

#[test]
fn a_role_is_the_calling_application_and_only_of_its_own_product() {
    let token = of_application("fees-editor-role");
    let asker = Asker { token: &token, product: Some("midaz") };
    for own in ["admin/midaz-editor-role", "acme/midaz-editor-role", "lerian/midaz-editor-role"] {
        assert_eq!(asker.asks_about(Some(own)), Asked::Own, "{own}");
    }
    // Even where the application is called like that role.
    for other in ["admin/fees-editor-role", "acme/fees-editor-role", "admin/Midaz-editor-role", "admin/-editor-role"] {
        assert_eq!(asker.asks_about(Some(other)), Asked::OtherRole, "{other}");
    }
    for no_role in ["admin/midaz-viewer-role", "midaz-editor-role"] {
        assert!(matches!(asker.asks_about(Some(no_role)), Asked::Another(_)), "{no_role}");
    }
    let without_product = Asker { token: &token, product: None };
    assert_eq!(without_product.asks_about(Some("admin/midaz-editor-role")), Asked::OtherRole);
}

#[test]
fn a_product_with_two_names_is_one() {
    let token = of_application("templates-1a2b");
    for own in ["plugin-smart-template", "plugin-smart-templates"] {
        let asker = Asker { token: &token, product: Some(own) };
        for asked in ["admin/plugin-smart-template-editor-role", "admin/plugin-smart-templates-editor-role"] {
            assert_eq!(asker.asks_about(Some(asked)), Asked::Own, "{own} {asked}");
        }
    }
}

#[test]
fn the_answer_says_why() {
    let held = PermissionSet::new([Permission::new("midaz", "*", "get")], None);
    let question = Question { product: None, resource: "ledgers", action: "get" };
    let Answer::Authorized(grant) = question.answer(&held) else { panic!("it is allowed") };
    assert_eq!((grant.product, grant.resource, grant.action), ("midaz", "*", "get"));
    for denied in [Question { action: "post", ..question }, Question { product: Some("routing"), ..question }] {
        assert_eq!(denied.answer(&held), Answer::Denied(Denial::Permission));
    }
}

#[test]
fn a_tenant_admits_who_comes_from_its_networks_and_its_platform() {
    let internal = Networks::parse(["10.0.0.0/8"]).unwrap();
    let offices = Networks::parse(["192.0.2.0/24"]).unwrap();
    let everywhere = Networks::default();
    for (told, asking, is_admitted) in [
        (Some("192.0.2.9"), "198.51.100.1", true),
        (Some("::ffff:192.0.2.9"), "198.51.100.1", true),
        (Some("192.0.3.9"), "10.0.0.1", false),
        (Some("192.0.2.9, 192.0.2.8"), "10.0.0.1", false),
        (Some("office"), "10.0.0.1", false),
        (None, "10.0.0.1", true),
        (Some(""), "10.0.0.1", true),
        (None, "198.51.100.1", false),
        (None, "", false),
    ] {
        let address = ClientAddress::read(told, asking, &internal);
        assert_eq!(address.is_admitted_by(&offices), is_admitted, "{told:?} {asking}");
        assert!(address.is_admitted_by(&everywhere));
    }
}
