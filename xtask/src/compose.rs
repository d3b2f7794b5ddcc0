//! The commands around `docker-compose.yml`: `compose-init` makes its secrets, `compose-check` proves it with an engine.

pub(crate) mod check;
pub(crate) mod init;
