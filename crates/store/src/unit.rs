//! The unit of work: what one transaction reads and writes, and what others must learn of it.

use diesel::QueryResult;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use domain::Timestamp;
use domain::change::Change;
use domain::id::TenantId;
use error_codes::{Code, Failure, Generic, Result};

use crate::connection::AnyConnection;

/// One unit of work on one connection.
///
/// It is spent at the first error of the database: PostgreSQL has then already aborted the transaction, so a commit
/// would report success and lose what was written before.
pub struct Unit<'a> {
    connection: &'a mut AnyConnection,
    codes: &'static Generic,
    now: Timestamp,
    changes: Vec<(TenantId, Change)>,
    fate: Fate,
}

/// How a unit of work may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing went wrong in the database.
    Sound,
    /// The database refused a statement.
    Spent,
    /// Another transaction stood in the way; the same work may succeed when run again.
    Repeatable,
}

impl<'a> Unit<'a> {
    pub(crate) fn new(connection: &'a mut AnyConnection, codes: &'static Generic, now: Timestamp) -> Self {
        Self { connection, codes, now, changes: Vec::new(), fate: Fate::Sound }
    }

    /// The time of this unit of work.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs a statement.
    pub fn query<T>(&mut self, statement: impl FnOnce(&mut AnyConnection) -> QueryResult<T>) -> Result<T> {
        statement(self.connection).map_err(|error| self.fail(error))
    }

    /// Runs a statement that may break a unique index; each is named as `table_columns` with the code of the collision.
    ///
    /// PostgreSQL tells the name of the index, SQLite the columns: an index over `users (tenant_id, username_folded)`
    /// must be named `users_username_folded`, after its last column.
    pub fn query_unique<T>(
        &mut self,
        collisions: &[(&str, Code)],
        statement: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<T> {
        statement(self.connection).map_err(|error| {
            if let DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) = &error {
                let index = broken_index(information.as_ref());
                if let Some((_, code)) = collisions.iter().find(|(name, _)| *name == index) {
                    self.fate = Fate::Spent;
                    return Failure::new(*code);
                }
            }
            self.fail(error)
        })
    }

    /// A row that makes no sense: reported, never guessed around.
    pub fn corrupt(&self, table: &'static str, id: impl std::fmt::Display) -> Failure {
        Failure::new(self.codes.internal).with_cause(format!("the row {id} of {table} makes no sense"))
    }

    /// Tells others of a change when this unit of work is committed; the same change twice is told once.
    pub fn announce(&mut self, tenant: TenantId, change: Change) {
        let change = (tenant, change);
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(crate) fn take_changes(&mut self) -> Vec<(TenantId, Change)> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn fate(&self) -> Fate {
        self.fate
    }

    pub(crate) fn fail(&mut self, error: DieselError) -> Failure {
        let blocked = if let DieselError::DatabaseError(kind, information) = &error {
            matches!(kind, DatabaseErrorKind::SerializationFailure)
                || information.message().contains("deadlock detected")
        } else {
            false
        };
        self.fate = if blocked { Fate::Repeatable } else { Fate::Spent };
        failure(self.codes, error)
    }
}

/// What the engines say when they cannot work at the moment.
const SIGNS_OF_ABSENCE: &[&str] = &[
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "SSL connection has been closed",
    "canceling statement due to",
    "database is locked",
    "database or disk is full",
    "No space left on device",
    "the database system is",
    "could not receive data from server",
    "could not send data to server",
];

/// What a database error is towards a client: ours, or a database that does not answer.
pub(crate) fn failure(codes: &'static Generic, error: DieselError) -> Failure {
    let unavailable = if let DieselError::DatabaseError(kind, information) = &error {
        let message = information.message();
        matches!(kind, DatabaseErrorKind::ClosedConnection)
            || SIGNS_OF_ABSENCE.iter().any(|sign| message.contains(sign))
    } else {
        false
    };
    if unavailable { crate::gate::unavailable(codes, error) } else { Failure::new(codes.internal).with_cause(error) }
}

/// A commit that several units of work shared has failed for this reason.
pub(crate) fn refused_commit(codes: &'static Generic, reason: String) -> Failure {
    if SIGNS_OF_ABSENCE.iter().any(|sign| reason.contains(sign)) {
        crate::gate::unavailable(codes, reason)
    } else {
        Failure::new(codes.internal).with_cause(reason)
    }
}

/// The broken unique index, as `table_column` of its last column.
fn broken_index(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> String {
    if let Some(name) = information.constraint_name() {
        return name.to_owned();
    }
    let message = information.message();
    let columns = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or(message);
    let last = columns.rsplit(", ").next().unwrap_or(columns);
    last.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use error_codes::{AUTH, aut};

    use super::*;

    #[test]
    fn a_full_disk_is_no_fault_of_ours_on_either_engine() {
        for reason in
            ["database or disk is full", "could not extend file \"base/16385/16421\": No space left on device"]
        {
            assert_eq!(refused_commit(&AUTH, reason.to_owned()).code(), aut::UNAVAILABLE);
        }
        assert_eq!(refused_commit(&AUTH, "syntax error".to_owned()).code(), aut::INTERNAL);
    }
}
