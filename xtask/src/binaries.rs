//! Builds the workspace and tells where the two services lie.

use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::cargo;
use crate::failure::{Failure, Result};
use crate::progress::{self, spell};

pub(crate) const AUTH: &str = "auth-service";
pub(crate) const IDENTITY: &str = "identity-service";
pub(crate) const BENCH: &str = "bench";

/// How often a build without a terminal says that it lives.
const TICK: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Targets {
    /// What a running pair needs.
    Binaries,
    /// What measurements need: both services and the load tool.
    Measured,
    /// Everything that the tests need as well. Dev-dependencies switch on features, so a build that precedes the
    /// tests must ask for this or be done twice.
    All,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
    /// As it is shipped: with link-time optimisation.
    Dist,
}

/// The executables of both services.
pub(crate) struct Binaries {
    pub(crate) auth: PathBuf,
    pub(crate) identity: PathBuf,
}

/// A line of cargo's `--message-format json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    fresh: bool,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<ArtifactProfile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct ArtifactProfile {
    test: bool,
}

/// Builds with cargo's own progress on a terminal, and with a line every ten seconds elsewhere.
pub(crate) fn build(targets: Targets, profile: Profile) -> Result<Binaries> {
    let mut command = cargo::compiler(["build", "--workspace", "--message-format", "json-render-diagnostics"])?;
    progress::step("building the workspace; the first time takes some minutes");
    let started = Instant::now();
    match targets {
        Targets::Binaries => command.arg("--bins"),
        Targets::Measured => command.args(["--bin", AUTH, "--bin", IDENTITY, "--bin", BENCH]),
        Targets::All => command.arg("--all-targets"),
    };
    match profile {
        Profile::Debug => {}
        Profile::Release => drop(command.arg("--release")),
        Profile::Dist => drop(command.args(["--profile", "dist"])),
    }
    let watched = io::stderr().is_terminal();
    if !watched {
        command.arg("--quiet");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| Failure::new(format!("cannot start cargo: {cause}")))?;
    let messages = child.stdout.take().map(listen);
    let mut made = Made::default();
    if let Some(messages) = messages {
        made.gather(&messages, !watched, started);
    }
    let status = child.wait().map_err(|cause| Failure::new(format!("cannot wait for cargo: {cause}")))?;
    if !status.success() {
        return Err(Failure::new("the build failed; the compiler's words stand above"));
    }
    progress::step(&format!("built in {} ({} targets compiled)", spell(started.elapsed()), made.compiled));
    Ok(Binaries { auth: expect(made.auth, AUTH)?, identity: expect(made.identity, IDENTITY)? })
}

fn expect(made: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    made.ok_or_else(|| Failure::new(format!("the build made no `{name}` executable; has its crate lost its main.rs?")))
}

/// Reads the messages on a thread of its own, so that silence can be timed.
fn listen(stdout: ChildStdout) -> Receiver<Message> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
            // A line that is no message is the output of a build script, and of no interest here.
            if let Ok(message) = serde_json::from_str(&line)
                && sender.send(message).is_err()
            {
                return;
            }
        }
    });
    receiver
}

/// What a build has made so far.
#[derive(Default)]
struct Made {
    compiled: usize,
    auth: Option<PathBuf>,
    identity: Option<PathBuf>,
}

impl Made {
    /// Takes messages until cargo closes its output.
    fn gather(&mut self, messages: &Receiver<Message>, aloud: bool, started: Instant) {
        let mut next_tick = started + TICK;
        loop {
            match messages.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(message) => self.note(message),
                Err(RecvTimeoutError::Timeout) => {
                    if aloud {
                        eprintln!("  {} targets compiled, {}", self.compiled, spell(started.elapsed()));
                    }
                    next_tick = Instant::now() + TICK;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn note(&mut self, message: Message) {
        if message.reason != "compiler-artifact" {
            return;
        }
        self.compiled += usize::from(!message.fresh);
        let is_test = message.profile.is_some_and(|profile| profile.test);
        let (Some(target), Some(executable), false) = (message.target, message.executable, is_test) else { return };
        if !target.kind.iter().any(|kind| kind == "bin") {
            return;
        }
        if target.name == AUTH {
            self.auth = Some(executable);
        } else if target.name == IDENTITY {
            self.identity = Some(executable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(lines: &[&str]) -> Made {
        let mut made = Made::default();
        for line in lines {
            made.note(serde_json::from_str(line).unwrap());
        }
        made
    }

    #[test]
    fn the_service_is_its_executable_and_not_its_test_harness() {
        let made = made(&[
            r#"{"reason":"compiler-artifact","fresh":true,"target":{"name":"auth-service","kind":["bin"]},"profile":{"test":false},"executable":"/t/auth-service"}"#,
            r#"{"reason":"compiler-artifact","fresh":false,"target":{"name":"auth-service","kind":["bin"]},"profile":{"test":true},"executable":"/t/deps/auth_service-1"}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ]);
        assert_eq!(made.auth, Some(PathBuf::from("/t/auth-service")));
        assert_eq!(made.identity, None);
        assert_eq!(made.compiled, 1);
    }
}
