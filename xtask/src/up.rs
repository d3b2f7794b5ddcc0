//! `cargo xtask up`: builds and starts both services, and shows how to use them.
//!
//! Read [`run`] first; each step has a module of its own.

mod addresses;
pub(crate) mod data;
mod database;
mod environment;
mod log;
mod pair;
mod readiness;
mod report;

use std::path::{self, PathBuf};

use clap::Args;

use self::addresses::Addresses;
use self::data::DataFolder;
use self::database::Databases;
use self::environment::Environment;
use self::pair::Pair;
use self::report::Report;
use crate::binaries::{self, Profile, Targets};
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::progress;

#[derive(Args)]
pub(crate) struct Options {
    /// Where databases, made secrets and logs live [default: data in the workspace]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Listens on N, N+1 (HTTP), N+10, N+11 (gRPC), N+20, N+21 (operations); without it 4000, 4001, 4010, 4011, 9400, 9401
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65_514))]
    port_base: Option<u16>,
    /// Removes the databases and the made secrets first
    #[arg(long)]
    fresh: bool,
    /// Uses PostgreSQL: postgres://user:password@host:port/name, with the databases name_auth and name_identity
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Lets logins through without throttling, for measurements
    #[arg(long)]
    no_rate_limits: bool,
    /// Speaks HTTPS, and mutual TLS between the services, with certificates of an authority in the data folder
    #[arg(long)]
    tls: bool,
    /// Leaves both services running and returns; `cargo xtask down` stops them
    #[arg(long)]
    detach: bool,
    /// Writes what a script needs as KEY=value lines, once both services are ready
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Builds with optimisation: slower to build, for measurements
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let addresses = Addresses::choose(options.port_base);
    let data = DataFolder::at(options.data.as_deref())?;
    let databases = Databases::choose(options.database.as_deref(), &data)?;
    let env_file = options.env_file.as_deref().map(path::absolute).transpose();
    let env_file = env_file.map_err(|cause| Failure::new(format!("--env-file is no path: {cause}")))?;
    data.refuse_second_pair()?;
    addresses.require_free()?;
    data.claim()?;
    if let Some(path) = &env_file {
        report::remove_env_file(path)?;
    }

    let profile = if options.release { Profile::Release } else { Profile::Debug };
    let binaries = binaries::build(Targets::Binaries, profile)?;

    let interrupt = Interrupt::watch()?;
    if options.fresh {
        progress::step("removing the databases and the made secrets");
        data.remove_made_files()?;
    }
    let secrets = data.secrets()?;
    let certificates = if options.tls { Some(data.certificates()?) } else { None };
    let environment = Environment {
        addresses: &addresses,
        databases: &databases,
        secrets: &secrets,
        certificates: certificates.as_ref(),
        login_throttle: !options.no_rate_limits,
    };
    let mut pair = Pair::start(&binaries, &environment, &data, databases.preparation(options.fresh))?;
    pair.wait_until_ready(&addresses, &interrupt)?;

    let report = Report {
        addresses: &addresses,
        secrets: &secrets,
        certificates: certificates.as_ref(),
        data: &data,
        pids: pair.pids(),
    };
    if let Some(path) = &env_file {
        report.write_env_file(path)?;
    }
    progress::say(&report.text(options.detach));
    if options.detach {
        pair.leave_running();
        return Ok(());
    }
    pair.follow(&interrupt)
}
