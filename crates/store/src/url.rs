//! Database URLs: the scheme chooses the engine, never a guess.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where a database is.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum DatabaseUrl {
    /// `sqlite://` and a path: one file, one process.
    Sqlite(PathBuf),
    /// `postgres://` or `postgresql://`, as libpq reads it.
    Postgres(String),
}

/// The URL names no engine that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDatabaseUrl;

impl fmt::Display for InvalidDatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    }
}

impl std::error::Error for InvalidDatabaseUrl {}

impl TryFrom<String> for DatabaseUrl {
    type Error = InvalidDatabaseUrl;

    fn try_from(text: String) -> Result<Self, InvalidDatabaseUrl> {
        Self::parse(&text)
    }
}

impl DatabaseUrl {
    /// Reads a URL from the settings.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains('\0') {
                return Err(InvalidDatabaseUrl);
            }
            return Ok(Self::Sqlite(Path::new(path).to_owned()));
        }
        let parsed = ::url::Url::parse(text).map_err(|_| InvalidDatabaseUrl)?;
        let named = !parsed.path().trim_start_matches('/').is_empty();
        match parsed.scheme() {
            "postgres" | "postgresql" if named => Ok(Self::Postgres(text.to_owned())),
            _ => Err(InvalidDatabaseUrl),
        }
    }

    /// The same server's maintenance database, and the name of this one; `None` for files.
    pub(crate) fn maintenance(&self) -> Option<(String, String)> {
        let Self::Postgres(text) = self else { return None };
        let mut parsed = ::url::Url::parse(text).ok()?;
        let name = parsed.path().trim_start_matches('/').to_owned();
        parsed.set_path("/postgres");
        Some((parsed.into(), name))
    }
}

/// What libpq is told where the URL says nothing: a server that stands still, or a network that swallows everything, is given
/// up after some seconds. Without, a connection to a host that is gone would be waited for until the kernel gives up, for
/// minutes or hours.
const LIMITS: [(&str, &str); 5] = [
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "2"),
    ("tcp_user_timeout", "10000"),
];

/// The URL of a PostgreSQL database, as libpq is given it.
pub(crate) fn with_limits(text: &str) -> String {
    let Ok(mut parsed) = ::url::Url::parse(text) else { return text.to_owned() };
    for (name, value) in LIMITS {
        if !parsed.query_pairs().any(|(given, _)| given == name) {
            parsed.query_pairs_mut().append_pair(name, value);
        }
    }
    parsed.into()
}

/// The password of a PostgreSQL URL is not shown.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(text) => match ::url::Url::parse(text) {
                Ok(mut parsed) => {
                    if parsed.password().is_some() && parsed.set_password(Some("hidden")).is_err() {
                        return f.write_str("postgres://[hidden]");
                    }
                    f.write_str(parsed.as_str())
                }
                Err(_) => f.write_str("postgres://[hidden]"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_about_limits_stands() {
        let url = with_limits("postgres://u:p%40ss@db:5432/auth?sslmode=require&connect_timeout=30");
        assert!(url.starts_with("postgres://u:p%40ss@db:5432/auth?sslmode=require&connect_timeout=30&keep"), "{url}");
        assert!(url.ends_with("&tcp_user_timeout=10000"), "{url}");
        assert_eq!(url.matches("connect_timeout").count(), 1);
    }

    #[test]
    fn the_scheme_chooses_the_engine_and_nothing_is_guessed() {
        assert_eq!(DatabaseUrl::parse("sqlite:///a/b.db"), Ok(DatabaseUrl::Sqlite("/a/b.db".into())));
        assert!(matches!(DatabaseUrl::parse("postgres://u:p@h:5/d"), Ok(DatabaseUrl::Postgres(_))));
        for wrong in ["", "b.db", "sqlite://", "mysql://h/d", "postgres://h", "file:///x"] {
            assert_eq!(DatabaseUrl::parse(wrong), Err(InvalidDatabaseUrl), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::parse("postgres://u:hunter2@h:5/d").unwrap();
        assert!(!format!("{url} {url:?}").contains("hunter2"));
    }
}
