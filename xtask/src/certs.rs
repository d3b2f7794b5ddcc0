//! `cargo xtask certs`: an authority for development, and certificates of it for both services.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{self, Path, PathBuf};

use clap::Args;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use crate::binaries::{AUTH, IDENTITY};
use crate::failure::{Failure, Result};
use crate::progress;
use crate::workspace;

/// The names of every certificate beside the one of its service.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const AUTHORITY_LIFE: Duration = Duration::days(3650);
const LIFE: Duration = Duration::days(365);
/// Clocks differ.
const SKEW: Duration = Duration::hours(1);

#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the files [default: deploy/secrets/tls in the workspace]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Names and addresses by which the services are reached, beside their own name and loopback
    #[arg(long, value_name = "HOST,HOST", value_delimiter = ',')]
    hosts: Vec<String>,
    /// Others that call over gRPC, such as `resource-server` or `envoy`, each of which gets a certificate of its own
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    callers: Vec<String>,
}

/// The folder with `authority.pem`, `authority.key`, and a certificate and a key for each service.
pub(crate) struct Certificates {
    folder: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = options.out.clone().unwrap_or_else(|| workspace::root().join("deploy/secrets/tls"));
    let folder = path::absolute(&folder).map_err(Failure::on("find", &folder))?;
    let certificates = Certificates::at(folder);
    let is_new = certificates.make(&options.hosts)?;
    certificates.issue_to(&options.callers)?;
    progress::say(&certificates.report(is_new, &options.hosts));
    Ok(())
}

impl Certificates {
    /// The given folder; nothing is touched yet.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes fresh certificates of the authority there, and the authority where there is none; true when it was made.
    pub(crate) fn make(&self, hosts: &[String]) -> Result<bool> {
        let [auth, identity] = [params(AUTH, hosts)?, params(IDENTITY, hosts)?];
        self.make_folder()?;
        let (issuer, is_new) = self.authority_to_issue()?;
        for (service, params) in [(AUTH, auth), (IDENTITY, identity)] {
            let key = KeyPair::generate().map_err(cannot_make)?;
            let certificate = params.signed_by(&key, &issuer).map_err(cannot_make)?;
            // A running service that reads between the two keeps what it has until both fit together.
            self.write(&self.key(service), &key.serialize_pem())?;
            self.write(&self.certificate(service), &certificate.pem())?;
        }
        Ok(is_new)
    }

    /// Makes certificates for others that call; the DNS name in it is what the services know a caller by.
    fn issue_to(&self, callers: &[String]) -> Result<()> {
        for name in callers {
            let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            if !is_plain || [AUTH, IDENTITY, "authority"].contains(&name.as_str()) {
                return Err(Failure::new(format!(
                    "--callers holds '{name}'; write names in lower-case letters and hyphens, and none of a service"
                )));
            }
            let (issuer, _) = self.authority_to_issue()?;
            let key = KeyPair::generate().map_err(cannot_make)?;
            let certificate = params(name, &[])?.signed_by(&key, &issuer).map_err(cannot_make)?;
            self.write(&self.key(name), &key.serialize_pem())?;
            self.write(&self.certificate(name), &certificate.pem())?;
        }
        Ok(())
    }

    /// What the settings of a service need, as environment variables: TLS at both its edges and towards the other.
    pub(crate) fn settings(&self, service: &str) -> Vec<(String, String)> {
        let (prefix, peer) = if service == AUTH { ("AUTH", "IDENTITY") } else { ("IDENTITY", "AUTH") };
        let mut settings = Vec::new();
        for table in ["HTTP", "GRPC", peer] {
            let mut set = |name: &str, file: &Path| {
                settings.push((format!("GATEHOUSE_{prefix}__{table}__TLS__{name}"), file.display().to_string()));
            };
            if table != "HTTP" {
                set("AUTHORITY", &self.authority());
            }
            set("CERTIFICATE", &self.certificate(service));
            set("KEY", &self.key(service));
        }
        settings
    }

    /// The certificate that clients must believe.
    pub(crate) fn authority(&self) -> PathBuf {
        self.certificate("authority")
    }

    /// Every file, existing or not.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        ["authority", AUTH, IDENTITY].iter().flat_map(|name| [self.certificate(name), self.key(name)]).collect()
    }

    fn certificate(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// The authority in the folder, which is never replaced: whoever believes it would refuse what comes of another.
    fn authority_to_issue(&self) -> Result<(Issuer<'static, KeyPair>, bool)> {
        let (certificate, key) = (self.authority(), self.key("authority"));
        match (certificate.exists(), key.exists()) {
            (true, true) => {
                let text = fs::read_to_string(&key).map_err(Failure::on("read", &key))?;
                let pair = KeyPair::from_pem(&text).map_err(|cause| {
                    Failure::new(format!("{} is no key ({cause}); bring the right one back", key.display()))
                })?;
                Ok((Issuer::new(authority_params(), pair), false))
            }
            (false, false) => {
                let pair = KeyPair::generate().map_err(cannot_make)?;
                let made = authority_params().self_signed(&pair).map_err(cannot_make)?;
                self.write(&key, &pair.serialize_pem())?;
                self.write(&certificate, &made.pem())?;
                Ok((Issuer::new(authority_params(), pair), true))
            }
            (_, _) => Err(Failure::new(format!(
                "only one of {} and {} exists; bring the other back, or remove it for a new authority",
                certificate.display(),
                key.display()
            ))),
        }
    }

    fn report(&self, is_new: bool, hosts: &[String]) -> String {
        let folder = self.folder.display();
        let done = if is_new {
            format!("Made an authority and certificates of it in {folder}.")
        } else {
            format!("Renewed the certificates in {folder}; their authority is the same.")
        };
        let names = LOOPBACK.into_iter().chain(hosts.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
        let lines = |service| {
            let settings = self.settings(service);
            settings.into_iter().map(|(name, file)| format!("  {name}={file}\n")).collect::<String>()
        };
        format!(
            "{done}\nThey are for the service's name, {names}, and {} days. Running services read them again by themselves.\n\n\
             {AUTH}:\n{}\n{IDENTITY}:\n{}\nThe endpoints of each other begin with https:// then. Clients believe {}, such as with\n\
             `curl --cacert`. Keep authority.key away from servers: it says who may call.\n",
            LIFE.whole_days(),
            lines(AUTH),
            lines(IDENTITY),
            self.authority().display(),
        )
    }

    fn make_folder(&self) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(Failure::on("create", &self.folder))?;
        let around = self.folder.parent().unwrap_or(&self.folder);
        give_to_owner_of(around, &self.folder)
    }

    /// Written beside, for its owner alone, and then moved, so that a reader finds all of it.
    fn write(&self, path: &Path, text: &str) -> Result<()> {
        let unfinished = path.with_added_extension("new");
        match fs::remove_file(&unfinished) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(Failure::on("remove", &unfinished)(cause)),
            Ok(()) | Err(_) => {}
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(Failure::on("write", &unfinished))?;
        give_to_owner_of(&self.folder, &unfinished)?;
        fs::rename(&unfinished, path).map_err(Failure::on("write", path))
    }
}

/// A certificate for clients and for servers. The name of the service says who calls, so no certificate has both names.
fn params(service: &str, hosts: &[String]) -> Result<CertificateParams> {
    if let Some(name) = hosts.iter().find(|host| [AUTH, IDENTITY].contains(&host.as_str())) {
        return Err(Failure::new(format!(
            "--hosts holds {name}, the name of a service, which its own certificate has anyway; leave it out"
        )));
    }
    let names = [service].into_iter().chain(LOOPBACK).chain(hosts.iter().map(String::as_str));
    let mut params = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>())
        .map_err(|cause| Failure::new(format!("--hosts holds what is no host ({cause}); write HOST,HOST")))?;
    params.distinguished_name.push(DnType::CommonName, service);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    set_life(&mut params, LIFE);
    Ok(params)
}

/// The same at every run, since certificates name their authority by it.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Gatehouse development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_life(&mut params, AUTHORITY_LIFE);
    params
}

fn set_life(params: &mut CertificateParams, life: Duration) {
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - SKEW, now + life);
}

/// What root makes must be read by who runs the services, to whom the folder around it belongs.
fn give_to_owner_of(around: &Path, made: &Path) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = fs::metadata(around).map_err(Failure::on("read", around))?;
    chown(made, Some(owner.uid()), Some(owner.gid())).map_err(Failure::on("give away", made))
}

fn cannot_make(cause: rcgen::Error) -> Failure {
    Failure::new(format!("cannot make a certificate: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_caller_gets_a_certificate_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::at(folder.path().to_owned());
        certificates.make(&[]).unwrap();
        certificates.issue_to(&["envoy".to_owned()]).unwrap();
        assert!(read(&certificates.certificate("envoy")).contains("BEGIN CERTIFICATE"));
        for wrong in ["", "../x", AUTH, "authority"] {
            let sentence = certificates.issue_to(&[wrong.to_owned()]).unwrap_err().to_string();
            assert!(sentence.contains("--callers"), "{sentence}");
        }
    }

    #[test]
    fn a_second_run_renews_under_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::at(folder.path().join("secrets/tls"));
        assert!(certificates.make(&["gatehouse.example".to_owned(), "192.0.2.7".to_owned()]).unwrap());
        let files = certificates.all();
        for file in &files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        let first: Vec<String> = files.iter().map(|file| read(file)).collect();
        assert!(!certificates.make(&[]).unwrap());
        let second: Vec<String> = files.iter().map(|file| read(file)).collect();
        for (index, file) in files.iter().enumerate() {
            let is_authority = file.to_string_lossy().contains("authority");
            assert_eq!(first[index] == second[index], is_authority, "{}", file.display());
        }
    }

    #[test]
    fn half_an_authority_is_not_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::at(folder.path().to_owned());
        certificates.make(&[]).unwrap();
        fs::remove_file(certificates.key("authority")).unwrap();
        let sentence = certificates.make(&[]).unwrap_err().to_string();
        assert!(sentence.starts_with("only one of ") && sentence.contains("bring the other back"), "{sentence}");
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::at(folder.path().to_owned());
        let sentence = certificates.make(&["höst".to_owned()]).unwrap_err().to_string();
        assert!(sentence.starts_with("--hosts holds what is no host"), "{sentence}");
        let sentence = certificates.make(&[IDENTITY.to_owned()]).unwrap_err().to_string();
        assert!(sentence.starts_with("--hosts holds identity-service, the name of a service"), "{sentence}");
        assert!(!certificates.authority().exists());
    }
}
