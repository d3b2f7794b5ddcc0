//! Asks a running process of the same service whether it is ready: the health check of an image without shell and curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::settings::{OperationsSettings, SettingsError};

/// How long each step of the question may take; less than the check of a container may.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer about readiness is a few lines; more is not read.
const ANSWER_LIMIT: u64 = 16 * 1024;

/// Asks the operations listener that the settings name, from the same host or container.
///
/// # Errors
/// A sentence with what the process says is missing, or that it does not answer.
pub fn ask(operations: &OperationsSettings) -> Result<(), SettingsError> {
    let address = reachable(operations.listen);
    let answer = question(address)
        .map_err(|error| SettingsError::new(format!("nothing answers at {address} (operations.listen): {error}")))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim();
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let reason = if body.is_empty() { "it does not say why" } else { body };
    Err(SettingsError::new(format!("the process at {address} is not ready: {reason}")))
}

/// A listener on every address is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn question(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// The settings of a process that gives one answer to one question.
    fn answering(answer: &'static str) -> OperationsSettings {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // All of it: a connection that is closed with something unread is reset.
            let mut question = Vec::new();
            while !question.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                question.extend(byte);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        OperationsSettings { listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)) }
    }

    #[test]
    fn only_200_is_ready() {
        assert_eq!(ask(&answering("HTTP/1.1 200 OK\r\n\r\n{}")), Ok(()));
        assert!(ask(&answering("HTTP/1.1 404 Not Found\r\n\r\n")).is_err());
        assert!(ask(&answering("")).is_err());
    }

    #[test]
    fn what_is_missing_is_said() {
        let refused = ask(&answering("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"stream\":false}")).unwrap_err();
        assert!(refused.to_string().ends_with(r#"is not ready: {"stream":false}"#), "{refused}");
    }

    #[test]
    fn a_process_that_is_not_there_is_not_ready() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let listen = listener.local_addr().unwrap();
        drop(listener);
        let refused = ask(&OperationsSettings { listen }).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("nothing answers at {listen}")), "{refused}");
    }
}
