//! Structured logs on standard output, for a person or for a machine.

mod json;
mod lines;

use std::io;

use serde::Deserialize;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::json::{JsonLines, Members};
pub use self::lines::LastLines;
use self::lines::Lines;
use crate::settings::SettingsError;

/// The crates of this workspace that log.
const OURS: &[&str] = &[
    "auth",
    "auth_service",
    "auth_store",
    "client",
    "crypto",
    "domain",
    "identity",
    "identity_service",
    "identity_store",
    "service_kit",
    "store",
];

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
/// Libraries are never heard below `debug`, whatever the settings say: at `trace` they write down what passes through
/// them, and passwords and tokens do.
///
/// # Errors
/// A sentence when the filter cannot be read.
pub(crate) fn begin(settings: &LogSettings) -> Result<LastLines, SettingsError> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| SettingsError::new(format!("'log.level' cannot be used: {error}")))?;
    let (lines, last) = Lines::to(io::stdout())
        .map_err(|error| SettingsError::new(format!("the process cannot start its threads: {error}")))?;
    // What a stranger sends badly is answered and is no fault of ours; nor does the start of a worker tell anything.
    let quiet = ["actix_http::h1=off", "actix_server=warn"].iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    let floor = filter_fn(|metadata| *metadata.level() <= Level::DEBUG || is_ours(metadata.target()));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(lines);
    // A process that already logs, as in tests, keeps what it has.
    let _ = match settings.format {
        Format::Text => lines.finish().with(floor).try_init(),
        Format::Json => lines.fmt_fields(Members).event_format(JsonLines).finish().with(floor).try_init(),
    };
    Ok(last)
}

/// Whether a line is that of a crate of this workspace.
fn is_ours(target: &str) -> bool {
    OURS.contains(&target.split("::").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_our_own_crates() {
        assert!(is_ours("service_kit::http::observe") && is_ours("store"));
        assert!(!is_ours("h2::codec") && !is_ours("storekeeper") && !is_ours(""));
    }
}
