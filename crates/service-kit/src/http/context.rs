//! What is known of every request, and what every handler shares.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use error_codes::{Failure, Generic};
use ipnet::IpNet;

use super::{Bounds, HttpFailure, KnownRoutes};
use crate::Verifier;
use crate::current::Current;
use crate::limits::NetworkLimit;
use crate::metrics::Metrics;

/// What the edge of a service shares among its handlers.
pub struct Edge {
    /// The service's own numbers for what happens at every edge.
    pub codes: &'static Generic,
    /// Verifies the tokens of callers.
    pub verifier: Arc<dyn Verifier>,
    /// From whom `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long and how large a body may be.
    pub bounds: Bounds,
    /// How often one network may ask.
    pub networks: NetworkLimit,
    /// Paths on which nobody is counted, without the tenant; one that ends in `/` stands for everything below it.
    pub unlimited: &'static [&'static str],
    /// Every path of the service with its methods.
    pub routes: KnownRoutes,
    /// What is counted.
    pub metrics: Metrics,
}

/// The edge of the service that serves this request.
pub(super) fn edge(request: &HttpRequest) -> Option<&Edge> {
    request.app_data::<web::Data<Edge>>().map(|edge| edge.as_ref())
}

/// Who asks from where, for limits, logs and the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The id of the request: the caller's own when it is presentable, else a fresh one.
    pub request_id: String,
    /// The address of the caller; one behind a trusted proxy is the one the proxy saw.
    pub address: String,
    /// The tenant named by the path, such as `/t/lerian/v1/…`.
    pub tenant: Option<String>,
    /// The caller's `User-Agent`, at most 255 characters.
    pub user_agent: String,
}

impl Context {
    fn of(request: &HttpRequest) -> Self {
        let trusted = edge(request).map_or(&[][..], |edge| &edge.trusted_proxies);
        let user_agent = request.headers().get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            request_id: Current::id_of_task(),
            address: caller_address(request, trusted).map(|address| address.to_string()).unwrap_or_default(),
            tenant: request.match_info().get("tenant").map(ToOwned::to_owned),
            user_agent: user_agent.chars().take(255).collect(),
        }
    }
}

impl FromRequest for Context {
    type Error = HttpFailure;
    type Future = Ready<Result<Self, HttpFailure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The address of the caller of a request; one behind a trusted proxy is the one the proxy saw.
pub fn caller_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    Some(nearest_stranger(request.peer_addr()?.ip(), forwarded, trusted))
}

/// Walks the forwarded addresses from the nearest: the first that is not a trusted proxy is the caller.
pub fn nearest_stranger<'a>(peer: IpAddr, forwarded: impl Iterator<Item = &'a str>, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let addresses: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for address in addresses.iter().rev() {
        let Ok(address) = address.parse::<IpAddr>() else { break };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    nearest
}

/// Reads a parameter of the path; a malformed one is a 400 that names it.
pub fn path_value<T: std::str::FromStr<Err: std::fmt::Display>>(
    request: &HttpRequest,
    name: &'static str,
    codes: &'static Generic,
) -> Result<T, HttpFailure> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|reason: T::Err| Failure::new(codes.invalid_path).with_field(name, reason.to_string()).into())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let request = TestRequest::default()
            .peer_addr(format!("{peer}:1").parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        caller_address(&request, &trusted).unwrap().to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        assert_eq!(address("192.0.2.1", "198.51.100.7", &[]), "192.0.2.1");
        assert_eq!(address("192.0.2.1", "198.51.100.7", &["192.0.2.0/24"]), "198.51.100.7");
        assert_eq!(address("192.0.2.1", "203.0.113.9, 198.51.100.7", &["192.0.2.0/24"]), "198.51.100.7");
        assert_eq!(address("192.0.2.1", "203.0.113.9, 192.0.2.8", &["192.0.2.0/24"]), "203.0.113.9");
        assert_eq!(address("192.0.2.1", "nonsense", &["192.0.2.0/24"]), "192.0.2.1");
    }
}
