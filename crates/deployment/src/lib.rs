//! Gatehouse as real processes over databases of its own, and the connection that asks it.
//!
//! Owns: fresh databases and secrets, the processes and how they are ended, HTTP as bytes. Leaves what is done with them to
//! `bench` and `faults`. No layer: only tools may depend on it. Read [`Deployment`] first.

mod connection;
mod deployment;
mod process;

pub use connection::{Answer, Connection, get, post, post_form};
pub use deployment::{
    ADMINISTRATOR_PASSWORD, Deployment, Engine, Machine, RESOURCE_SERVER_SECRET, body, login, password_of, text,
};
pub use process::{Process, Service};

/// What goes wrong, as a sentence.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
