//! Authenticates the caller of every gRPC method, and lets each method say who may call it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use domain::Secret;
use futures_util::future::{Either, Ready, ready};
use subtle::ConstantTimeEq;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::{Layer, Service};

use crate::settings::{SettingsError, read_private};
use crate::tls::caller_names;

/// The callers of each method: its full path, such as `/identity.v1.Identity/Watch`, and the names that may call it.
/// A path that ends in `/` stands for every method below it. What is not listed nobody may call.
pub type Allowed = &'static [(&'static str, &'static [&'static str])];

/// How callers show who they are.
#[derive(Clone, Debug)]
pub enum Callers {
    /// By a secret with each call, on loopback.
    BySecret(CallerSecrets),
    /// By the certificate with which they connected: its DNS names are the names of the caller.
    ByCertificate,
}

/// The callers this process knows: each has a name and a secret of its own.
#[derive(Clone, Debug)]
pub struct CallerSecrets {
    callers: Vec<(String, Secret<String>)>,
}

impl CallerSecrets {
    /// Reads a secret file for each name; `_` in a name reads as `-`, since settings from the environment have no `-`.
    pub fn read(files: &HashMap<String, PathBuf>) -> Result<Self, SettingsError> {
        let mut callers = Vec::new();
        for (name, file) in files {
            callers.push((name.replace('_', "-"), read_secret(file)?));
        }
        Ok(Self { callers })
    }

    /// The name behind a presented secret. Every known secret is compared, in constant time each.
    fn identify(&self, presented: &str) -> Option<&str> {
        let mut found = None;
        for (name, secret) in &self.callers {
            if bool::from(secret.expose().as_bytes().ct_eq(presented.as_bytes())) {
                found = Some(name.as_str());
            }
        }
        found
    }
}

impl Callers {
    /// The names of the caller; none for a stranger.
    fn names(&self, request: &http::request::Parts) -> Vec<String> {
        match self {
            Self::BySecret(secrets) => {
                let mut authorization = request.headers.get_all(http::header::AUTHORIZATION).iter();
                let presented = authorization.next().and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
                let name = match (presented, authorization.next()) {
                    (Some(secret), None) => secrets.identify(secret),
                    (_, _) => None,
                };
                name.map(str::to_owned).into_iter().collect()
            }
            Self::ByCertificate => {
                let connection = request.extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
                let chain = connection.and_then(TlsConnectInfo::peer_certs);
                chain.and_then(|chain| chain.first().map(caller_names)).unwrap_or_default()
            }
        }
    }
}

/// Reads a secret of 64 hexadecimal digits (256 bits) from a file.
pub fn read_secret(file: &Path) -> Result<Secret<String>, SettingsError> {
    let text = read_private(file, "secret file")?;
    let secret = text.expose().trim();
    if secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Secret::new(secret.to_owned()))
    } else {
        Err(SettingsError::new(format!("the secret file {} must hold 64 hexadecimal digits", file.display())))
    }
}

/// Who calls a method, as it is listed; among the extensions of each call that was let in.
#[derive(Clone, Debug)]
pub struct CallerName(pub String);

/// Puts the check before every service of a gRPC server.
#[derive(Clone, Debug)]
pub struct CallersLayer {
    callers: Callers,
    allowed: Allowed,
}

impl CallersLayer {
    /// A check with the callers of this process and the list of its methods.
    pub fn new(callers: Callers, allowed: Allowed) -> Self {
        Self { callers, allowed }
    }

    /// The name by which the caller is let in.
    fn check(&self, request: &http::request::Parts) -> Result<CallerName, Status> {
        let (path, names) = (request.uri.path(), self.callers.names(request));
        if names.is_empty() {
            return Err(Status::unauthenticated("the caller is not known"));
        }
        let listed = self
            .allowed
            .iter()
            .find(|(method, _)| *method == path || (method.ends_with('/') && path.starts_with(method)));
        match listed {
            Some((_, callers)) if names.iter().any(|name| callers.contains(&name.as_str())) => {
                let listed = names.into_iter().find(|name| callers.contains(&name.as_str()));
                Ok(CallerName(listed.unwrap_or_default()))
            }
            Some(_) | None => {
                tracing::warn!(caller = names.join(","), method = path, "a caller may not use this method");
                Err(Status::permission_denied(match self.callers {
                    Callers::BySecret(_) => "the caller may not use this method",
                    Callers::ByCertificate => {
                        "the caller may not use this method; its certificate needs the DNS name of a service that may"
                    }
                }))
            }
        }
    }
}

impl<S> Layer<S> for CallersLayer {
    type Service = CallersService<S>;

    fn layer(&self, inner: S) -> CallersService<S> {
        CallersService { inner, layer: self.clone() }
    }
}

/// A service behind the check.
#[derive(Clone, Debug)]
pub struct CallersService<S> {
    inner: S,
    layer: CallersLayer,
}

impl<S> Service<http::Request<Body>> for CallersService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Self::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        match self.layer.check(&head) {
            Ok(name) => {
                head.extensions.insert(name);
                Either::Left(self.inner.call(http::Request::from_parts(head, body)))
            }
            Err(status) => Either::Right(ready(Ok(status.into_http()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> CallersLayer {
        let callers = vec![
            ("auth-service".to_owned(), Secret::new("a".repeat(64))),
            ("other".to_owned(), Secret::new("b".repeat(64))),
        ];
        let callers = Callers::BySecret(CallerSecrets { callers });
        CallersLayer::new(callers, &[("/x.v1.X/One", &["auth-service"]), ("/h.v1.H/", &["other"])])
    }

    fn status(path: &str, authorization: &[&str]) -> Option<tonic::Code> {
        let mut request = http::Request::builder().uri(path);
        for value in authorization {
            request = request.header(http::header::AUTHORIZATION, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        layer().check(&head).err().map(|status| status.code())
    }

    #[test]
    fn each_method_has_its_own_callers() {
        let auth = format!("Bearer {}", "a".repeat(64));
        let other = format!("Bearer {}", "b".repeat(64));
        assert_eq!(status("/x.v1.X/One", &[&auth]), None);
        assert_eq!(status("/h.v1.H/Check", &[&other]), None);
        assert_eq!(status("/x.v1.X/One", &[&other]), Some(tonic::Code::PermissionDenied));
        assert_eq!(status("/x.v1.X/Unlisted", &[&auth]), Some(tonic::Code::PermissionDenied));
    }

    #[test]
    fn a_stranger_calls_nothing() {
        let auth = format!("Bearer {}", "a".repeat(64));
        for wrong in [&[][..], &["Bearer "], &["Bearer aaaa"], &[&auth[7..]], &[&auth, &auth]] {
            assert_eq!(status("/x.v1.X/One", wrong), Some(tonic::Code::Unauthenticated), "{wrong:?}");
        }
    }
}
