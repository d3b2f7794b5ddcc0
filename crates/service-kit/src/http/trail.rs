//! The audit trail over HTTP: which events are asked for, and the two shapes of the answer.

use std::net::IpAddr;

use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::{Ending, Filter, Place, Recorded, Sought};
use domain::{InvalidText, Timestamp, text};
use error_codes::{Failure, Generic, Result};
use futures_util::{Stream, StreamExt, TryStreamExt};
use utoipa::IntoParams;

use super::HttpResult;
use super::list::{LONGEST_PAGE, limit_of, read_cursor};
use crate::audit::{AuditPageResponse, lines};

/// The content type of an export: one JSON object in each line, ended by a line feed.
pub const JSON_LINES: &str = "application/jsonl";
/// The longest text that an event is looked for by.
const LONGEST_TEXT: usize = 255;

/// Which events are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes the query; the edge reads it strictly")]
pub struct AuditFilterParameters {
    /// Only what happened at this time or later (RFC 3339).
    #[param(example = "2025-04-08T00:00:00Z")]
    from: Option<String>,
    /// Only what happened before this time (RFC 3339).
    #[param(example = "2025-04-09T00:00:00Z")]
    to: Option<String>,
    /// `user`, `application`, `service`, `operator` or `anonymous`.
    actor_kind: Option<String>,
    actor_id: Option<String>,
    /// An action, or all of a family: `user.update`, `user.*`.
    #[param(example = "user.*")]
    action: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    /// `done` or `refused`.
    outcome: Option<String>,
    /// The code of a refusal.
    #[param(example = "IDE-0023")]
    code: Option<String>,
    /// The IP address it came from.
    address: Option<String>,
    request_id: Option<String>,
    /// `tenant`, which is the default, or `deployment` for what belongs to no tenant, such as signing keys: for
    /// administrators of the system tenant.
    trail: Option<String>,
}

/// Which part of the trail is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; the edge reads it strictly")]
pub struct AuditPageParameters {
    /// Events at most; 100 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Whose trail is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// That of the caller's tenant.
    #[default]
    Tenant,
    /// That of the deployment.
    Deployment,
}

/// What a trail is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailQuery {
    /// Whose it is.
    pub whose: Whose,
    /// The events.
    pub filter: Filter,
    /// Events at most.
    pub limit: u16,
    /// The event that the page comes after.
    pub after: Option<Place>,
}

impl TrailQuery {
    /// Reads the query of a page; an unknown parameter, and one sent twice, is refused.
    ///
    /// # Errors
    /// The code for a query parameter, with the name of the one at fault.
    pub fn page(query: &str, codes: &'static Generic) -> Result<Self> {
        Self::parse(query, codes, true)
    }

    /// Reads the query of an export, which has no pages.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn export(query: &str, codes: &'static Generic) -> Result<Self> {
        Self::parse(query, codes, false)
    }

    fn parse(query: &str, codes: &'static Generic, in_pages: bool) -> Result<Self> {
        let mut asked = Self { whose: Whose::Tenant, filter: Filter::default(), limit: LONGEST_PAGE, after: None };
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let refuse = |reason: InvalidText| {
                let name: String = name.chars().take(64).collect();
                Failure::new(codes.invalid_query).with_field(name, reason.to_string())
            };
            if seen.contains(&name) {
                return Err(refuse(InvalidText::new("is sent twice")));
            }
            asked.read(&name, &value, in_pages).map_err(refuse)?;
            seen.push(name);
        }
        let Filter { from, to, .. } = asked.filter;
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Failure::new(codes.invalid_query).with_field("to", "must be later than 'from'"));
        }
        Ok(asked)
    }

    fn read(&mut self, name: &str, value: &str, in_pages: bool) -> Result<(), InvalidText> {
        let filter = &mut self.filter;
        let read = || text::line(value, 1, LONGEST_TEXT).map(|text| Some(text.to_owned()));
        match name {
            "from" => filter.from = Some(Timestamp::parse(value)?),
            "to" => filter.to = Some(Timestamp::parse(value)?),
            "actorKind" => filter.actor_kind = read()?,
            "actorId" => filter.actor_id = read()?,
            "action" => filter.action = Some(Sought::parse(value)?),
            "targetKind" => filter.target_kind = read()?,
            "targetId" => filter.target_id = read()?,
            "outcome" => filter.outcome = Some(Ending::parse(value)?),
            "code" => filter.code = read()?,
            "address" => {
                let address: IpAddr = value.parse().map_err(|_| InvalidText::new("must be an IP address"))?;
                filter.address = Some(address.to_string());
            }
            "requestId" => filter.request_id = read()?,
            "trail" => {
                self.whose = match value {
                    "tenant" => Whose::Tenant,
                    "deployment" => Whose::Deployment,
                    _ => return Err(InvalidText::new("must be 'tenant' or 'deployment'")),
                }
            }
            "limit" if in_pages => self.limit = limit_of(value)?,
            "cursor" if in_pages => {
                let place = read_cursor(value).and_then(|place| Place::parse(&place));
                self.after = Some(place.ok_or_else(|| InvalidText::new("is not one that this list gave"))?);
            }
            _ => return Err(InvalidText::new("is not known here")),
        }
        Ok(())
    }

    /// Shapes a page.
    pub fn answer(&self, events: Vec<Recorded>, next: Option<Place>) -> HttpResponse {
        HttpResponse::Ok().json(AuditPageResponse {
            items: events.into_iter().map(Into::into).collect(),
            limit: self.limit,
            next_cursor: next.map(|place| URL_SAFE_NO_PAD.encode(place.to_string())),
        })
    }
}

/// Answers with an export, as fast as the client takes it. A trail that cannot be read is told by the status; one that
/// cannot be read on breaks the answer off, without the end that a whole one has.
pub async fn json_lines(batches: impl Stream<Item = Result<Vec<Recorded>>> + Send + 'static) -> HttpResult {
    let mut batches = Box::pin(batches);
    let first = batches.try_next().await?;
    let rest = batches.inspect_err(|failure| tracing::warn!(%failure, "an export of the audit trail broke off"));
    let all = futures_util::stream::iter(first.map(Ok)).chain(rest);
    let lines = all.map(|events| match events {
        Ok(events) => lines(events).map(actix_web::web::Bytes::from),
        Err(failure) => Err(std::io::Error::other(failure)),
    });
    Ok(HttpResponse::Ok().content_type(JSON_LINES).streaming(lines))
}

#[cfg(test)]
mod tests {
    use error_codes::IDENTITY;

    use super::*;

    fn parse(query: &str) -> Result<TrailQuery, String> {
        TrailQuery::page(query, &IDENTITY).map_err(|failure| failure.fields().keys().cloned().collect())
    }

    #[test]
    fn every_filter_is_read() {
        let asked = parse(
            "from=2025-04-08T08:01:30Z&to=2025-04-08T10:01:31%2B02:00&actorKind=user&actorId=a&action=user.*&\
             targetKind=group&targetId=b&outcome=refused&code=IDE-0023&address=2001:DB8::0:1&requestId=r&limit=7&\
             trail=deployment",
        );
        let text = |text: &str| Some(text.to_owned());
        let filter = Filter {
            from: Some(Timestamp::from_seconds(1_744_099_290)),
            to: Some(Timestamp::from_seconds(1_744_099_291)),
            actor_kind: text("user"),
            actor_id: text("a"),
            action: Some(Sought::Family("user.".to_owned())),
            target_kind: text("group"),
            target_id: text("b"),
            outcome: Some(Ending::Refused),
            code: text("IDE-0023"),
            address: text("2001:db8::1"),
            request_id: text("r"),
        };
        assert_eq!(asked, Ok(TrailQuery { whose: Whose::Deployment, filter, limit: 7, after: None }));
    }

    #[test]
    fn a_cursor_is_a_place() {
        let place = Place { at: Timestamp::from_seconds(5), id: uuid::Uuid::from_u128(6).into() };
        let cursor = URL_SAFE_NO_PAD.encode(place.to_string());
        assert_eq!(parse(&format!("cursor={cursor}")).unwrap().after, Some(place));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, name) in [
            ("from=yesterday", "from"),
            ("to=2025-04-08", "to"),
            ("from=2025-04-08T08:01:30Z&to=2025-04-08T08:01:30Z", "to"),
            ("from=2025-04-08T08:01:30+02:00", "from"),
            ("action=user.%25", "action"),
            ("outcome=maybe", "outcome"),
            ("address=example.com", "address"),
            ("actorId=", "actorId"),
            ("targetId=a%00b", "targetId"),
            ("requestId=%0a", "requestId"),
            ("trail=all", "trail"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("cursor=YQ", "cursor"),
            ("page=1", "page"),
            ("actor=a", "actor"),
            ("code=a&code=b", "code"),
        ] {
            assert_eq!(parse(query), Err(name.to_owned()), "{query}");
        }
        let export = TrailQuery::export("limit=5", &IDENTITY).unwrap_err();
        assert!(export.fields().contains_key("limit"));
    }
}
