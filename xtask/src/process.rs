//! Processes by their number: who they are, and how they are asked to end.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a service may take to finish what it has begun.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(15);
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// How a process ended that was asked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Clean,
    /// It was still there after [`STOP_LIMIT`], and was killed.
    Killed,
}

/// Whether the process lives and runs the program of that name; never true for a foreign process that has since got
/// the same number.
pub(crate) fn runs(pid: u32, program: &str) -> bool {
    // A zombie has no executable any more, and of a rebuilt one the kernel says that the old file is deleted.
    let Ok(executable) = fs::read_link(Path::new("/proc").join(pid.to_string()).join("exe")) else { return false };
    let name = executable.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(" (deleted)").unwrap_or(&name) == program
}

/// Sends SIGTERM, waits until `ended` says so, and kills after [`STOP_LIMIT`].
pub(crate) fn stop(pid: u32, mut ended: impl FnMut() -> bool) -> Ending {
    signal(pid, Signal::TERM);
    if wait(&mut ended) {
        return Ending::Clean;
    }
    signal(pid, Signal::KILL);
    wait(&mut ended);
    Ending::Killed
}

fn wait(ended: &mut impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + STOP_LIMIT;
    while !ended() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

/// A process that is already gone needs no signal, so the kernel's answer does not matter.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::{self, Command};

    use super::*;

    #[test]
    fn a_process_is_known_by_its_program() {
        let executable = env::current_exe().unwrap();
        let own = executable.file_name().unwrap().to_str().unwrap();
        assert!(runs(process::id(), own));
        assert!(!runs(process::id(), "auth-service"));
    }

    #[test]
    fn a_process_that_heeds_its_signal_ends_cleanly() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let ending = stop(child.id(), || child.try_wait().unwrap().is_some());
        assert_eq!(ending, Ending::Clean);
    }
}
