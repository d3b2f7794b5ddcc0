//! Notes that tests leave for `cargo xtask test`: which engines ran, and which codes a client was shown.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

pub(crate) fn engine_seen(name: &str) {
    note("GATEHOUSE_ENGINES_SEEN", name);
}

pub(crate) fn code_provoked(code: &str) {
    note("GATEHOUSE_PROVOKED_CODES", code);
}

/// Appends a line to the file that a variable names; without the variable nobody asked for notes.
fn note(variable: &str, line: &str) {
    let Some(path) = env::var_os(variable) else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
