//! Whole copies of a database: read in one snapshot beside its writers, written in one transaction, alike on both engines.
//!
//! Nothing here lists tables. The tables and columns are those that the database itself tells, so a new migration is in
//! the next copy without a word. What differs between the engines is put into three kinds of values, those of SQLite:
//! an id is its 16 bytes, a time its microseconds since 1970, a truth 0 or 1. A column of a kind that is not known here,
//! or whose numbers a sequence draws, is refused, which the tests of the migrations notice first.
//!
//! Read [`Snapshot`] first, then [`Replacement`].

mod catalogue;
mod read;
mod replacement;
mod snapshot;
mod write;

pub use replacement::Replacement;
pub use snapshot::Snapshot;

/// A value of a row, as either engine understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, a truth (0 or 1), or a time (microseconds since 1970).
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes, or an id (16 of them).
    Bytes(Vec<u8>),
}

/// A table as it is copied: by the names of its columns, in the order of its primary key.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Table {
    /// Its name.
    #[serde(rename = "table")]
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The columns of its primary key, in their order.
    pub key: Vec<String>,
}

/// An identifier as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
