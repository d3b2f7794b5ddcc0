//! Every call of cargo: the same environment for each, so that no command makes another one build again.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::failure::{Failure, Result};
use crate::tools;
use crate::workspace;

const NO_VENDOR: &str = "OPENSSL_NO_VENDOR";

/// A call of cargo in the workspace that compiles nothing.
pub(crate) fn command<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(workspace::root());
    forget_own_package(&mut command);
    if links_system_openssl() && env::var_os(NO_VENDOR).is_none() {
        command.env(NO_VENDOR, "1");
    }
    command
}

/// A call of cargo that compiles; refused when a tool it needs is missing.
pub(crate) fn compiler<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Result<Command> {
    tools::require_build_tools(!links_system_openssl())?;
    Ok(command(arguments))
}

/// Runs a call to its end with its output on the terminal; fails with `sentence` when it does.
pub(crate) fn run(mut command: Command, sentence: &str) -> Result<()> {
    let status = command.status().map_err(Failure::starting(&program()))?;
    if status.success() { Ok(()) } else { Err(Failure::new(sentence)) }
}

fn program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The user's own word in `OPENSSL_NO_VENDOR` first (openssl-sys reads `0` as "vendor"), else what the machine has.
fn links_system_openssl() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| match env::var_os(NO_VENDOR) {
        Some(value) => value != "0",
        None => tools::system_openssl_is_usable(),
    })
}

/// `cargo run` describes this package in the environment. Build scripts that watch those variables (ring's does) would
/// run again at each change between `cargo xtask` and plain cargo, and with them everything above them.
fn forget_own_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let own = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_BIN_NAME"
        });
        if own {
            command.env_remove(name);
        }
    }
}
