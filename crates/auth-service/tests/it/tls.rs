//! Both services over HTTPS and mutual TLS: the whole way, every wrong certificate, and files that change meanwhile.

use std::time::Duration;

use pair::Pair;
use serde_json::json;
use testkit::{Api, Authority, Issued, replace};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use crate::grpc::{ask, methods};

pair::on_both_engines! {
    over_tls;
    a_person_and_an_application_go_the_whole_way,
    no_method_answers_a_certificate_it_does_not_list,
    files_that_change_count_without_a_restart,
    who_is_silent_holds_up_nobody,
}

pair::on_both_engines! {
    strict_transport_is_not_told_in_the_clear,
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The connection was refused.
    Door,
    /// The service answered.
    Answer(Code),
}

/// Calls a method under an own certificate, or none, believing one authority.
async fn call(address: &str, path: &str, believed: &Authority, shown: Option<&Issued>) -> Outcome {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(believed.pem()));
    if let Some(issued) = shown {
        tls = tls.identity(Identity::from_pem(&issued.certificate, &issued.key));
    }
    let endpoint = Channel::from_shared(address.to_owned()).unwrap().tls_config(tls).unwrap();
    let Ok(channel) = endpoint.connect().await else { return Outcome::Door };
    match ask(channel, path, None).await {
        Ok(()) => Outcome::Answer(Code::Ok),
        // A status with a cause was made here, of a connection that failed.
        Err(status) if std::error::Error::source(&status).is_some() => Outcome::Door,
        Err(status) => Outcome::Answer(status.code()),
    }
}

async fn a_person_and_an_application_go_the_whole_way(pair: &Pair) {
    let administrator = pair.administrator().await;
    let application = pair.application("midaz").await;
    let machine = pair.application_token(&application).await;
    let question = json!({ "resource": "ledgers", "action": "post" });
    let answer = pair.auth.post("/v1/authorize").bearer(&machine).json(&question).send().await.expect(200);
    assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000");
    assert_eq!(answer.body["authorized"], true, "{}", answer.text);
    let listed = pair.identity.get("/v1/groups").bearer(administrator.token()).send().await.expect(200);
    assert_eq!(listed.headers["strict-transport-security"], "max-age=31536000");
    pair.log_out(administrator.tokens["idToken"].as_str().unwrap()).await.expect(204);
    pair.auth.get("/v1/userinfo").bearer(administrator.token()).send().await.refused(401, "AUT-0007");
}

async fn no_method_answers_a_certificate_it_does_not_list(pair: &Pair) {
    let (authority, stranger) = (pair.authority(), Authority::fresh());
    let (auth, identity) = (authority.issue(&["auth-service"]), authority.issue(&["identity-service"]));
    let both = ["auth-service", "identity-service"];
    let at_the_door = [
        ("none", None),
        ("of another authority", Some(stranger.issue(&both))),
        ("expired", Some(authority.issue_expired(&both))),
        ("not valid yet", Some(authority.issue_for_later(&both))),
        ("for servers alone", Some(authority.issue_for_servers(&both))),
    ];
    let mut walked = 0;
    for method in methods() {
        let right = &authority.issue(&[crate::grpc::caller_of(&method)]);
        let (address, wrong) = if method.starts_with("/identity.") {
            (pair.identity_grpc(), &identity)
        } else {
            (pair.auth_grpc(), &auth)
        };
        for (what, shown) in &at_the_door {
            let outcome = call(&address, &method, &authority, shown.as_ref()).await;
            assert_eq!(outcome, Outcome::Door, "{method} with a certificate: {what}");
        }
        for names in [&["other-service"][..], &["*.auth-service", "auth-service.example"], &["127.0.0.1"]] {
            let outcome = call(&address, &method, &authority, Some(&authority.issue(names))).await;
            let nameless = names == ["127.0.0.1"];
            let expected = if nameless { Code::Unauthenticated } else { Code::PermissionDenied };
            assert_eq!(outcome, Outcome::Answer(expected), "{method} as {names:?}");
        }
        let outcome = call(&address, &method, &authority, Some(wrong)).await;
        assert_eq!(outcome, Outcome::Answer(Code::PermissionDenied), "{method}");
        let unlisted = call(&address, &format!("{method}Else"), &authority, Some(right)).await;
        assert_eq!(unlisted, Outcome::Answer(Code::PermissionDenied), "{method}");
        let admitted = call(&address, &method, &authority, Some(right)).await;
        let refusals = [Outcome::Door, Outcome::Answer(Code::Unauthenticated), Outcome::Answer(Code::PermissionDenied)];
        assert!(!refusals.contains(&admitted), "{method}: {admitted:?}");
        // And a caller refuses a service whose authority it does not believe, or that has another name.
        assert_eq!(call(&address, &method, &stranger, Some(right)).await, Outcome::Door, "{method}");
        walked += 1;
    }
    let listed = auth_service::grpc::ALLOWED.iter().chain(identity_service::grpc::ALLOWED);
    assert_eq!(walked, listed.filter(|(path, _)| !path.ends_with('/')).count(), "a method is not walked");
    let elsewhere = pair.auth_grpc().replace("localhost", "127.0.0.2");
    assert_eq!(call(&elsewhere, &methods()[0], &authority, Some(&auth)).await, Outcome::Door);
}

async fn files_that_change_count_without_a_restart(pair: &mut Pair) {
    let (old, next) = (pair.authority(), Authority::fresh());
    let path = "/grpc.health.v1.Health/Watch";
    let (http, grpc) = (pair.auth.base().to_owned(), pair.auth_grpc());
    let (of_old, of_next) = (old.issue(&["identity-service"]), next.issue(&["identity-service"]));
    assert_eq!(call(&grpc, path, &old, Some(&of_next)).await, Outcome::Door);

    // Both authorities first, so that nobody is refused meanwhile; then the certificates; then the old one goes.
    let folder = pair.folder().to_owned();
    replace(&folder.join("authority.pem"), &format!("{}{}", old.pem(), next.pem()));
    eventually(async || call(&grpc, path, &old, Some(&of_next)).await == Outcome::Answer(Code::Ok)).await;
    assert_eq!(call(&grpc, path, &old, Some(&of_old)).await, Outcome::Answer(Code::Ok));
    for name in ["auth-service", "identity-service"] {
        next.issue(&[name, "localhost", "127.0.0.1"]).write(&folder, name);
    }
    let health = async |authority: &Authority| {
        let fresh = Api::over_tls(&http, authority);
        fresh.get("/health").try_send().await.is_ok_and(|answer| answer.status == 200)
    };
    eventually(async || health(&next).await).await;
    assert!(!health(&old).await, "a new connection is shown the old certificate");
    eventually(async || call(&grpc, path, &next, Some(&of_next)).await == Outcome::Answer(Code::Ok)).await;
    replace(&folder.join("authority.pem"), &next.pem());
    eventually(async || call(&grpc, path, &next, Some(&of_old)).await == Outcome::Door).await;

    // A file that makes no sense changes nothing, and the services find each other again with what they read meanwhile.
    for api in [&mut pair.auth, &mut pair.identity] {
        *api = Api::over_tls(api.base(), &next);
    }
    pair.stop_identity().await;
    pair.restart_identity().await;
    pair.administrator().await;
}

async fn who_is_silent_holds_up_nobody(pair: &Pair) {
    let authority = pair.authority();
    let auth = authority.issue(&["auth-service"]);
    let address = pair.identity_grpc().replace("https://", "");
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    let endpoint = pair.identity_grpc();
    let asked = call(&endpoint, "/grpc.health.v1.Health/Watch", &authority, Some(&auth));
    let asked = tokio::time::timeout(Duration::from_secs(2), asked).await;
    assert_eq!(asked, Ok(Outcome::Answer(Code::Ok)));
    for mut connection in silent {
        let ended = tokio::time::timeout(Duration::from_secs(10), connection.read(&mut [0; 1])).await;
        assert_eq!(ended.unwrap().unwrap_or(0), 0, "a silent caller is still listened to");
    }
}

async fn strict_transport_is_not_told_in_the_clear(pair: &Pair) {
    let answer = pair.auth.get("/health").header("x-forwarded-proto", "https").send().await.expect(200);
    assert!(!answer.headers.contains_key("strict-transport-security"));
}

pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap();
}
