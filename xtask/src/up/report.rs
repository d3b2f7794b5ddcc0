//! What a started pair tells: to a person on the terminal, to a script in a file.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;

use tempfile::NamedTempFile;

use super::addresses::Addresses;
use super::data::{DataFolder, Pids, Secrets};
use crate::binaries::{AUTH, IDENTITY};
use crate::certs::Certificates;
use crate::failure::{Failure, Result};
use crate::walkthrough::Walkthrough;

const ADMINISTRATOR: &str = "admin";

pub(super) struct Report<'pair> {
    pub(super) addresses: &'pair Addresses,
    pub(super) secrets: &'pair Secrets,
    /// Present where the pair speaks TLS.
    pub(super) certificates: Option<&'pair Certificates>,
    pub(super) data: &'pair DataFolder,
    pub(super) pids: Pids,
}

impl Report<'_> {
    /// The addresses, the way in, and both ways to paste.
    pub(super) fn text(&self, detached: bool) -> String {
        let Addresses { auth, identity } = self.addresses;
        let url = |address| self.url(address);
        let pages = |address| format!("{}/docs/", url(address));
        let row = |title: &str, auth: String, identity: String| format!("  {title:<12}{auth:<33}{identity}\n");
        let table = [
            row("", AUTH.to_owned(), IDENTITY.to_owned()),
            row("HTTP", url(auth.http), url(identity.http)),
            row("API pages", pages(auth.http), pages(identity.http)),
            row("gRPC", auth.grpc.to_string(), identity.grpc.to_string()),
            row("operations", plain_url(auth.operations), plain_url(identity.operations)),
        ]
        .concat();
        let end = if detached {
            format!("Both keep running; stop them with: cargo xtask down --data {}", self.data.path().display())
        } else {
            "Ctrl-C stops both. Their logs:".to_owned()
        };
        let password = self.secrets.admin_password.display();
        let ways = self.walkthrough().text();
        format!(
            "\nGatehouse is ready.\n\n{table}\n  Administrator: {ADMINISTRATOR}, password in {password}\n\n\
             Both ways, to paste into a shell from top to bottom:\n\n{ways}\n{end}\n"
        )
    }

    /// Written beside and then moved, readable for its owner alone: who finds the file finds all of it.
    pub(super) fn write_env_file(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(path);
        let content = self.env_file()?;
        NamedTempFile::new_in(folder)
            .and_then(|mut file| file.write_all(content.as_bytes()).map(|()| file))
            .and_then(|file| file.persist(path).map_err(|refused| refused.error))
            .map(drop)
            .map_err(Failure::on("write", path))
    }

    fn env_file(&self) -> Result<String> {
        let Addresses { auth, identity } = self.addresses;
        let password = &self.secrets.admin_password;
        let password = fs::read_to_string(password).map_err(Failure::on("read", password))?;
        let pairs = [
            ("AUTH_URL", self.url(auth.http)),
            ("IDENTITY_URL", self.url(identity.http)),
            ("AUTH_GRPC", auth.grpc.to_string()),
            ("IDENTITY_GRPC", identity.grpc.to_string()),
            ("ADMIN_USER", ADMINISTRATOR.to_owned()),
            ("ADMIN_PASSWORD", password.trim().to_owned()),
            ("AUTH_OPS", plain_url(auth.operations)),
            ("IDENTITY_OPS", plain_url(identity.operations)),
            ("AUTH_PID", self.pids.auth_service.to_string()),
            ("IDENTITY_PID", self.pids.identity_service.to_string()),
        ];
        let authority = self.certificates.map(|made| ("AUTHORITY_FILE", made.authority().display().to_string()));
        Ok(pairs.into_iter().chain(authority).map(|(name, value)| format!("{name}={value}\n")).collect())
    }

    fn walkthrough(&self) -> Walkthrough {
        let Addresses { auth, identity } = self.addresses;
        Walkthrough {
            auth_url: self.url(auth.http),
            identity_url: self.url(identity.http),
            password_file: self.secrets.admin_password.display().to_string(),
            authority_file: self.certificates.map(|made| made.authority().display().to_string()),
        }
    }

    /// Where clients reach a listener.
    fn url(&self, address: SocketAddr) -> String {
        if self.certificates.is_some() { format!("https://{address}") } else { plain_url(address) }
    }
}

/// A script that waits for the file must not find the one of an earlier start.
pub(super) fn remove_env_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Failure::on("replace", path)(cause)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn plain_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_finds_every_line_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::at(Some(&folder.path().join("data"))).unwrap();
        data.claim().unwrap();
        let secrets = data.secrets().unwrap();
        fs::write(&secrets.admin_password, "Pa55-word\n").unwrap();
        let addresses = Addresses::choose(None);
        let pids = Pids { auth_service: 7, identity_service: 8 };
        let path = folder.path().join("gatehouse.env");
        let mut report = Report { addresses: &addresses, secrets: &secrets, certificates: None, data: &data, pids };
        report.write_env_file(&path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "AUTH_URL=http://127.0.0.1:4000\nIDENTITY_URL=http://127.0.0.1:4001\nAUTH_GRPC=127.0.0.1:4010\n\
             IDENTITY_GRPC=127.0.0.1:4011\nADMIN_USER=admin\nADMIN_PASSWORD=Pa55-word\nAUTH_OPS=http://127.0.0.1:9400\n\
             IDENTITY_OPS=http://127.0.0.1:9401\nAUTH_PID=7\nIDENTITY_PID=8\n"
        );
        let certificates = Certificates::at(folder.path().join("tls"));
        report.certificates = Some(&certificates);
        report.write_env_file(&path).unwrap();
        let over_tls = fs::read_to_string(&path).unwrap();
        assert!(over_tls.starts_with("AUTH_URL=https://127.0.0.1:4000\n"), "{over_tls}");
        let authority = format!("\nAUTHORITY_FILE={}\n", certificates.authority().display());
        assert!(over_tls.ends_with(&authority), "{over_tls}");
    }
}
