//! The gRPC edge.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use client::tonic::GuardLayer;
use client::{Guard, Question};
use domain::token::AccessToken;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tower::Layer;

use self::v1::ledgers_server::{Ledgers, LedgersServer};
use self::v1::{ListRequest, ListResponse};
use crate::LEDGERS;

/// The generated types of `proto/ledgers/v1`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::wildcard_enum_match_arm, reason = "generated")]
pub mod v1 {
    tonic::include_proto!("ledgers.v1");
}

struct Service;

#[tonic::async_trait]
impl Ledgers for Service {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        // Every method that the guard lets through has one.
        let token = request.extensions().get::<Arc<AccessToken>>();
        let token = token.ok_or_else(|| Status::unauthenticated("This method needs an access token."))?;
        Ok(Response::new(ListResponse { names: LEDGERS.map(str::to_owned).into(), r#for: token.name.clone() }))
    }
}

/// Serves the methods until `stop` resolves.
pub(crate) async fn serve<F: Future<Output = ()> + Send + 'static>(
    listen: SocketAddr,
    guard: &Arc<Guard>,
    stop: F,
) -> io::Result<(SocketAddr, impl Future<Output = ()> + use<F>)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let layer = GuardLayer::new(Arc::clone(guard))
        .require("/ledgers.v1.Ledgers/List", Question::new("midaz", "ledgers", "get"));
    let service = layer.layer(LedgersServer::new(Service));
    let serving = async move {
        let server = Server::builder().add_service(service);
        if let Err(error) = server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop).await {
            tracing::error!(%error, "the gRPC listener ended");
        }
    };
    Ok((address, serving))
}
