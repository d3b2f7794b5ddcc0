//! One process of a service: begun, ended, signalled, begun again at the same addresses.

use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Which service a process belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// auth-service.
    Auth,
    /// identity-service.
    Identity,
}

impl Service {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth-service",
            Self::Identity => "identity-service",
        }
    }

    /// What the names of its settings begin with in the environment.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Auth => "GATEHOUSE_AUTH__",
            Self::Identity => "GATEHOUSE_IDENTITY__",
        }
    }
}

/// One process, or the place of one that does not run at the moment.
pub struct Process {
    pub(crate) child: Option<Child>,
    /// Where clients reach it.
    pub http: SocketAddr,
    pub grpc: SocketAddr,
}

impl Process {
    /// Its number; 0 when it does not run.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Sends a signal; one that is gone needs none.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended by itself needs no signal.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it runs; false as well once it has ended by itself.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Waits for its end; `None` when it still runs after `limit`.
    pub async fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.as_mut()?.try_wait().ok()? {
                self.child = None;
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
