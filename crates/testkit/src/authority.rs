//! An authority that makes certificates for tests, right ones and wrong ones.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// An authority with a key of its own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A fresh authority; all have the same name, so that only the key tells them apart.
    pub fn fresh() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Gatehouse test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// The certificate of the authority, as PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for these names or addresses, for clients and for servers.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |_| {})
    }

    /// As [`issue`](Self::issue), expired in 2001.
    pub fn issue_expired(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |params| params.not_after = date_time_ymd(2001, 1, 1))
    }

    /// As [`issue`](Self::issue), valid from the year 4000 on.
    pub fn issue_for_later(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |params| params.not_before = date_time_ymd(4000, 1, 1))
    }

    /// As [`issue`](Self::issue), for servers alone.
    pub fn issue_for_servers(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// How a client connects that believes these authorities and shows no certificate.
    pub(crate) fn client_config(authorities: &[&Self]) -> ClientConfig {
        let mut believed = RootCertStore::empty();
        for authority in authorities {
            believed.add(authority.issuer.der().clone()).unwrap();
        }
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(believed)
            .with_no_client_auth()
    }

    fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Issued { certificate, key: key.serialize_pem() }
    }
}

impl Issued {
    /// Writes `NAME.pem` and `NAME.key`, each whole at once.
    pub fn write(&self, folder: &Path, name: &str) {
        replace(&folder.join(format!("{name}.key")), &self.key);
        replace(&folder.join(format!("{name}.pem")), &self.certificate);
    }
}

/// Writes a file beside and moves it over the old one, as careful tools do.
pub fn replace(path: &Path, text: &str) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let unfinished = path.with_extension("unfinished");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::fs::rename(unfinished, path).unwrap();
}
