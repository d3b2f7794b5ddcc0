//! Structured logs on standard output, for a person or for a machine.

mod lines;

use std::io;

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

pub use self::lines::LastLines;
use self::lines::Lines;
use crate::settings::SettingsError;

/// How log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged and how.
#[derive(Clone, Debug, Deserialize)]
pub struct LogSettings {
    /// A filter such as `info` or `info,identity_service=debug`.
    pub level: String,
    /// How lines look.
    pub format: Format,
}

/// Begins logging for the whole process, until the process ends; a second call in one process changes nothing.
///
/// # Errors
/// A sentence when the filter cannot be read.
pub fn begin(settings: &LogSettings) -> Result<LastLines, SettingsError> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| SettingsError::new(format!("'log.level' cannot be used: {error}")))?;
    let (lines, last) = Lines::to(io::stdout())
        .map_err(|error| SettingsError::new(format!("the process cannot start its threads: {error}")))?;
    // What a stranger sends badly is answered and is no fault of ours; nor does the start of a worker tell anything.
    let quiet = ["actix_http::h1=off", "actix_server=warn"].iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(true).with_writer(lines);
    // A process that already logs, as in tests, keeps what it has.
    let _ = match settings.format {
        Format::Text => builder.with_ansi(false).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(last)
}
