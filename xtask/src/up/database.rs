//! Where each service keeps its rows: a SQLite file each, or two databases of one PostgreSQL server.

use super::data::DataFolder;
use crate::binaries::{AUTH, IDENTITY};
use crate::failure::{Failure, Result};

/// The database URLs of both services.
pub(crate) struct Databases {
    pub(crate) auth: String,
    pub(crate) identity: String,
    are_on_a_server: bool,
}

impl Databases {
    pub(crate) fn choose(server: Option<&str>, data: &DataFolder) -> Result<Self> {
        let Some(url) = server else {
            return Ok(Self {
                auth: data.sqlite_url(AUTH),
                identity: data.sqlite_url(IDENTITY),
                are_on_a_server: false,
            });
        };
        let refused = || {
            Failure::new("--database takes a PostgreSQL URL such as postgres://user:password@127.0.0.1:5432/gatehouse")
        };
        let (location, parameters) = url
            .split_once('?')
            .map_or((url, String::new()), |(location, parameters)| (location, format!("?{parameters}")));
        let (scheme, rest) = location.split_once("://").ok_or_else(refused)?;
        let (host, name) = rest.split_once('/').ok_or_else(refused)?;
        let plain = |name: &str| name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        if !matches!(scheme, "postgres" | "postgresql") || host.is_empty() || name.is_empty() || !plain(name) {
            return Err(refused());
        }
        let of = |service: &str| format!("{scheme}://{host}/{name}_{service}{parameters}");
        Ok(Self { auth: of("auth"), identity: of("identity"), are_on_a_server: true })
    }

    /// What `migrate` is told besides. A file comes and goes with the data folder; a database on a server is made by
    /// the service itself, which brings the client library.
    pub(crate) fn preparation(&self, fresh: bool) -> &'static [&'static str] {
        match (self.are_on_a_server, fresh) {
            (false, _) => &[],
            (true, false) => &["--create-database"],
            (true, true) => &["--drop-database", "--create-database"],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn choose(server: Option<&str>) -> Option<[String; 2]> {
        let data = DataFolder::at(Some(Path::new("/srv/gate house"))).unwrap();
        Databases::choose(server, &data).ok().map(|databases| [databases.auth, databases.identity])
    }

    #[test]
    fn files_lie_in_the_data_folder() {
        let expected = ["sqlite:///srv/gate house/auth.db", "sqlite:///srv/gate house/identity.db"];
        assert_eq!(choose(None), Some(expected.map(str::to_owned)));
    }

    #[test]
    fn a_server_holds_a_database_for_each_service() {
        let expected =
            ["postgres://u:p@h:5432/gate_auth?sslmode=require", "postgres://u:p@h:5432/gate_identity?sslmode=require"];
        assert_eq!(choose(Some("postgres://u:p@h:5432/gate?sslmode=require")), Some(expected.map(str::to_owned)));
    }

    #[test]
    fn anything_else_is_refused() {
        for url in
            ["", "gate", "mysql://h/gate", "postgres://h", "postgres://h/", "postgres:///gate", "postgres://h/a/b"]
        {
            assert_eq!(choose(Some(url)), None, "{url}");
        }
    }
}
