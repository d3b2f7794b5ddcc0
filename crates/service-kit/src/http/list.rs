//! Lists: which page is asked for, and the two shapes of the answer.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::InvalidText;
use domain::page::{Listed, Page, Start};
use error_codes::{Failure, Generic};
use serde::Serialize;
use serde_json::json;

/// The longest page.
pub(super) const LONGEST_PAGE: u16 = 100;
/// The page size when none is asked for.
const DEFAULT_LIMIT: u16 = 10;
/// The longest key inside a cursor.
const LONGEST_KEY: usize = 512;

/// The shape of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A bare array, which older clients expect: they send no paging parameter.
    Bare,
    /// `items`, `page`, `limit`, `total`, `nextCursor`.
    Envelope {
        /// The number of the page; 1 for a cursor.
        page: u32,
    },
}

/// What a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// The shape of the answer.
    pub style: Style,
    /// The rows.
    pub page: Page,
}

impl ListQuery {
    /// Reads `page`, `limit` and `cursor`; any other parameter, and one sent twice, is refused.
    pub fn parse(query: &str, codes: &'static Generic) -> Result<Self, Failure> {
        let refuse = |name: &str, reason: &str| Failure::new(codes.invalid_query).with_field(name, reason);
        let (mut page, mut limit, mut cursor) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match name.as_ref() {
                "page" => &mut page,
                "limit" => &mut limit,
                "cursor" => &mut cursor,
                other => return Err(refuse(&other.chars().take(64).collect::<String>(), "is not known here")),
            };
            if slot.replace(value.into_owned()).is_some() {
                return Err(refuse(&name, "is sent twice"));
            }
        }
        if page.is_none() && limit.is_none() && cursor.is_none() {
            return Ok(Self { style: Style::Bare, page: Page::first(Page::BARE) });
        }
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => limit_of(&text).map_err(|reason| refuse("limit", &reason.to_string()))?,
        };
        if let Some(cursor) = cursor {
            if page.is_some() {
                return Err(refuse("cursor", "cannot be combined with 'page'"));
            }
            let key = read_cursor(&cursor).ok_or_else(|| refuse("cursor", "is not one that this list gave"))?;
            return Ok(Self { style: Style::Envelope { page: 1 }, page: Page { limit, start: Start::After(key) } });
        }
        let page = match page {
            None => 1,
            Some(text) => {
                whole(&text).filter(|page| *page >= 1).ok_or_else(|| refuse("page", "must be a whole number from 1"))?
            }
        };
        let end = page.checked_mul(limit.into()).filter(|end| *end <= Page::DEEPEST);
        let Some(end) = end else {
            return Err(refuse("page", "goes beyond 10000 rows; continue with 'cursor'"));
        };
        let start = Start::Offset(end - u32::from(limit));
        Ok(Self { style: Style::Envelope { page }, page: Page { limit, start } })
    }

    /// Shapes the answer.
    pub fn answer<T: Serialize>(&self, request: &HttpRequest, listed: Listed<T>) -> HttpResponse {
        let cursor = listed.next.as_deref().map(write_cursor);
        match self.style {
            Style::Bare => {
                let mut response = HttpResponse::Ok();
                response.insert_header(("x-total-count", listed.total.to_string()));
                if let Some(cursor) = cursor {
                    let link = format!("<{}?limit={LONGEST_PAGE}&cursor={cursor}>; rel=\"next\"", request.path());
                    response.insert_header((header::LINK, link));
                }
                response.json(listed.rows)
            }
            Style::Envelope { page } => {
                let mut body = json!({
                    "items": listed.rows, "page": page, "limit": self.page.limit, "total": listed.total,
                });
                if let Some(cursor) = cursor {
                    body["nextCursor"] = cursor.into();
                }
                HttpResponse::Ok().json(body)
            }
        }
    }
}

/// Reads `limit`.
///
/// # Errors
/// What is no whole number from 1 to 100.
pub fn limit_of(text: &str) -> Result<u16, InvalidText> {
    whole(text)
        .filter(|limit| (1..=u32::from(LONGEST_PAGE)).contains(limit))
        .and_then(|limit| u16::try_from(limit).ok())
        .ok_or_else(|| InvalidText::new("must be a whole number from 1 to 100"))
}

/// Digits only: no sign, no space, no leading zero trickery that another parser reads differently.
fn whole(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A key as the cursor that a client sends back.
pub fn write_cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The key inside a cursor.
pub fn read_cursor(text: &str) -> Option<String> {
    let key = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let fits = !key.is_empty() && key.len() <= LONGEST_KEY && !key.contains('\0');
    fits.then_some(key)
}

#[cfg(test)]
mod tests {
    use error_codes::IDENTITY;

    use super::*;

    fn parse(query: &str) -> Result<ListQuery, String> {
        ListQuery::parse(query, &IDENTITY).map_err(|failure| failure.fields().keys().cloned().collect())
    }

    #[test]
    fn without_parameters_the_list_is_bare() {
        assert_eq!(parse("").unwrap().style, Style::Bare);
        assert_eq!(parse("").unwrap().page, Page::first(1_000));
    }

    #[test]
    fn pages_are_counted_from_one() {
        let asked = parse("page=3&limit=20").unwrap();
        assert_eq!(asked.style, Style::Envelope { page: 3 });
        assert_eq!(asked.page, Page { limit: 20, start: Start::Offset(40) });
        assert_eq!(parse("limit=5").unwrap().page.start, Start::Offset(0));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=%2B1", "limit"),
            ("page=0", "page"),
            ("page=x", "page"),
            ("page=101&limit=100", "page"),
            ("page=4294967295&limit=100", "page"),
            ("cursor=%%%", "cursor"),
            ("cursor=YQ&page=1", "cursor"),
            ("sort=name", "sort"),
            ("page=1&page=2", "page"),
        ] {
            assert_eq!(parse(query), Err(name.to_owned()), "{query}");
        }
    }

    #[test]
    fn a_cursor_leads_on() {
        let cursor = URL_SAFE_NO_PAD.encode("midaz-viewer-group");
        assert_eq!(
            parse(&format!("cursor={cursor}")).unwrap().page.start,
            Start::After("midaz-viewer-group".to_owned())
        );
    }
}
