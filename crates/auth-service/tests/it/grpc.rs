//! The gRPC edges of both services: every method with every wrong identity.

use pair::Pair;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Status};

pair::on_both_engines! {
    no_method_answers_a_caller_it_does_not_list,
    health_is_told_to_known_callers,
}

/// Every method of the descriptors, as `/package.Service/Method`.
pub(crate) fn methods() -> Vec<String> {
    let mut methods = Vec::new();
    for (service, names) in [
        (
            "identity.v1.Identity",
            &["VerifyPassword", "VerifyClient", "FindApplication", "FindSubject", "ReportUse", "Watch"][..],
        ),
        ("auth.v1.TokenState", &["Watch"]),
    ] {
        methods.extend(names.iter().map(|name| format!("/{service}/{name}")));
    }
    methods
}

async fn call(address: String, path: &str, authorization: Option<&str>) -> Code {
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    ask(channel, path, authorization).await.map_or_else(|status| status.code(), |()| Code::Ok)
}

/// Calls any method; only who may call it is of interest.
pub(crate) async fn ask(channel: Channel, path: &str, authorization: Option<&str>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let mut request = tonic::Request::new(contracts::auth::v1::WatchRequest {});
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    let codec: tonic_prost::ProstCodec<contracts::auth::v1::WatchRequest, contracts::auth::v1::Beat> =
        tonic_prost::ProstCodec::default();
    let path = PathAndQuery::try_from(path.to_owned()).unwrap();
    client.server_streaming(request, path, codec).await.map(|_| ())
}

async fn no_method_answers_a_caller_it_does_not_list(pair: &Pair) {
    let auth = format!("Bearer {}", pair.secret("auth-to-identity"));
    let identity = format!("Bearer {}", pair.secret("identity-to-auth"));
    let person = pair.administrator().await;
    let token = format!("Bearer {}", person.token());
    let guess = format!("Bearer {}", "c".repeat(64));
    let mut walked = 0;
    for method in methods() {
        let (address, right, wrong) = if method.starts_with("/identity.") {
            (pair.identity_grpc(), &auth, &identity)
        } else {
            (pair.auth_grpc(), &identity, &auth)
        };
        for stranger in
            [None, Some("x"), Some("Bearer "), Some(guess.as_str()), Some(token.as_str()), Some(wrong.as_str())]
        {
            assert_eq!(call(address.clone(), &method, stranger).await, Code::Unauthenticated, "{method} {stranger:?}");
        }
        let admitted = call(address.clone(), &method, Some(right.as_str())).await;
        assert!(!matches!(admitted, Code::Unauthenticated | Code::PermissionDenied), "{method}: {admitted:?}");
        let unlisted = call(address, &format!("{method}Else"), Some(right.as_str())).await;
        assert_eq!(unlisted, Code::PermissionDenied, "{method}");
        walked += 1;
    }
    let listed = auth_service::grpc::ALLOWED.iter().chain(identity_service::grpc::ALLOWED);
    assert_eq!(walked, listed.filter(|(path, _)| !path.ends_with('/')).count(), "a method is not walked");
}

async fn health_is_told_to_known_callers(pair: &Pair) {
    let identity = format!("Bearer {}", pair.secret("identity-to-auth"));
    let path = "/grpc.health.v1.Health/Watch";
    assert_eq!(call(pair.auth_grpc(), path, None).await, Code::Unauthenticated);
    assert_eq!(call(pair.auth_grpc(), path, Some(&identity)).await, Code::Ok);
    // Reflection is for development alone.
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assert_eq!(call(pair.auth_grpc(), reflection, Some(&identity)).await, Code::Unimplemented);
}
