//! Asks a service as a client outside the containers does: curl, through the published ports.

use std::process::Command;

use serde_json::Value;

use super::docker::printed;
use crate::failure::{Failure, Result};

/// Longer than any answer may take; a service that hangs fails the check.
const PATIENCE: &str = "15";

/// A service behind a published port.
pub(super) struct Api {
    base: String,
}

pub(super) struct Answer {
    asked: String,
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Api {
    pub(super) fn at(port: u16) -> Self {
        Self { base: format!("http://127.0.0.1:{port}") }
    }

    pub(super) fn url(&self) -> &str {
        &self.base
    }

    pub(super) fn get(&self, path: &str, token: &str) -> Result<Answer> {
        self.ask(path, token, &[])
    }

    /// A GET with one parameter, percent-encoded.
    pub(super) fn query(&self, path: &str, name: &str, value: &str) -> Result<Answer> {
        self.ask(path, "", &["--get", "--data-urlencode", &format!("{name}={value}")])
    }

    /// Without a token where `token` is empty.
    pub(super) fn post(&self, path: &str, token: &str, body: &Value) -> Result<Answer> {
        self.ask(path, token, &["--header", "Content-Type: application/json", "--data", &body.to_string()])
    }

    pub(super) fn post_form(&self, path: &str, name: &str, value: &str) -> Result<Answer> {
        self.ask(path, "", &["--data-urlencode", &format!("{name}={value}")])
    }

    fn ask(&self, path: &str, token: &str, arguments: &[&str]) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            PATIENCE,
            "--write-out",
            "\n%{http_code}",
        ]);
        if !token.is_empty() {
            curl.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        let text = printed(curl.args(arguments).arg(&url))?;
        let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
        let status = status.parse().map_err(|_| Failure::new(format!("{url} gave no status")))?;
        Ok(Answer { asked: path.to_owned(), status, body: serde_json::from_str(body).unwrap_or(Value::Null) })
    }
}

impl Answer {
    /// Fails with the whole answer where the status is another.
    pub(super) fn expect(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(Failure::new(format!("{} answered {} instead of {status}: {}", self.asked, self.status, self.body)))
    }

    /// A text member of the answer.
    pub(super) fn text(&self, member: &str) -> Result<String> {
        let text = self.body[member].as_str();
        text.map(str::to_owned).ok_or_else(|| Failure::new(format!("{} answered no {member}", self.asked)))
    }
}
