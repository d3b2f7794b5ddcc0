//! `cargo xtask down`: stops a pair that `up` left running.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Result;
use crate::process::{self, Ending};
use crate::up::data::DataFolder;

#[derive(Args)]
pub(crate) struct Options {
    /// The folder given to `up` [default: data in the workspace]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let data = DataFolder::at(options.data.as_deref())?;
    let running = data.running()?;
    if running.is_empty() {
        println!("Nothing is running with the data folder {}.", data.path().display());
    }
    for service in running {
        match process::stop(service.pid, || !process::runs(service.pid, service.name)) {
            Ending::Clean => println!("{} (process {}) has stopped.", service.name, service.pid),
            Ending::Killed => println!(
                "{} (process {}) did not stop in {} s and was killed.",
                service.name,
                service.pid,
                process::STOP_LIMIT.as_secs()
            ),
        }
    }
    data.forget_running()
}
