//! Takes connections over mutual TLS. Handshakes run beside each other and are bounded, so that none holds up the rest.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::incoming;
use crate::tls::{Reloaded, explain};

/// Handshakes at a time; who comes then waits in the queue of the kernel.
const HANDSHAKES: usize = 256;
/// How long one handshake may take.
const PATIENCE: Duration = Duration::from_secs(3);

type Connection = incoming::Connection<TlsStream<TcpStream>>;

/// The connections whose handshake succeeded, each under the configuration of its moment, at most `most` at a time; ends
/// with `stop`.
pub(super) fn over_tls(
    listener: TcpListener,
    most: usize,
    config: Arc<Reloaded<ServerConfig>>,
    table: &'static str,
    stop: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let (handshakes, places) = (Arc::new(Semaphore::new(HANDSHAKES)), Arc::new(Semaphore::new(most)));
        loop {
            let next = async {
                let handshake = Arc::clone(&handshakes).acquire_owned().await.ok()?;
                Some((handshake, incoming::next(&listener, &places).await?))
            };
            let (handshake, (stream, address, place)) = tokio::select! {
                () = stop.cancelled() => return,
                next = next => match next {
                    Some(next) => next,
                    // Nobody closes the semaphores.
                    None => return,
                },
            };
            let (config, sender) = (config.current(), sender.clone());
            tokio::spawn(async move {
                if let Some(stream) = shake_hands(stream, address, config, table).await {
                    // While the process stops nobody takes it any more.
                    let _ = sender.send(Ok(Connection::new(stream, place))).await;
                }
                drop(handshake);
            });
        }
    });
    ReceiverStream::new(receiver)
}

async fn shake_hands(
    stream: TcpStream,
    address: SocketAddr,
    config: Arc<ServerConfig>,
    table: &str,
) -> Option<TlsStream<TcpStream>> {
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
