//! Files that cannot be used are told with the setting and the next step, and files that change count without a restart.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::ServerName;
use testkit::{Authority, Issued, replace};
use tokio::io::AsyncReadExt;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{MutualTlsSettings, Reloaded, TlsSettings, explain, mutual_client, mutual_server, server};
use crate::settings::SettingsError;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings { certificate: self.path().join("own.pem"), key: self.path().join("own.key") }
    }

    /// What is said of an HTTP listener that starts with these files.
    fn complaint(&self) -> String {
        server(&self.settings(), "http.tls").unwrap_err().to_string()
    }

    fn mutual_settings(&self) -> MutualTlsSettings {
        let TlsSettings { certificate, key } = self.settings();
        MutualTlsSettings { authority: self.path().join("authority.pem"), certificate, key }
    }

    fn mutual(&self) -> Result<Option<Arc<Reloaded<ServerConfig>>>, SettingsError> {
        mutual_server(&self.mutual_settings(), "grpc.tls")
    }

    fn mutual_client(&self) -> Arc<ClientConfig> {
        mutual_client(&self.mutual_settings(), "identity.tls").unwrap().unwrap().current()
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_with_the_next_step() {
    let (folder, authority) = (Folder::new(), Authority::fresh());
    let certificate = format!("{} ('http.tls.certificate')", folder.settings().certificate.display());
    let key = format!("{} ('http.tls.key')", folder.settings().key.display());
    assert_eq!(
        folder.complaint(),
        format!(
            "{certificate} cannot be read: No such file or directory (os error 2); name a PEM file that this process may read"
        )
    );
    let right = authority.issue(&["localhost"]);
    right.write(folder.path(), "own");
    assert!(server(&folder.settings(), "http.tls").unwrap().is_some());

    Issued { certificate: right.key.clone(), ..right.clone() }.write(folder.path(), "own");
    assert_eq!(folder.complaint(), format!("{certificate} holds no certificate; put it there in PEM form"));
    Issued { key: right.certificate.clone(), ..right.clone() }.write(folder.path(), "own");
    assert_eq!(
        folder.complaint(),
        format!("{key} holds no private key; put it there in PEM form, without a passphrase")
    );
    Issued { key: authority.issue(&["localhost"]).key, ..right.clone() }.write(folder.path(), "own");
    assert_eq!(
        folder.complaint(),
        format!(
            "the key {key} is not that of the certificate {certificate}; put the two there that were made together"
        )
    );
    authority.issue_expired(&["localhost"]).write(folder.path(), "own");
    assert_eq!(
        folder.complaint(),
        format!("the certificate {certificate} expired on 2001-01-01T00:00:00.000Z; put a renewed one there")
    );
    authority.issue_for_later(&["localhost"]).write(folder.path(), "own");
    assert_eq!(
        folder.complaint(),
        format!(
            "the certificate {certificate} is not valid before 4000-01-01T00:00:00.000Z; put another there, or set the clock \
             of this host right"
        )
    );

    right.write(folder.path(), "own");
    replace(&folder.path().join("authority.pem"), "no certificate");
    let named = format!("{} ('grpc.tls.authority')", folder.path().join("authority.pem").display());
    let complaint = folder.mutual().unwrap_err().to_string();
    assert_eq!(complaint, format!("{named} holds no certificate; put it there in PEM form"));
}

#[tokio::test]
async fn tls_is_whole_or_off() {
    let off = TlsSettings::default();
    assert!(server(&off, "http.tls").unwrap().is_none());
    let half = TlsSettings { certificate: PathBuf::from("/a.pem"), ..off };
    assert_eq!(
        server(&half, "http.tls").unwrap_err().to_string(),
        "'http.tls.key' is empty while other settings of 'http.tls' are not; name a PEM file there, or empty them all for \
         no TLS"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_used_leaves_what_was_until_it_can() {
    let (folder, authority) = (Folder::new(), Authority::fresh());
    authority.issue(&["localhost"]).write(folder.path(), "own");
    replace(&folder.path().join("authority.pem"), &authority.pem());
    let reloaded = folder.mutual().unwrap().unwrap();
    let first = reloaded.current();

    let next = authority.issue(&["localhost"]);
    replace(&folder.path().join("own.pem"), &next.certificate);
    looked().await;
    assert!(Arc::ptr_eq(&first, &reloaded.current()), "the certificate counts without its key");
    replace(&folder.path().join("own.key"), &next.key);
    looked().await;
    let second = reloaded.current();
    assert!(!Arc::ptr_eq(&first, &second), "the change does not count");

    authority.issue_expired(&["localhost"]).write(folder.path(), "own");
    looked().await;
    std::fs::remove_file(folder.path().join("authority.pem")).unwrap();
    looked().await;
    assert!(Arc::ptr_eq(&second, &reloaded.current()), "what cannot be used counts");
}

/// What each side says of a handshake: nothing when it succeeds. The caller reads too, since only then it hears a refusal.
async fn shake_hands(server: Arc<ServerConfig>, client: Arc<ClientConfig>, name: &'static str) -> [Option<String>; 2] {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let accepting = async {
        let accepted = TlsAcceptor::from(server).accept(near).await;
        accepted.err().map(|error| explain(&error, "grpc.tls"))
    };
    let connecting = async {
        let mut connected = TlsConnector::from(client).connect(ServerName::try_from(name).unwrap(), far).await?;
        match connected.read(&mut [0; 1]).await {
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    };
    let (accepted, connected) = tokio::join!(accepting, connecting);
    [accepted, connected.err().map(|error| explain(&error, "identity.tls"))]
}

#[tokio::test]
async fn a_wrong_certificate_is_refused_with_what_to_do() {
    let (one, other) = (Authority::fresh(), Authority::fresh());
    let (service, caller) = (Folder::new(), Folder::new());
    replace(&service.path().join("authority.pem"), &one.pem());
    one.issue(&["identity"]).write(service.path(), "own");
    let server = service.mutual().unwrap().unwrap().current();

    replace(&caller.path().join("authority.pem"), &one.pem());
    one.issue(&["auth-service"]).write(caller.path(), "own");
    let said = shake_hands(Arc::clone(&server), caller.mutual_client(), "identity").await;
    assert_eq!(said, [None, None]);

    let said = shake_hands(Arc::clone(&server), caller.mutual_client(), "elsewhere").await;
    let name =
        "its certificate is not for the name in the endpoint; give it one that has this name, or call it by another";
    assert_eq!(said[1].as_deref(), Some(name));

    replace(&caller.path().join("authority.pem"), &other.pem());
    let said = shake_hands(Arc::clone(&server), caller.mutual_client(), "identity").await;
    let unknown = |table: &str| {
        format!(
            "its certificate is of an authority that '{table}.authority' does not hold; give it one of that authority, or \
             add its authority there"
        )
    };
    assert_eq!(said[1], Some(unknown("identity.tls")));

    replace(&caller.path().join("authority.pem"), &one.pem());
    other.issue(&["auth-service"]).write(caller.path(), "own");
    let said = shake_hands(Arc::clone(&server), caller.mutual_client(), "identity").await;
    assert_eq!(said[0], Some(unknown("grpc.tls")));
    let told = said[1].as_deref().unwrap();
    assert!(told.starts_with("it refuses the connection (") && told.contains("'identity.tls.certificate'"), "{told}");

    one.issue_for_servers(&["auth-service"]).write(caller.path(), "own");
    let said = shake_hands(server, caller.mutual_client(), "identity").await;
    let purpose = "its certificate is not made for this side of a connection; give it one for clients and for servers";
    assert_eq!(said[0].as_deref(), Some(purpose));
}

/// Passes the time in which the files are looked at; the clock of the runtime is moved by hand.
async fn looked() {
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
}
