//! The programs a build needs, and where programs are found.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};

/// The first executable file of that name on the `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|path| is_executable(path))
}

/// The folders of the `PATH`, in its order.
pub(crate) fn folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Runs a program silently; false when it is missing or refuses.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether the system's OpenSSL can be linked. openssl-sys finds it through pkg-config alone, so headers without
/// pkg-config do not count.
pub(crate) fn system_openssl_is_usable() -> bool {
    succeeds("pkg-config", &["--exists", "openssl >= 1.1.1"])
}

/// Refuses to begin a build that could only fail minutes later.
pub(crate) fn require_build_tools(openssl_from_source: bool) -> Result<()> {
    if env::var_os("CC").is_none() && find("cc").is_none() {
        return Err(Failure::new(
            "a C compiler is needed and `cc` is not on the PATH; install gcc and the C headers (Debian: gcc libc6-dev)",
        ));
    }
    if !openssl_from_source {
        return Ok(());
    }
    let alternative = "or install OpenSSL's headers and pkg-config (Debian: libssl-dev pkg-config)";
    if find("make").is_none() {
        return Err(Failure::new(format!("OpenSSL is built from source, which needs make; install it, {alternative}")));
    }
    // Debian's perl-base is a perl without the modules that OpenSSL's Configure loads.
    if !succeeds("perl", &["-MFindBin", "-MIPC::Cmd", "-e", "1"]) {
        return Err(Failure::new(format!(
            "OpenSSL is built from source, which needs the full perl with its modules; install perl, {alternative}"
        )));
    }
    Ok(())
}
