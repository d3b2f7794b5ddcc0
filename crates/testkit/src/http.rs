//! An HTTP client for black-box tests: every answer is whole, and every code it shows is noted.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::{Authority, notes};

/// The HTTP edge of one service.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    base: String,
}

/// A request that is being put together.
#[must_use]
pub struct Call(RequestBuilder);

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; `Null` when it is none.
    pub body: Value,
}

impl Api {
    /// The service at a base URL such as `http://127.0.0.1:4000`.
    pub fn at(base: impl Into<String>) -> Self {
        Self::believing(&[], base.into())
    }

    /// The service at a base URL such as `https://localhost:4000`, whose certificate must come of this authority.
    pub fn over_tls(base: impl Into<String>, authority: &Authority) -> Self {
        Self::believing(&[authority], base.into())
    }

    fn believing(authorities: &[&Authority], base: String) -> Self {
        let tls = Authority::client_config(authorities);
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { client: client.tls_backend_preconfigured(tls).build().unwrap(), base }
    }

    /// The base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Begins any request.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Call(self.client.request(method, format!("{}{path}", self.base)))
    }

    /// Begins a GET.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// Begins a POST.
    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// Begins a PATCH.
    pub fn patch(&self, path: &str) -> Call {
        self.call("PATCH", path)
    }

    /// Begins a PUT.
    pub fn put(&self, path: &str) -> Call {
        self.call("PUT", path)
    }

    /// Begins a DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }
}

impl Call {
    /// Shows a token as `Bearer`.
    pub fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Sends a form.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        Self(self.0.form(pairs))
    }

    /// Sends bytes under a content type.
    pub fn bytes(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.header("content-type", content_type).body(body.into()))
    }

    /// Sends the request and reads the whole answer.
    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap()
    }

    /// As [`send`](Self::send), where no answer may come.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.0.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if status >= 400
            && let Some(code) = body["code"].as_str()
        {
            notes::code_provoked(code);
        }
        Ok(Answer { status, headers, text, body })
    }
}

impl Answer {
    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The answer, which must be a refusal with this status and code, in the form every client relies on.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert!(self.body["title"].is_string() && self.body["message"].is_string(), "{}", self.text);
        self
    }

    /// A text member of the body.
    #[track_caller]
    pub fn text_of(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no text '{member}' in {}", self.text)).to_owned()
    }
}
