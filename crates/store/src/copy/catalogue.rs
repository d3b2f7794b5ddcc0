//! Which tables and columns a database has, as it tells itself.

use super::read::rows;
use super::{Table, Value, list, quoted};
use crate::connection::AnyConnection;
use crate::migrate::Error;

/// How the values of a column are written; SQLite knows the first three alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
    Bytes,
    Bool,
    Time,
    Uuid,
}

/// A table, and how its columns are written.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) table: Table,
    pub(super) kinds: Vec<Kind>,
}

impl Described {
    /// The statement for all rows, in the order of the primary key. Text is ordered by its bytes, whatever the language of
    /// the database, so that the order is the same on both engines.
    pub(super) fn select(&self, connection: &AnyConnection) -> String {
        let by = |column: &String| {
            let kind =
                self.table.columns.iter().zip(&self.kinds).find(|(name, _)| *name == column).map(|(_, kind)| kind);
            match (connection, kind) {
                (AnyConnection::Pg(_), Some(Kind::Text)) => format!("{} COLLATE \"C\"", quoted(column)),
                _ => quoted(column),
            }
        };
        let order = self.table.key.iter().map(by).collect::<Vec<_>>().join(", ");
        format!("SELECT {} FROM {} ORDER BY {order}", list(&self.table.columns), quoted(&self.table.name))
    }

    /// This table with its columns in the order of a copy; `None` when they are not the same columns.
    pub(super) fn like(&self, copied: &Table) -> Option<Self> {
        let kind_of = |name: &String| self.table.columns.iter().position(|own| own == name).map(|at| self.kinds[at]);
        let kinds: Vec<Kind> = copied.columns.iter().map(kind_of).collect::<Option<_>>()?;
        let same = kinds.len() == self.kinds.len() && copied.key == self.table.key && copied.name == self.table.name;
        same.then(|| Self { table: copied.clone(), kinds })
    }
}

/// The bookkeeping of migrations is no data: the schema of a copy says which of them ran.
pub(super) const SCHEMA_MIGRATIONS: &str = "__diesel_schema_migrations";

/// Name, column, type, place in the primary key from 1 or 0, and whether the database fills the column itself.
const SQLITE: &str = r"
    SELECT tables.name, columns.name, columns.type, columns.pk, columns.hidden <> 0 OR tables.sql LIKE '%AUTOINCREMENT%'
    FROM sqlite_schema AS tables JOIN pragma_table_xinfo(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite\_%' ESCAPE '\'
    ORDER BY tables.name, columns.cid";
const POSTGRES: &str = r"
    SELECT tables.relname::text, columns.attname::text, format_type(columns.atttypid, NULL),
           coalesce(array_position(primary_key.conkey, columns.attnum), 0),
           columns.attgenerated <> '' OR columns.attidentity <> ''
               OR coalesce(pg_get_expr(defaults.adbin, defaults.adrelid) LIKE 'nextval(%', false)
    FROM pg_class AS tables
    JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum > 0 AND NOT columns.attisdropped
    LEFT JOIN pg_constraint AS primary_key ON primary_key.conrelid = tables.oid AND primary_key.contype = 'p'
    LEFT JOIN pg_attrdef AS defaults ON defaults.adrelid = tables.oid AND defaults.adnum = columns.attnum
    WHERE tables.relnamespace = current_schema()::regnamespace AND tables.relkind IN ('r', 'p')
        AND NOT tables.relispartition
    ORDER BY tables.relname, columns.attnum";

/// The tables of a database, by name, without the bookkeeping of migrations.
pub(super) fn tables(connection: &mut AnyConnection) -> Result<Vec<Described>, Error> {
    let sql = match connection {
        AnyConnection::Pg(_) => POSTGRES,
        AnyConnection::Sqlite(_) => SQLITE,
    };
    let mut found: Vec<(Described, Vec<(i64, String)>)> = Vec::new();
    for row in rows(connection, sql)? {
        let (name, column, kind, place, own) = match <[Value; 5]>::try_from(row) {
            Ok([Value::Text(name), Value::Text(column), Value::Text(kind), Value::Integer(place), own]) => {
                (name, column, kind, place, own)
            }
            Ok(_) | Err(_) => return Err("the database describes its tables in a way that is not known".into()),
        };
        if name == SCHEMA_MIGRATIONS {
            continue;
        }
        if own != Value::Integer(0) {
            return Err(format!("{name}.{column} is filled by the database, which a copy cannot repeat").into());
        }
        let kind = parse(&kind).ok_or_else(|| format!("{name}.{column} has the type {kind}, which no copy knows"))?;
        if found.last().is_none_or(|(last, _)| last.table.name != name) {
            let table = Table { name, columns: Vec::new(), key: Vec::new() };
            found.push((Described { table, kinds: Vec::new() }, Vec::new()));
        }
        if let Some((described, key)) = found.last_mut() {
            if place > 0 {
                key.push((place, column.clone()));
            }
            described.table.columns.push(column);
            described.kinds.push(kind);
        }
    }
    found
        .into_iter()
        .map(|(mut described, mut key)| {
            key.sort();
            described.table.key = key.into_iter().map(|(_, column)| column).collect();
            match described.table.key.is_empty() {
                true => Err(format!("{} has no primary key, so a copy has no order", described.table.name).into()),
                false => Ok(described),
            }
        })
        .collect()
}

fn parse(kind: &str) -> Option<Kind> {
    Some(match kind {
        "INTEGER" | "INT" | "bigint" | "integer" | "smallint" => Kind::Integer,
        "TEXT" | "text" | "character varying" => Kind::Text,
        "BLOB" | "bytea" => Kind::Bytes,
        "boolean" => Kind::Bool,
        "timestamp with time zone" => Kind::Time,
        "uuid" => Kind::Uuid,
        _ => return None,
    })
}
