//! Many rows in one statement.
#![allow(clippy::disallowed_methods, reason = "which tables there are is known when the program runs, not before")]

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use domain::Timestamp;
use uuid::Uuid;

use super::catalogue::{Described, Kind};
use super::{Value, list, quoted};
use crate::connection::AnyConnection;
use crate::migrate::Error;
use crate::sql::{At, Id, TimeSql, UuidSql};

/// Parameters of a statement at most; SQLite takes 32766, PostgreSQL twice as many.
const MOST_PARAMETERS: usize = 30_000;
const MOST_ROWS: usize = 500;

type Statement<'a, DB> = BoxedSqlQuery<'a, DB, SqlQuery>;

/// Adds rows, as few statements as it takes.
pub(super) fn insert(connection: &mut AnyConnection, described: &Described, rows: &[Vec<Value>]) -> Result<(), Error> {
    let columns = described.kinds.len();
    if let Some(row) = rows.iter().find(|row| row.len() != columns) {
        return Err(format!("{} has {columns} columns, and a row {} values", described.table.name, row.len()).into());
    }
    for rows in rows.chunks((MOST_PARAMETERS / columns.max(1)).clamp(1, MOST_ROWS)) {
        let values = || rows.iter().flat_map(|row| row.iter().zip(&described.kinds));
        match connection {
            AnyConnection::Pg(pg) => {
                let mut statement = diesel::sql_query(text(described, rows.len(), '$')).into_boxed::<Pg>();
                for (value, kind) in values() {
                    statement = bind_postgres(statement, *kind, value).ok_or_else(|| misfit(described, value))?;
                }
                statement.execute(pg)?;
            }
            AnyConnection::Sqlite(sqlite) => {
                let mut statement = diesel::sql_query(text(described, rows.len(), '?')).into_boxed::<Sqlite>();
                for (value, _) in values() {
                    statement = bind_sqlite(statement, value);
                }
                statement.execute(sqlite)?;
            }
        }
    }
    Ok(())
}

fn text(described: &Described, rows: usize, mark: char) -> String {
    let columns = described.kinds.len();
    let row = |row: usize| {
        let marks: Vec<String> = (1..=columns).map(|column| format!("{mark}{}", row * columns + column)).collect();
        format!("({})", marks.join(","))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    let (name, columns) = (quoted(&described.table.name), list(&described.table.columns));
    format!("INSERT INTO {name} ({columns}) VALUES {}", rows.join(","))
}

/// Binds a value in the type of its column; `None` when it is no value of that type.
fn bind_postgres<'a>(statement: Statement<'a, Pg>, kind: Kind, value: &'a Value) -> Option<Statement<'a, Pg>> {
    Some(match (kind, value) {
        (Kind::Integer, Value::Null) => statement.bind::<Nullable<BigInt>, _>(None::<i64>),
        (Kind::Integer, Value::Integer(number)) => statement.bind::<BigInt, _>(*number),
        (Kind::Bool, Value::Null) => statement.bind::<Nullable<Bool>, _>(None::<bool>),
        (Kind::Bool, Value::Integer(truth @ (0 | 1))) => statement.bind::<Bool, _>(*truth == 1),
        (Kind::Time, Value::Null) => statement.bind::<Nullable<TimeSql>, _>(None::<At>),
        (Kind::Time, Value::Integer(micros)) => statement.bind::<TimeSql, _>(At(Timestamp::from_micros(*micros))),
        (Kind::Text, Value::Null) => statement.bind::<Nullable<Text>, _>(None::<&str>),
        (Kind::Text, Value::Text(text)) => statement.bind::<Text, _>(text),
        (Kind::Bytes, Value::Null) => statement.bind::<Nullable<Binary>, _>(None::<&[u8]>),
        (Kind::Bytes, Value::Bytes(bytes)) => statement.bind::<Binary, _>(bytes),
        (Kind::Uuid, Value::Null) => statement.bind::<Nullable<UuidSql>, _>(None::<Id>),
        (Kind::Uuid, Value::Bytes(bytes)) => statement.bind::<UuidSql, _>(Id(Uuid::from_slice(bytes).ok()?)),
        (_, Value::Integer(_) | Value::Text(_) | Value::Bytes(_)) => return None,
    })
}

/// Binds a value; a strict table refuses what does not fit its column.
fn bind_sqlite<'a>(statement: Statement<'a, Sqlite>, value: &'a Value) -> Statement<'a, Sqlite> {
    match value {
        Value::Null => statement.bind::<Nullable<BigInt>, _>(None::<i64>),
        Value::Integer(number) => statement.bind::<BigInt, _>(*number),
        Value::Text(text) => statement.bind::<Text, _>(text),
        Value::Bytes(bytes) => statement.bind::<Binary, _>(bytes),
    }
}

fn misfit(described: &Described, value: &Value) -> Error {
    let kind = match value {
        Value::Null => "nothing",
        Value::Integer(_) => "a number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
    };
    format!("a row of {} has {kind} where its column takes no such value", described.table.name).into()
}
