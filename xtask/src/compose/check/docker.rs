//! Every call of `docker`, `docker-compose` and `curl`: one way to run a program and to say why it failed.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use crate::failure::{Failure, Result};
use crate::workspace;

/// The last lines of a failed program that are shown.
const SHOWN: usize = 25;

/// The command line of the engine.
pub(super) struct Docker(());

impl Docker {
    pub(super) fn new() -> Self {
        Self(())
    }

    /// A call of `docker` in the root of the repository, for the classic builder.
    pub(super) fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let mut command = Command::new("docker");
        command.args(arguments).env("DOCKER_BUILDKIT", "0").current_dir(workspace::root());
        command
    }

    /// What `docker` prints.
    pub(super) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Result<String> {
        printed(&mut self.command(arguments))
    }

    /// Whether `docker` succeeds, whatever it prints.
    pub(super) fn succeeds<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> bool {
        output(&mut self.command(arguments)).is_ok_and(|output| output.status.success())
    }

    /// A field of a container or image, by a template of Go.
    pub(super) fn inspect(&self, name: &str, template: &str) -> Result<String> {
        self.run(["inspect", "--format", template, name]).map(|text| text.trim().to_owned())
    }
}

/// Runs a program to its end and gives what it prints; fails with its last words.
pub(super) fn printed(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    let lines: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n  ");
    Err(Failure::new(format!("`{}` failed ({}):\n  {last}", spelled(command), output.status)))
}

pub(super) fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| Failure::new(format!("cannot start {}: {cause}", spelled(command))))
}

/// The program and its first words, which tell what was asked; the rest may be long.
fn spelled(command: &Command) -> String {
    let words: Vec<_> = command.get_args().take(4).map(OsStr::to_string_lossy).collect();
    format!("{} {}", command.get_program().to_string_lossy(), words.join(" "))
}
