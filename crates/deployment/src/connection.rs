//! HTTP as bytes over one kept connection: requests are made beforehand, answers are read as far as their length, so that a
//! tool costs as little as it can beside what it looks at.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer with the largest body of any that a tool asks for; a longer one is a mistake.
const LONGEST: usize = 1 << 20;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// One connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens it.
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 * 1024) })
    }

    /// Sends one request and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            self.receive().await?;
            if let Some(head) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") {
                break (head + 4, content_length(&self.buffer[..head])?);
            }
        };
        if length > LONGEST {
            return Err(std::io::Error::other("an answer is longer than any should be"));
        }
        while self.buffer.len() < head + length {
            self.receive().await?;
        }
        let status = std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|digits| digits.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other("an answer without a status"))?;
        Ok(Answer { status, body: self.buffer[head..head + length].to_vec() })
    }

    async fn receive(&mut self) -> std::io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(std::io::Error::other("the connection was closed")),
            _ => Ok(()),
        }
    }
}

/// Zero for an answer that has no body by its status (RFC 9110 §6.4.1).
fn content_length(head: &[u8]) -> std::io::Result<usize> {
    let head = std::str::from_utf8(head).map_err(std::io::Error::other)?;
    if head.get(9..12) == Some("204") {
        return Ok(0);
    }
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| std::io::Error::other("an answer without its length"))
}

/// A request with a body of JSON.
pub fn post(path: &str, bearer: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A request without a body.
pub fn get(path: &str, bearer: Option<&str>) -> Vec<u8> {
    let authorization = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\r\n").into_bytes()
}

/// A request with a form as its body.
pub fn post_form(path: &str, form: &str) -> Vec<u8> {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_its_length() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 42").unwrap(), 42);
        assert_eq!(content_length(b"HTTP/1.1 204 No Content\r\nx: 1").unwrap(), 0);
        assert!(content_length(b"HTTP/1.1 200 OK\r\nx: 1").is_err());
    }
}
