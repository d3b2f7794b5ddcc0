//! The gRPC edge: who may call what, how a failure travels, and how a peer with several processes is reached.

mod caller;
mod failure;
mod peers;
mod server;

pub use caller::{Allowed, CallerSecrets, CallersLayer, read_secret};
pub use failure::{from_status, to_status};
pub use peers::{PeerSettings, Peers};
pub use server::{GrpcServerHandle, GrpcSettings, serve};
