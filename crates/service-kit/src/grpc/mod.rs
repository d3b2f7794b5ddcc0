//! The gRPC edge: who may call what, how a failure travels, and how a peer with several processes is reached.

mod accept;
mod caller;
mod channel;
mod connect;
mod connector;
mod failure;
mod incoming;
mod meter;
mod observe;
mod peers;
mod server;

pub use caller::{Allowed, CallerName, CallerSecrets, Callers, CallersLayer, read_secret};
pub use channel::PeerChannel;
pub use failure::{from_status, to_status};
pub use peers::{PeerSettings, Peers};
pub use server::{GrpcServerHandle, GrpcSettings, serve};

/// The id of the request that this task answers; empty where it answers none.
pub fn request_id() -> String {
    crate::current::Current::id_of_task()
}
