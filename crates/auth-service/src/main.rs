//! The command line of auth-service.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use auth_service::commands::Desk;
use auth_service::commands::signing_keys::KeysAct;
use auth_service::process::NAME;
use auth_service::settings::{SOURCE, Settings};
use auth_service::{http, start};
use clap::{Parser, Subcommand};
use domain::audit::Filter;
use domain::id::TenantId;
use domain::{SystemClock, Timestamp};
use error_codes::AUTH;
use service_kit::master_key::MasterKeyAct;
use service_kit::settings::{Loaded, SettingsError};
use store::{Actor, Store, Trail};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Hands out tokens, ends sessions, answers what subjects may do.
#[derive(Parser)]
#[command(name = "auth-service", version)]
struct Arguments {
    /// A settings file; see `auth-service config --reference`.
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service until it is asked to stop.
    Serve,
    /// Asks the process that these settings belong to whether it is ready; for health checks of containers.
    Health,
    /// Brings the database to the schema of this build.
    Migrate {
        /// Drops the database of a PostgreSQL URL first, with everything in it.
        #[arg(long)]
        drop_database: bool,
        /// Makes the database of a PostgreSQL URL where it does not exist.
        #[arg(long)]
        create_database: bool,
    },
    /// Prints the settings in force, without passwords.
    Config {
        /// Prints every setting with its default and what it means instead.
        #[arg(long)]
        reference: bool,
    },
    /// Reads the audit trail.
    Audit {
        #[command(subcommand)]
        act: AuditAct,
    },
    /// The signing keys, also while the service runs.
    Keys {
        #[command(subcommand)]
        act: KeysAct,
    },
    /// The deployment keys of the key file, and what is sealed with them.
    MasterKey {
        #[command(subcommand)]
        act: MasterKeyAct,
    },
    /// Who listens to what ends tokens, and how far each is.
    Subscribers {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Waits until each has everything that happened before now, for so many seconds at most.
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "30")]
        wait: Option<u64>,
    },
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints the catalogue of error codes as Markdown.
    Codes,
}

#[derive(Subcommand)]
enum AuditAct {
    /// Prints JSON lines, the oldest event first, also while the service runs. That it was done is an event too.
    Export {
        /// Only what happened at this time or later, such as 2025-04-08T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Only what happened before this time.
        #[arg(long, value_name = "TIME")]
        to: Option<Timestamp>,
        /// Only the trail of the tenant with this id; the nil UUID is the deployment.
        #[arg(long, value_name = "ID")]
        tenant: Option<TenantId>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("auth-service: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), SettingsError> {
    let load =
        || -> Result<Loaded<Settings>, SettingsError> { SOURCE.load(arguments.settings.as_deref(), std::env::vars()) };
    match arguments.command {
        Command::Serve => serve(&load()?.settings),
        Command::Health => service_kit::health::ask(&load()?.settings.operations),
        Command::Migrate { drop_database, create_database } => {
            migrate(&load()?.settings, drop_database, create_database)
        }
        Command::Config { reference: true } => {
            print!("{}", SOURCE.reference);
            Ok(())
        }
        Command::Config { reference: false } => {
            print!("{}", load()?.shown);
            Ok(())
        }
        Command::Audit { act: AuditAct::Export { from, to, tenant } } => {
            export_audit(&load()?.settings, tenant, Filter { from, to, ..Filter::default() })
        }
        Command::Keys { act } => {
            print!("{}", at_desk(&load()?.settings, async |desk| desk.signing_keys(act).await)?);
            Ok(())
        }
        Command::MasterKey { act } => {
            print!("{}", at_desk(&load()?.settings, async |desk| desk.master_key(act).await)?);
            Ok(())
        }
        Command::Subscribers { json, wait } => {
            print!("{}", at_desk(&load()?.settings, async |desk| desk.subscribers(json, wait).await)?);
            Ok(())
        }
        Command::Openapi => {
            let document = http::document().to_pretty_json().map_err(|error| SettingsError::new(error.to_string()))?;
            println!("{document}");
            Ok(())
        }
        Command::Codes => {
            print!("{}", error_codes::markdown());
            Ok(())
        }
    }
}

fn serve(settings: &Settings) -> Result<(), SettingsError> {
    service_kit::lifecycle::run(async {
        let telemetry = service_kit::telemetry::begin(NAME, &settings.log, &settings.telemetry)?;
        let running = start(settings, Arc::new(SystemClock)).await?;
        tracing::info!(http = %running.http, grpc = %running.grpc, operations = %running.operations, "auth-service is up");
        service_kit::lifecycle::asked_to_stop().await.map_err(|error| SettingsError::new(error.to_string()))?;
        tracing::info!("auth-service stops");
        running.stop().await;
        telemetry.end();
        Ok(())
    })
}

fn export_audit(settings: &Settings, tenant: Option<TenantId>, filter: Filter) -> Result<(), SettingsError> {
    let (clock, migrations) = (Arc::new(SystemClock), auth_store::migrations());
    let store = Store::for_command(&settings.database, &migrations, &AUTH, clock).map_err(SettingsError::new)?;
    let trail = Trail::new(store, settings.audit.retention()?);
    service_kit::lifecycle::runtime()?.block_on(async {
        let batches = trail.export(tenant, filter, Actor::operator()).await;
        let batches =
            batches.map_err(|failure| SettingsError::new(format!("the audit trail cannot be read: {failure}")))?;
        service_kit::audit::write_lines(batches, &mut std::io::stdout().lock()).await
    })
}

fn at_desk(
    settings: &Settings,
    act: impl AsyncFnOnce(&Desk<'_>) -> Result<String, SettingsError>,
) -> Result<String, SettingsError> {
    service_kit::lifecycle::runtime()?.block_on(async {
        let desk = Desk::open(settings, Arc::new(SystemClock)).await?;
        act(&desk).await
    })
}

fn migrate(settings: &Settings, drop_database: bool, create_database: bool) -> Result<(), SettingsError> {
    let url = &settings.database.url;
    let done = store::prepare(url, &auth_store::migrations(), drop_database, create_database);
    let ran = done.map_err(|error| SettingsError::new(format!("the database {url} cannot be migrated: {error}")))?;
    println!("{url}: {}", if ran.is_empty() { "nothing to do".to_owned() } else { format!("ran {}", ran.join(", ")) });
    Ok(())
}
