//! Migrations: embedded, run by command, and checked at every start.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::result::Error::DatabaseError;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::{AnyConnection, Both, Role, open};
use crate::schema::deployment;
use crate::{DatabaseUrl, MultiBackend};

static SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
static POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The migrations of one service, in both dialects.
pub struct Migrations {
    /// The name of the service; a database belongs to one.
    pub service: &'static str,
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL.
    pub postgres: EmbeddedMigrations,
}

/// The name under which a database says whose it is.
pub(crate) const SERVICE: &str = "service";
/// The lock of PostgreSQL under which a schema is changed.
pub(crate) const ONE_AT_A_TIME: &str = "SELECT pg_advisory_lock(4741544548)";

/// diesel takes a source by value; the embedded ones are static.
struct Borrowed<'a>(&'a EmbeddedMigrations);

impl MigrationSource<MultiBackend> for Borrowed<'_> {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<MultiBackend>>>> {
        self.0.migrations()
    }
}

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Brings a database to the schema of this build; returns the names of what ran.
pub fn migrate(url: &DatabaseUrl, service: &Migrations) -> Result<Vec<String>, Error> {
    let _lock = match url {
        DatabaseUrl::Sqlite(path) => Some(crate::gate::lock_file(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    let mut connection = open(url, Role::Writer)?;
    if let AnyConnection::Pg(_) = connection {
        connection.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
        // Two processes that start together run the migrations one after the other; the lock ends with the connection.
        connection.batch_execute(ONE_AT_A_TIME)?;
    }
    refuse_unknown(&mut connection, service)?;
    let mut ran = Vec::new();
    for source in sources(url, service) {
        let versions = connection.run_pending_migrations(Borrowed(source))?;
        ran.extend(versions.into_iter().map(|version| version.to_string()));
    }
    Both(
        diesel::insert_into(deployment::table)
            .values((deployment::name.eq(SERVICE), deployment::value.eq(service.service)))
            .on_conflict_do_nothing(),
    )
    .execute(&mut connection)?;
    Ok(ran)
}

/// What the `migrate` command of a service does: drops and makes the database where asked, then [`migrate`]s.
pub fn prepare(url: &DatabaseUrl, service: &Migrations, drop: bool, create: bool) -> Result<Vec<String>, Error> {
    if drop {
        drop_database(url)?;
    }
    if create {
        create_database(url)?;
    }
    migrate(url, service)
}

/// Checks that a database has exactly the schema of this build; says what to do when not.
pub fn check(url: &DatabaseUrl, service: &Migrations) -> Result<(), Error> {
    let mut connection = open(url, Role::Writer)?;
    refuse_unknown(&mut connection, service)?;
    for source in sources(url, service) {
        if connection.has_pending_migration(Borrowed(source))? {
            return Err("the database is older than this program; run the 'migrate' command first".into());
        }
    }
    Ok(())
}

/// Makes the database of a PostgreSQL URL where it does not exist; says whether it did.
pub fn create_database(url: &DatabaseUrl) -> Result<bool, Error> {
    let Some((mut server, name)) = maintenance(url)? else { return Ok(false) };
    match server.batch_execute(&format!("CREATE DATABASE {}", quoted(&name))) {
        Ok(()) => Ok(true),
        Err(error) if error.to_string().contains("already exists") => Ok(false),
        // Another process makes it at this moment, and its row came first.
        Err(DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Drops the database of a PostgreSQL URL with everything in it; says whether there was one.
pub fn drop_database(url: &DatabaseUrl) -> Result<bool, Error> {
    let Some((mut server, name)) = maintenance(url)? else { return Ok(false) };
    match server.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", quoted(&name))) {
        Ok(()) => Ok(true),
        Err(error) if error.to_string().contains("does not exist") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn maintenance(url: &DatabaseUrl) -> Result<Option<(AnyConnection, String)>, Error> {
    let Some((server, name)) = url.maintenance() else { return Ok(None) };
    Ok(Some((open(&DatabaseUrl::Postgres(server), Role::Writer)?, name)))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sources<'a>(url: &DatabaseUrl, service: &'a Migrations) -> [&'a EmbeddedMigrations; 2] {
    match url {
        DatabaseUrl::Sqlite(_) => [&SQLITE, &service.sqlite],
        DatabaseUrl::Postgres(_) => [&POSTGRES, &service.postgres],
    }
}

/// A database that a newer build has changed is not touched: this build does not know what its rows mean.
pub(crate) fn refuse_unknown(connection: &mut AnyConnection, service: &Migrations) -> Result<(), Error> {
    let applied: Vec<String> = connection.applied_migrations()?.iter().map(ToString::to_string).collect();
    let owner: Option<String> = match applied.is_empty() {
        true => None,
        false => deployment::table.find(SERVICE).select(deployment::value).first(connection).optional()?,
    };
    refuse_foreign(owner.as_deref(), &applied, service)
}

/// Judges whose a database is, and whether this build knows its schema.
pub(crate) fn refuse_foreign(owner: Option<&str>, applied: &[String], service: &Migrations) -> Result<(), Error> {
    if let Some(owner) = owner.filter(|owner| *owner != service.service) {
        let service = service.service;
        return Err(format!("the database belongs to {owner}, not to {service}; 'database.url' names it").into());
    }
    match service.unknown(applied)? {
        Some(version) => {
            Err(format!("the database has the migration {version}, which this program does not know; use a newer one")
                .into())
        }
        None => Ok(()),
    }
}

impl Migrations {
    /// The first of these migrations that this build does not know.
    pub fn unknown<'a>(&self, versions: &'a [String]) -> Result<Option<&'a String>, Error> {
        let mut known = BTreeSet::new();
        for source in [&SQLITE, &POSTGRES, &self.sqlite, &self.postgres] {
            let migrations = MigrationSource::<MultiBackend>::migrations(source)?;
            known.extend(migrations.iter().map(|migration| migration.name().version().to_string()));
        }
        Ok(versions.iter().find(|version| !known.contains(*version)))
    }

    /// The migrations of an engine, in the order in which they run.
    pub(crate) fn in_order(&self, url: &DatabaseUrl) -> Result<Vec<Box<dyn Migration<MultiBackend>>>, Error> {
        let mut all = Vec::new();
        for source in sources(url, self) {
            let mut migrations = MigrationSource::<MultiBackend>::migrations(source)?;
            migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
            all.extend(migrations);
        }
        Ok(all)
    }
}
