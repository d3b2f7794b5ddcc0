//! Rows of any shape, one after the other, never all of them in memory.
#![allow(clippy::disallowed_methods, reason = "which tables there are is known when the program runs, not before")]

use diesel::connection::DefaultLoadingMode;
use diesel::deserialize::{self, QueryableByName};
use diesel::pg::{Pg, PgRowByRowLoadingMode, PgValue};
use diesel::prelude::*;
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::{Sqlite, SqliteType};

use super::Value;
use crate::connection::AnyConnection;
use crate::migrate::Error;
use crate::sql::POSTGRES_EPOCH_MICROS;

/// Calls back with each row of a query.
pub(super) fn each_row(
    connection: &mut AnyConnection,
    sql: &str,
    each: &mut dyn FnMut(Vec<Value>) -> Result<(), Error>,
) -> Result<(), Error> {
    let query = diesel::sql_query(sql);
    match connection {
        AnyConnection::Pg(pg) => {
            for row in query.load_iter::<Cells, PgRowByRowLoadingMode>(pg)? {
                each(row?.0)?;
            }
        }
        AnyConnection::Sqlite(sqlite) => {
            for row in query.load_iter::<Cells, DefaultLoadingMode>(sqlite)? {
                each(row?.0)?;
            }
        }
    }
    Ok(())
}

/// All rows of a query that has few.
pub(super) fn rows(connection: &mut AnyConnection, sql: &str) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows = Vec::new();
    each_row(connection, sql, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// The first column of a query that has few rows, as text.
pub(super) fn texts(connection: &mut AnyConnection, sql: &str) -> Result<Vec<String>, Error> {
    let first = |row: Vec<Value>| row.into_iter().next().and_then(Value::into_text);
    Ok(rows(connection, sql)?.into_iter().filter_map(first).collect())
}

impl Value {
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Integer(_) | Self::Bytes(_) => None,
        }
    }
}

/// A row of any shape.
struct Cells(Vec<Value>);

impl QueryableByName<Sqlite> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let cell = |index| {
            let field = Row::get(row, index).ok_or("a row is shorter than it says")?;
            let Some(mut value) = field.value() else { return Ok(Value::Null) };
            Ok(match value.value_type() {
                None => Value::Null,
                Some(SqliteType::Integer | SqliteType::SmallInt | SqliteType::Long) => {
                    Value::Integer(value.read_long())
                }
                Some(SqliteType::Text) => Value::Text(value.read_text().to_owned()),
                Some(SqliteType::Binary) => Value::Bytes(value.read_blob().to_vec()),
                Some(SqliteType::Float | SqliteType::Double) => return Err("a number with a fraction".into()),
            })
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<_>>().map(Self)
    }
}

impl QueryableByName<Pg> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let cell = |index| {
            let field = Row::get(row, index).ok_or("a row is shorter than it says")?;
            field.value().map_or(Ok(Value::Null), |value| from_postgres(&value))
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<_>>().map(Self)
    }
}

/// Reads the binary form of a value by the number of its type (`pg_type.dat` of PostgreSQL).
fn from_postgres(value: &PgValue<'_>) -> deserialize::Result<Value> {
    let bytes = value.as_bytes();
    Ok(match value.get_oid().get() {
        16 => Value::Integer((bytes != [0]).into()),
        20 => Value::Integer(i64::from_be_bytes(bytes.try_into()?)),
        23 => Value::Integer(i32::from_be_bytes(bytes.try_into()?).into()),
        21 => Value::Integer(i16::from_be_bytes(bytes.try_into()?).into()),
        25 | 1043 => Value::Text(std::str::from_utf8(bytes)?.to_owned()),
        17 | 2950 => Value::Bytes(bytes.to_vec()),
        1184 => {
            let micros = i64::from_be_bytes(bytes.try_into()?);
            Value::Integer(micros.checked_add(POSTGRES_EPOCH_MICROS).ok_or("a time without end")?)
        }
        other => return Err(format!("a value of the type {other}").into()),
    })
}
