//! The command line of identity-service.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use domain::audit::Filter;
use domain::id::TenantId;
use domain::{Slug, SystemClock, Timestamp};
use error_codes::IDENTITY;
use identity::tenant::ADMINISTRATOR;
use identity_service::app::App;
use identity_service::app::first_start::administrator_password;
use identity_service::commands::apply::{self, Applied, Apply};
use identity_service::commands::tenants::{self, TenantsCommand};
use identity_service::process::{NAME, assemble};
use identity_service::settings::{SOURCE, Settings};
use identity_service::{http, start};
use service_kit::master_key::MasterKeyAct;
use service_kit::settings::{Loaded, SettingsError};
use store::{Actor, OpenedFor, Store, Trail};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps people, groups, applications and what they may do.
#[derive(Parser)]
#[command(name = "identity-service", version)]
struct Arguments {
    /// A settings file; see `identity-service config --reference`.
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// The exit code of `apply --dry-run` where there are differences.
const DIFFERENT: u8 = 2;

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
    /// Prints the OpenAPI document.
    Openapi,
    /// The deployment keys of the key file, and what was made with them.
    MasterKey {
        #[command(subcommand)]
        act: MasterKeyAct,
    },
    /// What only the host may do for the administrator.
    Admin {
        #[command(subcommand)]
        act: AdminAct,
    },
    /// The tenants of the platform, also while the service runs.
    Tenants {
        #[command(subcommand)]
        command: TenantsCommand,
    },
    /// Brings tenants, roles, groups and applications to what a file declares, also while the service runs.
    Apply(Apply),
    /// Prints what there is in the form that `apply` reads.
    Export {
        /// One tenant, by name; all when absent.
        #[arg(long, value_name = "NAME")]
        tenant: Option<Slug>,
    },
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

#[derive(Subcommand)]
enum AdminAct {
    /// Gives the administrator of a tenant a new password and the rights of one again, also while the service runs.
    Recover {
        /// The tenant, by name; the system tenant when absent.
        #[arg(long, value_name = "NAME")]
        tenant: Option<Slug>,
        /// The user.
        #[arg(long, value_name = "NAME", default_value = ADMINISTRATOR)]
        username: String,
        /// Holds the new password; a fresh one is written there when the file does not exist.
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("identity-service: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, SettingsError> {
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
        Command::Openapi => {
            let document = http::document().to_pretty_json().map_err(|error| SettingsError::new(error.to_string()))?;
            println!("{document}");
            Ok(())
        }
        Command::MasterKey { act } => {
            print!("{}", master_key(&load()?.settings, act)?);
            Ok(())
        }
        Command::Admin { act: AdminAct::Recover { tenant, username, password_file } } => {
            recover(&load()?.settings, tenant, &username, &password_file)
        }
        Command::Tenants { command } => {
            let (app, runtime) = at_desk(&load()?.settings)?;
            let text = runtime.block_on(tenants::run(&app, command))?;
            print!("{text}");
            Ok(())
        }
        Command::Apply(apply) => {
            let app = assemble(&load()?.settings, OpenedFor::Command, Arc::new(SystemClock), Arc::default())?;
            let applied = service_kit::lifecycle::runtime()?.block_on(apply::apply(&app, &apply))?;
            print!("{}", applied.text());
            return Ok(if let Applied::Outstanding(_) = applied {
                ExitCode::from(DIFFERENT)
            } else {
                ExitCode::SUCCESS
            });
        }
        Command::Export { tenant } => {
            let app = assemble(&load()?.settings, OpenedFor::Command, Arc::new(SystemClock), Arc::default())?;
            print!("{}", service_kit::lifecycle::runtime()?.block_on(apply::export(&app, tenant))?);
            Ok(())
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

fn serve(settings: &Settings) -> Result<(), SettingsError> {
    service_kit::lifecycle::run(async {
        let telemetry = service_kit::telemetry::begin(NAME, &settings.log, &settings.telemetry)?;
        let running = start(settings, Arc::new(SystemClock)).await?;
        tracing::info!(http = %running.http, grpc = %running.grpc, operations = %running.operations, "identity-service is up");
        service_kit::lifecycle::asked_to_stop().await.map_err(|error| SettingsError::new(error.to_string()))?;
        tracing::info!("identity-service stops");
        running.stop().await;
        telemetry.end();
        Ok(())
    })
}

fn recover(
    settings: &Settings,
    tenant: Option<Slug>,
    username: &str,
    password_file: &Path,
) -> Result<(), SettingsError> {
    let (app, runtime) = at_desk(settings)?;
    let password = administrator_password(password_file, &*app.entropy)?;
    let shown = tenant.as_ref().map_or_else(|| username.to_owned(), |tenant| format!("{tenant}/{username}"));
    let recovering = app.recover_administrator(tenant, username, password);
    let recovered = runtime.block_on(recovering);
    recovered.map_err(|failure| SettingsError::new(format!("the administrator cannot be recovered: {failure}")))?;
    println!("'{shown}' is an administrator again; the password is in {}", password_file.display());
    Ok(())
}

fn export_audit(settings: &Settings, tenant: Option<TenantId>, filter: Filter) -> Result<(), SettingsError> {
    let (clock, migrations) = (Arc::new(SystemClock), identity_store::migrations());
    let store = Store::for_command(&settings.database, &migrations, &IDENTITY, clock).map_err(SettingsError::new)?;
    let trail = Trail::new(store, settings.audit.retention()?);
    service_kit::lifecycle::runtime()?.block_on(async {
        let batches = trail.export(tenant, filter, Actor::operator()).await;
        let batches =
            batches.map_err(|failure| SettingsError::new(format!("the audit trail cannot be read: {failure}")))?;
        service_kit::audit::write_lines(batches, &mut std::io::stdout().lock()).await
    })
}

/// The service over its database beside the one that serves, once its deployment keys are known to be those of the
/// database.
fn at_desk(settings: &Settings) -> Result<(Arc<App>, Runtime), SettingsError> {
    let app = assemble(settings, OpenedFor::Command, Arc::new(SystemClock), Arc::default())?;
    let runtime = service_kit::lifecycle::runtime()?;
    runtime.block_on(app.master_keys(settings, &settings.keys.load()?).check())?;
    Ok((app, runtime))
}

fn master_key(settings: &Settings, act: MasterKeyAct) -> Result<String, SettingsError> {
    let app = assemble(settings, OpenedFor::Command, Arc::new(SystemClock), Arc::default())?;
    let keys = settings.keys.load()?;
    service_kit::lifecycle::runtime()?.block_on(app.master_keys(settings, &keys).act(act))
}

fn migrate(settings: &Settings, drop_database: bool, create_database: bool) -> Result<(), SettingsError> {
    let url = &settings.database.url;
    let done = store::prepare(url, &identity_store::migrations(), drop_database, create_database);
    let ran = done.map_err(|error| SettingsError::new(format!("the database {url} cannot be migrated: {error}")))?;
    println!("{url}: {}", if ran.is_empty() { "nothing to do".to_owned() } else { format!("ran {}", ran.join(", ")) });
    Ok(())
}
