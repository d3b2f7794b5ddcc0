//! How often a network may ask, and the headers that tell of it.

use std::time::Duration;

use actix_web::ResponseError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use domain::Network;

use super::context::caller_address;
use super::routes::without_tenant;
use super::unread::{Holding, Unread};
use super::{Edge, HttpFailure};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Routes of every service on which nobody is counted; a name that ends in `/` stands for everything below it.
const ALWAYS_UNLIMITED: &[&str] =
    &["/health", "/readyz", "/version", "/docs", "/docs/", "/openapi.json", "/.well-known/"];

/// What a limit still gives.
pub(super) struct Budget {
    pub(super) limit: Option<u32>,
    pub(super) remaining: u32,
    pub(super) reset: Duration,
}

impl Budget {
    /// Tells it as headers.
    pub(super) fn tell(&self, mut insert: impl FnMut(HeaderName, HeaderValue)) {
        if let Some(limit) = self.limit {
            insert(LIMIT, HeaderValue::from(limit));
        }
        insert(REMAINING, HeaderValue::from(self.remaining));
        insert(RESET, HeaderValue::from(whole_seconds(self.reset)));
    }
}

/// Rounded up, and at least one: whoever comes back then is not too early.
pub(super) fn whole_seconds(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

/// Middleware for every route: refuses a network that asks too often, before anything else of the request is looked at.
pub(super) async fn limit<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Holding<EitherBody<B>>>, Error> {
    let unread = Unread::hold(&mut request);
    Ok(unread.until_sent(within_limits(request, next).await?))
}

async fn within_limits<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let limited = request.app_data::<web::Data<Edge>>().filter(|edge| edge.is_limited(request.path()));
    let Some((taken, codes)) = limited.and_then(|edge| {
        let address = caller_address(request.request(), &edge.trusted_proxies);
        let taken = edge.networks.take(address.map_or(Network::UNKNOWN, Network::of))?;
        Some((taken, edge.codes))
    }) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    if let Err(failure) = taken.or_refuse(codes) {
        let response = HttpFailure(failure).error_response();
        return Ok(request.into_response(response).map_into_right_body());
    }
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    // What refused the request further in is tighter.
    if !headers.contains_key(REMAINING) {
        let budget = Budget { limit: Some(taken.limit), remaining: taken.remaining, reset: taken.reset };
        budget.tell(|name, value| drop(headers.insert(name, value)));
    }
    Ok(response.map_into_left_body())
}

impl Edge {
    fn is_limited(&self, path: &str) -> bool {
        let path = without_tenant(path);
        let is = |name: &&str| *name == path || (name.ends_with('/') && path.starts_with(*name));
        self.networks.is_some() && !ALWAYS_UNLIMITED.iter().chain(self.unlimited).any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_counts_as_one() {
        let seconds = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!((seconds(0), seconds(1), seconds(1_000), seconds(1_001)), (1, 1, 1, 2));
    }
}
