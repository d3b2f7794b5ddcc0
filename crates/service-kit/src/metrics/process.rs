//! What the process takes of its machine, under the names that every Prometheus client uses; read from `/proc`.

use std::fs;

use super::{Kind, Metrics};
use crate::settings::SettingsError;

#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
/// Adds the metrics of this process. What `/proc` does not tell is shown as 0.
pub(super) fn measure(metrics: &Metrics) -> Result<(), SettingsError> {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page = rustix::param::page_size() as f64;
    let began = boot_time() + stat(START_TIME) / ticks;
    let resident = move || stat(RESIDENT_PAGES) * page;
    metrics.sample(Kind::Gauge, "process_resident_memory_bytes", "Resident memory size in bytes.", &[], resident)?;
    let size = || stat(VIRTUAL_BYTES);
    metrics.sample(Kind::Gauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.", &[], size)?;
    metrics.sample(Kind::Gauge, "process_open_fds", "Number of open file descriptors.", &[], open_files)?;
    metrics.sample(Kind::Gauge, "process_threads", "Number of threads in the process.", &[], || stat(THREADS))?;
    let cpu = move || (stat(USER_TICKS) + stat(SYSTEM_TICKS)) / ticks;
    metrics.sample(Kind::Counter, "process_cpu_seconds_total", "User and system CPU time in seconds.", &[], cpu)?;
    metrics.sample(Kind::Gauge, "process_max_fds", "Most file descriptors there may be.", &[], most_files)?;
    let help = "When the process began, in seconds since 1970.";
    metrics.sample(Kind::Gauge, "process_start_time_seconds", help, &[], move || began)
}

/// Fields of `/proc/self/stat` after the name of the program (proc(5), counted from 1 there, its third is our first).
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const THREADS: usize = 17;
const START_TIME: usize = 19;
const VIRTUAL_BYTES: usize = 20;
const RESIDENT_PAGES: usize = 21;

fn stat(field: usize) -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name stands in parentheses and may itself hold some.
    let fields = text.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    number(fields.split(' ').nth(field))
}

/// Seconds since 1970.
fn boot_time() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    number(text.lines().find_map(|line| line.strip_prefix("btime ")))
}

#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
fn open_files() -> f64 {
    // The folder that is read is one of them.
    fs::read_dir("/proc/self/fd").map_or(0.0, |files| files.count().saturating_sub(1) as f64)
}

#[allow(clippy::cast_precision_loss, reason = "the format of Prometheus")]
fn most_files() -> f64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map_or(f64::INFINITY, |files| files as f64)
}

fn number(text: Option<&str>) -> f64 {
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0.0)
}
