//! The command line of the example: settings come from the environment.
#![allow(clippy::print_stderr, reason = "a command talks to its user")]

use std::process::ExitCode;
use std::sync::Arc;

use domain::SystemClock;
use ledgers::settings::{SOURCE, Settings};
use service_kit::settings::SettingsError;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ledgers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), SettingsError> {
    let settings: Settings = SOURCE.load(None, std::env::vars())?.settings;
    service_kit::lifecycle::run(async {
        let running = ledgers::start(&settings, Arc::new(SystemClock)).await?;
        eprintln!("ledgers: HTTP at {}, gRPC at {}; Ctrl-C stops it", running.http, running.grpc);
        service_kit::lifecycle::asked_to_stop().await.map_err(|error| SettingsError::new(error.to_string()))?;
        running.stop().await;
        Ok(())
    })
}
