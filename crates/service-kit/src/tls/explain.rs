//! Why a handshake failed, as one sentence that says what to do.

use std::io;

use rustls::{CertificateError, Error};

/// The sentence for a failed connection; `table` is the settings' table of this side, such as `grpc.tls`.
pub(crate) fn explain(error: &io::Error, table: &str) -> String {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented) => {
            format!("it shows no certificate; give it one of an authority in '{table}.authority'")
        }
        Some(Error::InvalidCertificate(fault)) => explain_certificate(fault, table),
        Some(Error::AlertReceived(alert)) => format!(
            "it refuses the connection ({alert:?}); see that '{table}.certificate' is one of the authority that it believes, \
             and what its log says"
        ),
        Some(Error::InvalidMessage(_)) => "it does not speak TLS; see that its TLS is on and the port right".to_owned(),
        Some(Error::NoApplicationProtocol) => "it does not speak HTTP/2; see that the port is that of gRPC".to_owned(),
        Some(other) => format!("the TLS handshake failed: {other}"),
        None => error.to_string(),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the faults are those of another library, which adds to them")]
fn explain_certificate(fault: &CertificateError, table: &str) -> String {
    match fault {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "its certificate is of an authority that '{table}.authority' does not hold; give it one of that authority, or \
             add its authority there"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; give it a renewed one".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; see that the clocks of both hosts are right".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is not for the name in the endpoint; give it one that has this name, or call it by another"
                .to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not made for this side of a connection; give it one for clients and for servers"
                .to_owned()
        }
        other => format!("its certificate cannot be used ({other}); give it another"),
    }
}
