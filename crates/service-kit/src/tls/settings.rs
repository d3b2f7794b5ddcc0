//! The tables of the settings that turn TLS on.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::settings::SettingsError;

/// The `[http.tls]` table: what the listener shows to clients. Empty paths mean plain HTTP.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TlsSettings {
    /// The certificate, then its intermediates, as PEM.
    pub certificate: PathBuf,
    /// The private key of the certificate, as PEM.
    pub key: PathBuf,
}

/// The `[grpc.tls]` table, and the one of a peer: what this process shows, and whose certificates it believes. Empty
/// paths mean no TLS, which is for loopback alone.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct MutualTlsSettings {
    /// The authorities of which the other side's certificate must come, as PEM.
    pub authority: PathBuf,
    /// The certificate, then its intermediates, as PEM.
    pub certificate: PathBuf,
    /// The private key of the certificate, as PEM.
    pub key: PathBuf,
}

/// A file, and the setting that names it.
#[derive(Clone, Debug)]
pub(super) struct NamedFile {
    pub(super) setting: String,
    pub(super) path: PathBuf,
}

/// The files of a certificate and of its key.
#[derive(Clone, Debug)]
pub(super) struct IdentityFiles {
    pub(super) certificate: NamedFile,
    pub(super) key: NamedFile,
}

impl TlsSettings {
    /// The files, or none where TLS is off. `table` is the name of this table.
    pub(super) fn files(&self, table: &str) -> Result<Option<IdentityFiles>, SettingsError> {
        let all = all_or_none(table, [("certificate", &self.certificate), ("key", &self.key)])?;
        Ok(all.map(|[certificate, key]| IdentityFiles { certificate, key }))
    }
}

impl MutualTlsSettings {
    /// The file of the authorities and those of the own certificate, or none where TLS is off.
    pub(super) fn files(&self, table: &str) -> Result<Option<(NamedFile, IdentityFiles)>, SettingsError> {
        let settings = [("authority", &self.authority), ("certificate", &self.certificate), ("key", &self.key)];
        let all = all_or_none(table, settings)?;
        Ok(all.map(|[authority, certificate, key]| (authority, IdentityFiles { certificate, key })))
    }
}

/// `/a/file ('http.tls.key')`.
impl fmt::Display for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ('{}')", self.path.display(), self.setting)
    }
}

fn all_or_none<const N: usize>(
    table: &str,
    settings: [(&str, &PathBuf); N],
) -> Result<Option<[NamedFile; N]>, SettingsError> {
    let is_empty = |path: &Path| path.as_os_str().is_empty();
    let missing = settings.iter().find(|(_, path)| is_empty(path));
    match missing {
        None => {
            Ok(Some(settings.map(|(name, path)| NamedFile { setting: format!("{table}.{name}"), path: path.clone() })))
        }
        Some(_) if settings.iter().all(|(_, path)| is_empty(path)) => Ok(None),
        Some((name, _)) => Err(SettingsError::new(format!(
            "'{table}.{name}' is empty while other settings of '{table}' are not; name a PEM file there, or empty them all \
             for no TLS"
        ))),
    }
}
