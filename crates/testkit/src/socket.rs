//! A bare connection, for clients that do not keep to HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to a service.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Socket {
    /// Connects to a base URL such as `http://127.0.0.1:4000`.
    pub async fn connect(base: &str) -> Self {
        Self(TcpStream::connect(base.trim_start_matches("http://")).await.unwrap())
    }

    /// Sends some bytes; false once the service has ended the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// What comes until the service ends the connection.
    ///
    /// # Panics
    /// When it does not within `patience`.
    pub async fn until_closed(&mut self, patience: Duration) -> String {
        let mut answer = Vec::new();
        let reading = async {
            let mut part = [0; 4_096];
            // A connection that is reset has ended as well.
            while let Ok(count @ 1..) = self.0.read(&mut part).await {
                answer.extend_from_slice(&part[..count]);
            }
        };
        tokio::time::timeout(patience, reading).await.expect("the service keeps the connection");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The first bytes that come; nothing when the service ends the connection instead.
    pub async fn first(&mut self) -> String {
        let mut part = [0; 4_096];
        let count = self.0.read(&mut part).await.unwrap_or_default();
        String::from_utf8_lossy(&part[..count]).into_owned()
    }

    /// Hands the connection over.
    pub fn into_inner(self) -> TcpStream {
        self.0
    }
}
