//! Documents that are the same for everyone until they change.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderValue, IF_NONE_MATCH, IfNoneMatch,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

/// A JSON document made beforehand. A client that has it already is told so, without the bytes (RFC 9110 §13.1.2).
#[derive(Clone, Debug)]
pub struct Document {
    json: Bytes,
    tag: EntityTag,
    etag: HeaderValue,
    cache_control: &'static str,
}

impl Document {
    /// `cache_control` says who may keep it for how long.
    pub fn new(json: impl Into<Bytes>, cache_control: &'static str) -> Self {
        let json = json.into();
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        let tag = EntityTag::new_strong(format!("{:016x}", hasher.finish()));
        let etag = HeaderValue::from_str(&tag.to_string()).unwrap_or(HeaderValue::from_static("\"\""));
        Self { json, tag, etag, cache_control }
    }

    /// The document, or 304 for a client that shows its tag.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let is_known = self.is_known(request);
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((ETAG, self.etag.clone()))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static(self.cache_control)));
        if is_known {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json"))).body(self.json.clone())
    }

    fn is_known(&self, request: &HttpRequest) -> bool {
        if !request.headers().contains_key(IF_NONE_MATCH) {
            return false;
        }
        match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn a_client_that_shows_the_tag_gets_no_bytes() {
        let document = Document::new("{}", "public, max-age=300");
        let tag = document.etag.to_str().unwrap();
        assert_ne!(document.etag, Document::new("{ }", "no-cache").etag);
        for (shown, status) in [
            (None, 200),
            (Some(tag.to_owned()), 304),
            (Some(format!("\"other\", W/{tag}")), 304),
            (Some("*".to_owned()), 304),
            (Some("\"other\"".to_owned()), 200),
            (Some(tag.replace('"', "")), 200),
        ] {
            let request = TestRequest::default();
            let request = match &shown {
                Some(shown) => request.insert_header((IF_NONE_MATCH, shown.as_str())),
                None => request,
            };
            let answer = document.answer(&request.to_http_request());
            assert_eq!(answer.status(), status, "{shown:?}");
            assert_eq!(answer.headers().get(ETAG).unwrap(), tag);
            assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), "public, max-age=300");
            let body = to_bytes(answer.into_body()).await.unwrap_or_default();
            assert_eq!(body, if status == 200 { "{}" } else { "" });
        }
    }
}
