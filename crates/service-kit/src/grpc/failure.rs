//! How a failure travels over gRPC: the status of its kind, and its code as `google.rpc.ErrorInfo.reason`.

use error_codes::{Code, Failure, Generic, Kind};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of the codes in `google.rpc.ErrorInfo`.
const DOMAIN: &str = "gatehouse";

/// A failure on its way to another service.
pub fn to_status(failure: &Failure) -> Status {
    let code = failure.code();
    if code.kind() == Kind::Internal {
        tracing::error!(code = code.number(), cause = failure.cause(), "a call failed");
    }
    let details = ErrorDetails::with_error_info(
        code.number(),
        DOMAIN,
        [("title", code.title())].map(|(k, v)| (k.into(), v.into())),
    );
    Status::with_error_details(tonic::Code::from_i32(code.kind().grpc_status()), code.message(), details)
}

/// A failure that came from another service: its own code, else "unavailable" for what a retry may mend, else "internal".
pub fn from_status(status: Status, codes: &'static Generic) -> Failure {
    let told = status.get_details_error_info().and_then(|info| Code::find(&info.reason));
    let transient = matches!(
        status.code(),
        tonic::Code::Unavailable
            | tonic::Code::DeadlineExceeded
            | tonic::Code::Cancelled
            | tonic::Code::ResourceExhausted
            | tonic::Code::Aborted
            // What the transport says of a connection that broke under a call.
            | tonic::Code::Unknown
    );
    let unavailable = told.is_some_and(|code| code.kind() == Kind::Unavailable) || (told.is_none() && transient);
    if unavailable {
        // The number of the peer would confuse a client of this service.
        return Failure::new(codes.unavailable)
            .with_retry_after(std::time::Duration::from_secs(1))
            .with_cause(format!("the peer is unavailable: {}", status.message()));
    }
    match told {
        Some(code) if code.kind() != Kind::Internal => Failure::new(code),
        Some(_) | None => Failure::new(codes.internal).with_cause(format!("the peer failed: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use error_codes::{AUTH, aut, ide};

    use super::*;

    #[test]
    fn a_code_survives_the_way() {
        let status = to_status(&Failure::new(aut::INVALID_CREDENTIALS).with_cause("private"));
        assert_eq!(status.code(), tonic::Code::Unauthenticated);
        assert!(!format!("{status:?}").contains("private"));
        assert_eq!(from_status(status, &AUTH).code(), aut::INVALID_CREDENTIALS);
    }

    #[test]
    fn a_peer_that_cannot_answer_is_our_unavailable() {
        for status in [
            Status::unavailable("down"),
            Status::unknown("transport error"),
            to_status(&Failure::new(ide::UNAVAILABLE)),
        ] {
            assert_eq!(from_status(status, &AUTH).code(), aut::UNAVAILABLE);
        }
        assert_eq!(from_status(Status::internal("x"), &AUTH).code(), aut::INTERNAL);
    }
}
