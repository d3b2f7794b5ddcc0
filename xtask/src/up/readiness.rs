//! Asks a service whether it is ready, at its operations listener, which speaks plain HTTP whatever the others do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);
/// An answer about readiness is a few lines; more is not read.
const ANSWER_LIMIT: u64 = 16 * 1024;

/// Whether `GET /readyz` answers 200.
pub(super) fn is_ready(address: SocketAddr) -> bool {
    ask(address).is_some_and(|answer| status(&answer) == Some(200))
}

/// What the operations listener says is missing, as one line.
pub(super) fn what_is_missing(operations: SocketAddr) -> String {
    let answer = ask(operations).unwrap_or_default();
    match answer.split_once("\r\n\r\n").map(|(_, body)| body.trim()) {
        Some(body) if !body.is_empty() => body.lines().collect::<Vec<_>>().join(" "),
        Some(_) | None => "it does not say why".to_owned(),
    }
}

fn ask(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let question = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// A server that gives one answer to one question.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
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
        address
    }

    #[test]
    fn only_200_is_ready() {
        assert!(is_ready(answering("HTTP/1.1 200 OK\r\n\r\n")));
        assert!(!is_ready(answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")));
        assert!(!is_ready(answering("")));
    }

    #[test]
    fn the_reason_is_one_line() {
        let address = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n{\n  \"stream\": \"stale\"\n}\n");
        assert_eq!(what_is_missing(address), "{   \"stream\": \"stale\" }");
    }
}
