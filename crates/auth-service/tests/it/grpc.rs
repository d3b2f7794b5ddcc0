//! The gRPC edges of both services: every method with every wrong identity.

use pair::Pair;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

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
        ("auth.v1.Authorization", &["BatchCheck", "Check", "Introspect", "ListPermissions"]),
        ("auth.v1.TokenState", &["Watch"]),
        ("envoy.service.auth.v3.Authorization", &["Check"]),
    ] {
        methods.extend(names.iter().map(|name| format!("/{service}/{name}")));
    }
    methods
}

/// The first caller that a method lists.
pub(crate) fn caller_of(method: &str) -> &'static str {
    let mut listed = auth_service::grpc::ALLOWED.iter().chain(identity_service::grpc::ALLOWED);
    listed.find(|(path, _)| *path == method).unwrap().1[0]
}

async fn call(address: String, path: &str, authorization: Option<&str>) -> Code {
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    ask(channel, path, authorization).await.map_or_else(|status| status.code(), |()| Code::Ok)
}

/// Calls any method; only who may call it is of interest. What a method itself refuses was let in.
pub(crate) async fn ask(channel: Channel, path: &str, authorization: Option<&str>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let mut request = tonic::Request::new(contracts::auth::v1::WatchRequest::default());
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    let codec: tonic_prost::ProstCodec<contracts::auth::v1::WatchRequest, contracts::auth::v1::Beat> =
        tonic_prost::ProstCodec::default();
    let path = PathAndQuery::try_from(path.to_owned()).unwrap();
    match client.server_streaming(request, path, codec).await {
        Err(status) if status.get_details_error_info().is_none() => Err(status),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn no_method_answers_a_caller_it_does_not_list(pair: &Pair) {
    let secret = |caller: &str| {
        let file = match caller {
            "auth-service" => "auth-to-identity",
            "identity-service" => "identity-to-auth",
            other => other,
        };
        format!("Bearer {}", pair.secret(file))
    };
    let person = pair.administrator().await;
    let token = format!("Bearer {}", person.token());
    let guess = format!("Bearer {}", "c".repeat(64));
    let mut walked = 0;
    for method in methods() {
        let right = secret(caller_of(&method));
        let (address, wrong) = if method.starts_with("/identity.") {
            (pair.identity_grpc(), secret("identity-service"))
        } else {
            (pair.auth_grpc(), secret("auth-service"))
        };
        for stranger in
            [None, Some("x"), Some("Bearer "), Some(guess.as_str()), Some(token.as_str()), Some(wrong.as_str())]
        {
            assert_eq!(call(address.clone(), &method, stranger).await, Code::Unauthenticated, "{method} {stranger:?}");
        }
        let admitted = call(address.clone(), &method, Some(right.as_str())).await;
        assert!(!matches!(admitted, Code::Unauthenticated | Code::PermissionDenied), "{method}: {admitted:?}");
        let unlisted = call(address.clone(), &format!("{method}Else"), Some(right.as_str())).await;
        assert_eq!(unlisted, Code::PermissionDenied, "{method}");
        for known in ["envoy", "identity-service", "resource-server"] {
            let listed = auth_service::grpc::ALLOWED.iter().any(|(path, by)| *path == method && by.contains(&known));
            if method.starts_with("/identity.") || listed {
                continue;
            }
            let refused = call(address.clone(), &method, Some(&secret(known))).await;
            assert_eq!(refused, Code::PermissionDenied, "{method} by {known}");
        }
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
