//! The connections of a gRPC listener: bounded in number, and ended when nothing comes.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

use crate::settings::SettingsError;

/// How long a client may take to begin; what keeps a connection alive afterwards is the ping of HTTP/2.
const BEGIN_PATIENCE: Duration = Duration::from_secs(5);
/// The bytes that every HTTP/2 connection begins with (RFC 9113 §3.4).
const PREFACE: usize = 24;
/// The pause after a connection could not be taken, such as when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that holds its place until it ends.
pub(super) struct Connection<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    awaited: usize,
    _place: OwnedSemaphorePermit,
}

impl<S> Connection<S> {
    /// A connection that has just been made.
    pub(super) fn new(stream: S, place: OwnedSemaphorePermit) -> Self {
        Self { stream, deadline: Box::pin(sleep(BEGIN_PATIENCE)), awaited: PREFACE, _place: place }
    }
}

/// Takes at most `most` connections at a time; further ones wait in the backlog of the listener.
pub(super) fn accept(listener: TcpListener, most: usize) -> impl Stream<Item = Result<Connection<TcpStream>>> {
    let places = Arc::new(Semaphore::new(most));
    unfold((listener, places), |(listener, places)| async move {
        let (stream, _, place) = next(&listener, &places).await?;
        Some((Ok(Connection::new(stream, place)), (listener, places)))
    })
}

/// Waits for a place, and for whoever comes then; `None` where there are no places any more.
pub(super) async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    let (stream, address) = loop {
        match listener.accept().await {
            Ok(accepted) => break accepted,
            Err(error) => {
                tracing::warn!(%error, "a gRPC connection could not be taken");
                sleep(PAUSE).await;
            }
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a gRPC connection was gone at once");
    }
    Some((stream, address, place))
}

/// Listens, and tells where.
///
/// # Errors
/// A sentence naming the address that cannot be listened on.
pub(super) async fn listen(address: SocketAddr) -> std::result::Result<(TcpListener, SocketAddr), SettingsError> {
    let cannot = |error: Error| {
        SettingsError::new(format!("cannot listen on {address}: {error}; choose another address in the settings"))
    };
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    Ok((listener, bound))
}

impl<S: Connected> Connected for Connection<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let held = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            self.awaited = self.awaited.saturating_sub(buffer.filled().len() - held);
            return Poll::Ready(read);
        }
        if self.awaited > 0 {
            ready!(self.deadline.as_mut().poll(context));
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing came")));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
