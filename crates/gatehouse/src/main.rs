//! The command line of the operator's tool.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::SystemClock;
use gatehouse::Result;
use gatehouse::backup::backup;
use gatehouse::deployment::Deployment;
use gatehouse::reading::verify;
use gatehouse::restore::{Manner, restore};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Backs up and restores both databases of a deployment, also from SQLite to PostgreSQL and back.
///
/// The settings are those of the services: their files, and the variables GATEHOUSE_AUTH__* and GATEHOUSE_IDENTITY__*.
#[derive(Parser)]
#[command(name = "gatehouse", version)]
struct Arguments {
    /// The settings file of auth-service.
    #[arg(long, global = true, value_name = "FILE")]
    auth_settings: Option<PathBuf>,
    /// The settings file of identity-service.
    #[arg(long, global = true, value_name = "FILE")]
    identity_settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes both databases into one new file, while the services run.
    Backup {
        /// The file; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Makes both databases anew from a backup, and checks them; the services must be stopped.
    Restore {
        /// The backup.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Loses what the databases hold; without it they must be empty or not be there.
        #[arg(long)]
        replace: bool,
        /// Lets sessions and tokens from before live on: for a move, where nobody was served since the backup.
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Reads a backup to its end, tells what it holds and whether it is whole.
    Verify {
        /// The backup.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("gatehouse: {refusal}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let deployment = || {
        Deployment::load(arguments.auth_settings.as_deref(), arguments.identity_settings.as_deref(), std::env::vars())
    };
    let mut progress = |step: &str| eprintln!("{step}");
    match arguments.command {
        Command::Backup { to } => {
            let deployment = deployment()?;
            let sum = backup(&deployment, &to, &SystemClock, &mut progress)?;
            println!("{}: {} rows, sha256 {}", to.display(), sum.rows, sum.sha256);
            let [auth, identity] = deployment.key_files().map(|file| file.display());
            eprintln!("The deployment keys are not in it, and without them it is worth nothing. Keep copies of");
            eprintln!(
                "  {auth}\n  {identity}\nat another place, and see that it is whole: gatehouse verify {}",
                to.display()
            );
        }
        Command::Restore { from, replace, keep_sessions } => {
            let manner = Manner { replace, keep_sessions };
            let contents = restore(&deployment()?, &from, manner, &SystemClock, &mut progress)?;
            println!("{}: {} rows restored, as of {}", from.display(), contents.sum.rows, contents.header.made_at);
            eprintln!(
                "{}",
                match keep_sessions {
                    true => "Sessions and tokens live on. Start identity-service and auth-service now.",
                    false =>
                        "Every session and token from before has ended. Start identity-service and auth-service now.",
                }
            );
        }
        Command::Verify { file } => {
            let contents = verify(&file)?;
            let header = &contents.header;
            println!("{}: whole, as of {}, by Gatehouse {}", file.display(), header.made_at, header.version);
            for origin in &header.databases {
                let migrations = origin.migrations.join(" ");
                println!("{} from {}, migrations {migrations}", origin.service, origin.engine);
                for (_, table, sum) in contents.tables.iter().filter(|(service, ..)| *service == origin.service) {
                    println!("  {}: {} rows", table.name, sum.rows);
                }
            }
        }
    }
    Ok(())
}
