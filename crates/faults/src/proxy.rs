//! A TCP proxy that holds back every batch of bytes for a while, as a slow network or database does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A proxy on a free port of 127.0.0.1, until the runtime ends.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    delay_ms: Arc<AtomicU64>,
}

impl Proxy {
    /// Begins to pass on to `server`, at first without delay.
    pub async fn begin(server: SocketAddr) -> deployment::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let delay_ms = Arc::new(AtomicU64::new(0));
        tokio::spawn({
            let delay_ms = Arc::clone(&delay_ms);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(upstream) = TcpStream::connect(server).await else { continue };
                    // One that cannot be set only costs speed.
                    let _ = client.set_nodelay(true);
                    let _ = upstream.set_nodelay(true);
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), upstream.into_split());
                    tokio::spawn(pass(from_client, to_server, Arc::clone(&delay_ms)));
                    tokio::spawn(pass(from_server, to_client, Arc::clone(&delay_ms)));
                }
            }
        });
        Ok(Self { address, delay_ms })
    }

    /// Holds back every batch this long from now on, in each direction.
    pub fn delay(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay_ms: Arc<AtomicU64>) {
    let mut batch = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut batch).await {
        tokio::time::sleep(Duration::from_millis(delay_ms.load(Ordering::Relaxed))).await;
        if to.write_all(&batch[..length]).await.is_err() {
            return;
        }
    }
}
