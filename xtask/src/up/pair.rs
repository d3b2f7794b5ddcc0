//! Both services as one thing: migrated, started, waited for, followed and stopped.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::addresses::{Addresses, Listeners};
use super::data::{DataFolder, Pids};
use super::environment::{Environment, Settings};
use super::log::{self, Log};
use super::readiness;
use crate::binaries::{AUTH, Binaries, IDENTITY};
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::process::{self, Ending, POLL};
use crate::progress;

const READY_LIMIT: Duration = Duration::from_secs(60);

/// Two running services; dropping it stops them, unless it was told to leave them.
pub(super) struct Pair<'data> {
    auth: Service,
    identity: Service,
    data: &'data DataFolder,
    stays: bool,
}

struct Service {
    name: &'static str,
    child: Child,
    log: Log,
}

impl<'data> Pair<'data> {
    /// Brings both schemas up to date, then starts both services; `preparation` is passed on to `migrate`.
    pub(super) fn start(
        binaries: &Binaries,
        environment: &Environment<'_>,
        data: &'data DataFolder,
        preparation: &[&str],
    ) -> Result<Self> {
        let (auth, identity) = (environment.of_auth(), environment.of_identity());
        progress::step("bringing the databases up to date");
        migrate(IDENTITY, &binaries.identity, &identity, preparation)?;
        migrate(AUTH, &binaries.auth, &auth, preparation)?;
        progress::step("starting both services");
        data.make_log_folder()?;
        let mut identity = Service::start(IDENTITY, &binaries.identity, &identity, data)?;
        let auth = match Service::start(AUTH, &binaries.auth, &auth, data) {
            Ok(auth) => auth,
            Err(failure) => {
                identity.stop();
                return Err(failure);
            }
        };
        let pair = Self { auth, identity, data, stays: false };
        data.remember_running(pair.pids())?;
        Ok(pair)
    }

    pub(super) fn pids(&self) -> Pids {
        Pids { auth_service: self.auth.child.id(), identity_service: self.identity.child.id() }
    }

    /// Returns once both answer that they are ready.
    pub(super) fn wait_until_ready(&mut self, addresses: &Addresses, interrupt: &Interrupt) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        for (service, listeners) in [(IDENTITY, &addresses.identity), (AUTH, &addresses.auth)] {
            while !readiness::is_ready(listeners.operations) {
                self.require_alive()?;
                if interrupt.is_raised() {
                    return Err(Failure::new("interrupted before both services were ready; they are stopped"));
                }
                if Instant::now() >= deadline {
                    return Err(self.late(service, listeners));
                }
                thread::sleep(POLL);
            }
        }
        Ok(())
    }

    /// Shows both logs until a signal comes, then stops both; fails when a service ends by itself.
    pub(super) fn follow(mut self, interrupt: &Interrupt) -> Result<()> {
        while !interrupt.is_raised() {
            self.show_news()?;
            self.require_alive()?;
            thread::sleep(POLL);
        }
        progress::say("\nStopping both services.\n");
        let endings = self.stop();
        self.show_news()?;
        self.stays = true;
        match endings.into_iter().find(|(_, ending)| *ending == Ending::Killed) {
            None => {
                progress::say("Both services have stopped; `cargo xtask up` finds the data again.\n");
                Ok(())
            }
            Some((name, _)) => {
                let limit = process::STOP_LIMIT.as_secs();
                Err(Failure::new(format!("{name} did not stop in {limit} s and was killed")))
            }
        }
    }

    pub(super) fn leave_running(mut self) {
        self.stays = true;
    }

    fn show_news(&mut self) -> Result<()> {
        for (prefix, service) in [("auth    ", &mut self.auth), ("identity", &mut self.identity)] {
            for line in service.log.news()? {
                progress::say(&format!("{prefix} │ {line}\n"));
            }
        }
        Ok(())
    }

    fn require_alive(&mut self) -> Result<()> {
        for service in [&mut self.identity, &mut self.auth] {
            if let Some(status) = service.ended() {
                service.log.show_end();
                return Err(Failure::new(format!(
                    "{} ended by itself ({status}); its last words stand above",
                    service.name
                )));
            }
        }
        Ok(())
    }

    fn late(&self, name: &str, listeners: &Listeners) -> Failure {
        let service = if name == AUTH { &self.auth } else { &self.identity };
        service.log.show_end();
        let reason = readiness::what_is_missing(listeners.operations);
        Failure::new(format!("{name} is not ready after {} s: {reason}", READY_LIMIT.as_secs()))
    }

    /// auth first: until it has answered what it has begun, it needs identity.
    fn stop(&mut self) -> [(&'static str, Ending); 2] {
        let endings = [(AUTH, self.auth.stop()), (IDENTITY, self.identity.stop())];
        // A list that stays behind names no living process of ours, and so does no harm.
        let _ = self.data.forget_running();
        endings
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        if !self.stays {
            self.stop();
        }
    }
}

impl Service {
    /// In a process group of its own: Ctrl-C on the terminal reaches us alone, and we stop it in order; and a
    /// detached service does not end with the terminal.
    fn start(name: &'static str, program: &Path, settings: &Settings, data: &DataFolder) -> Result<Self> {
        let (log, writer) = Log::begin(&data.log(name))?;
        let errors = writer.try_clone().map_err(Failure::on("open", &data.log(name)))?;
        let child = Command::new(program)
            .arg("serve")
            .envs(settings.iter().cloned())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(errors)
            .spawn()
            .map_err(Failure::starting(program))?;
        Ok(Self { name, child, log })
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn stop(&mut self) -> Ending {
        if self.ended().is_some() {
            return Ending::Clean;
        }
        process::stop(self.child.id(), || self.ended().is_some())
    }
}

fn migrate(name: &str, program: &Path, settings: &Settings, preparation: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .arg("migrate")
        .args(preparation)
        .envs(settings.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::starting(program))?;
    if output.status.success() {
        return Ok(());
    }
    for words in [output.stdout, output.stderr] {
        eprint!("{}", log::last_lines(&String::from_utf8_lossy(&words)));
    }
    Err(Failure::new(format!("`{name} migrate` failed; its last words stand above")))
}
