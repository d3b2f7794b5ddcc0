//! Takes connections over mutual TLS. Handshakes run beside each other and are bounded, so that none holds up the rest.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::tls::{Reloaded, explain};

/// Handshakes at a time; who comes then waits in the queue of the kernel.
const HANDSHAKES: usize = 256;
/// How long one handshake may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The pause after a connection could not be taken, as when there are no file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

type Connection = TlsStream<TcpStream>;

/// The connections whose handshake succeeded, each under the configuration of its moment; ends with `stop`.
pub(super) fn accept(
    listener: TcpListener,
    config: Arc<Reloaded<ServerConfig>>,
    table: &'static str,
    stop: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let permits = Arc::new(Semaphore::new(HANDSHAKES));
        loop {
            let (permit, stream, address) = tokio::select! {
                () = stop.cancelled() => return,
                next = next(&listener, &permits) => next,
            };
            let (config, sender) = (config.current(), sender.clone());
            tokio::spawn(async move {
                if let Some(connection) = shake_hands(stream, address, config, table).await {
                    // While the process stops nobody takes it any more.
                    let _ = sender.send(Ok(connection)).await;
                }
                drop(permit);
            });
        }
    });
    ReceiverStream::new(receiver)
}

async fn next(listener: &TcpListener, permits: &Arc<Semaphore>) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    loop {
        match (Arc::clone(permits).acquire_owned().await, listener.accept().await) {
            (Ok(permit), Ok((stream, address))) => return (permit, stream, address),
            (Ok(_), Err(error)) => tracing::warn!(%error, "a gRPC connection could not be taken"),
            // Nobody closes the semaphore.
            (Err(_), _) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn shake_hands(
    stream: TcpStream,
    address: SocketAddr,
    config: Arc<ServerConfig>,
    table: &str,
) -> Option<Connection> {
    // Without it a call only takes longer.
    let _ = stream.set_nodelay(true);
    match tokio::time::timeout(PATIENCE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::warn!(caller = %address, reason = explain(&error, table), "a gRPC caller was refused");
            None
        }
        Err(_) => {
            tracing::warn!(caller = %address, "a gRPC caller was refused: its TLS handshake took too long");
            None
        }
    }
}
