//! TLS: what this process shows, whom it believes, and how both are read again while it runs.
//!
//! Every listener and every connection to a peer takes its configuration from a [`Reloaded`], so that files which change
//! count for the next connection, without a restart. What does not fit together is told in the log and not used.

mod explain;
mod material;
mod mutual;
mod reload;
mod server;
mod settings;

pub(crate) use explain::explain;
pub(crate) use mutual::{caller_names, mutual_client, mutual_server};
pub use reload::Reloaded;
pub(crate) use server::server;
pub use settings::{MutualTlsSettings, TlsSettings};

#[cfg(test)]
mod tests;
