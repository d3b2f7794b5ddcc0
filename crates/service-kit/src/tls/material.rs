//! Certificates, keys and authorities out of PEM files; whatever cannot be used is told with its setting and its file.

use std::time::Duration;

use domain::{Clock, SystemClock, Timestamp};
use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::settings::{IdentityFiles, NamedFile};
use crate::settings::{SettingsError, read_private};

/// How long before its end a certificate is warned of.
const WARNING: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Reads a certificate with its key, which must fit together and be valid now.
pub(super) fn read_identity(files: &IdentityFiles) -> Result<CertifiedKey, SettingsError> {
    let IdentityFiles { certificate, key } = files;
    let chain = read_certificates(certificate)?;
    let private = read_private(&key.path, &format!("file named by '{}',", key.setting))?;
    let private = PrivateKeyDer::from_pem_slice(private.expose().as_bytes()).map_err(|_| {
        SettingsError::new(format!("{key} holds no private key; put it there in PEM form, without a passphrase"))
    })?;
    let identity = CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| {
        SettingsError::new(if matches!(error, Error::InconsistentKeys(_)) {
            format!(
                "the key {key} is not that of the certificate {certificate}; put the two there that were made together"
            )
        } else {
            format!("the key {key} cannot be used with the certificate {certificate} ({error}); make both anew")
        })
    })?;
    require_valid_now(certificate, &identity)?;
    Ok(identity)
}

/// Reads the authorities that are believed.
pub(super) fn read_authorities(file: &NamedFile) -> Result<RootCertStore, SettingsError> {
    let mut authorities = RootCertStore::empty();
    for certificate in read_certificates(file)? {
        authorities.add(certificate).map_err(|error| {
            SettingsError::new(format!("{file} holds a certificate that is no authority's ({error}); take it out"))
        })?;
    }
    Ok(authorities)
}

fn read_certificates(file: &NamedFile) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let text = std::fs::read(&file.path).map_err(|error| {
        SettingsError::new(format!("{file} cannot be read: {error}; name a PEM file that this process may read"))
    })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(SettingsError::new(format!("{file} holds no certificate; put it there in PEM form"))),
    }
}

fn require_valid_now(file: &NamedFile, identity: &CertifiedKey) -> Result<(), SettingsError> {
    let unreadable = |error: String| SettingsError::new(format!("the certificate {file} cannot be read: {error}"));
    let first = identity.cert.first().ok_or_else(|| unreadable("there is none".to_owned()))?;
    let (from, until) = validity(first).map_err(|error| unreadable(error.to_string()))?;
    let now = SystemClock.now();
    if now < from {
        return Err(SettingsError::new(format!(
            "the certificate {file} is not valid before {from}; put another there, or set the clock of this host right"
        )));
    }
    if until < now {
        return Err(SettingsError::new(format!("the certificate {file} expired on {until}; put a renewed one there")));
    }
    if until < now.plus(WARNING) {
        tracing::warn!(file = %file, %until, "a certificate expires soon; put a renewed one there, no restart is needed");
    }
    Ok(())
}

/// From when until when a certificate is valid, as its verification at the ends of time tells.
fn validity(certificate: &CertificateDer<'_>) -> Result<(Timestamp, Timestamp), webpki::Error> {
    let certificate = EndEntityCert::try_from(certificate)?;
    let at = |time| {
        let fault = certificate.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err();
        fault.unwrap_or(webpki::Error::BadDerTime)
    };
    let seconds = |time: UnixTime| Timestamp::from_seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let from = if let webpki::Error::CertNotValidYet { not_before, .. } = at(UnixTime::since_unix_epoch(Duration::ZERO))
    {
        seconds(not_before)
    } else {
        // Valid since the beginning of time: what is wrong shows at its end.
        Timestamp::from_seconds(0)
    };
    let end = at(UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX)));
    if let webpki::Error::CertExpired { not_after, .. } = end { Ok((from, seconds(not_after))) } else { Err(end) }
}
