//! Connections to one process over mutual TLS, and what is told when they are refused.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::tls::{Reloaded, explain};

/// Makes the connections to one endpoint.
pub(super) struct Connector {
    /// Host and port.
    address: (String, u16),
    /// Whom the certificate must name.
    server: ServerName<'static>,
    config: Arc<Reloaded<ClientConfig>>,
    table: String,
    /// What was last told of this endpoint, since a peer that is refused is tried several times a second.
    told: Mutex<String>,
}

impl Connector {
    pub(super) fn new(
        address: (String, u16),
        server: ServerName<'static>,
        config: Arc<Reloaded<ClientConfig>>,
        table: String,
    ) -> Self {
        Self { address, server, config, table, told: Mutex::default() }
    }

    /// One connection, under the configuration of this moment.
    pub(super) async fn connect(self: Arc<Self>) -> io::Result<TokioIo<Connection>> {
        let (host, port) = &self.address;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(self.config.current());
        match connector.connect(self.server.clone(), stream).await {
            Ok(stream) => Ok(TokioIo::new(Connection { stream, has_heard: false, connector: self })),
            Err(error) => {
                self.tell(&error);
                Err(error)
            }
        }
    }

    fn tell(&self, error: &io::Error) {
        let reason = explain(error, &self.table);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != reason {
            let (host, port) = &self.address;
            tracing::warn!(peer = %format_args!("{host}:{port}"), reason, "no connection to the other service");
            *told = reason;
        }
    }

    fn forget_told(&self) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A connection that tells why it is refused. In TLS 1.3 the other side judges our certificate after the handshake, and
/// what reads from the connection keeps the reason to itself.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    has_heard: bool,
    connector: Arc<Connector>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        match &read {
            Err(error) if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) => {
                self.connector.tell(error)
            }
            Ok(()) if !self.has_heard && buffer.filled().len() > before => {
                self.has_heard = true;
                self.connector.forget_told();
            }
            Ok(()) | Err(_) => {}
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
