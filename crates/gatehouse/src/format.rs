//! The lines of a backup: JSON under gzip, the same for both engines.
//!
//! A line that begins with `{` says what comes, one that begins with `[` is a row. The digest of a table is over the
//! lines of its rows, the digest of the end over every line before it. They find damage; who can write to a backup can
//! also compute them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::copy::{Table, Value};

/// The version of this format. It rises when an older program could not read what is written.
pub(crate) const FORMAT: u32 = 1;

/// What a backup begins with.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// Every write that was acknowledged before this moment is in it (RFC 3339).
    pub made_at: String,
    /// The databases in it.
    pub databases: Vec<Origin>,
}

/// Where one of the databases came from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The service whose database it is.
    pub service: String,
    /// Where it was kept.
    pub engine: String,
    /// The migrations that made its schema.
    pub migrations: Vec<String>,
}

/// A line that is no row.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(crate) enum Line {
    Backup(Header),
    Table {
        service: String,
        #[serde(flatten)]
        table: Table,
    },
    TableEnd(Sum),
    End(Sum),
}

/// How much there was, and its SHA-256 in hexadecimal.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Rows.
    pub rows: u64,
    /// The digest.
    pub sha256: String,
}

/// Counts rows and digests their lines.
#[derive(Clone, Default)]
pub(crate) struct Summing {
    rows: u64,
    digest: Sha256,
}

impl Summing {
    pub(crate) fn line(&mut self, line: &str) {
        self.digest.update(line);
        self.digest.update("\n");
    }

    pub(crate) fn row(&mut self, line: &str) {
        self.rows += 1;
        self.line(line);
    }

    pub(crate) fn sum(&self) -> Sum {
        let digest = self.digest.clone().finalize();
        Sum { rows: self.rows, sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
    }
}

/// A value as JSON: bytes are an object, so that they are never taken for text.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Cell<'a> {
    Null,
    Integer(i64),
    Text(std::borrow::Cow<'a, str>),
    Bytes { base64: String },
}

/// A row as a line.
pub(crate) fn encode(row: &[Value]) -> serde_json::Result<String> {
    let cell = |value: &'_ Value| match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(*number),
        Value::Text(text) => Cell::Text(text.clone().into()),
        Value::Bytes(bytes) => Cell::Bytes { base64: STANDARD.encode(bytes) },
    };
    serde_json::to_string(&row.iter().map(cell).collect::<Vec<_>>())
}

/// A line as a row; `None` when it is none.
pub(crate) fn decode(line: &str) -> Option<Vec<Value>> {
    let cells: Vec<Cell<'_>> = serde_json::from_str(line).ok()?;
    let value = |cell| {
        Some(match cell {
            Cell::Null => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Text(text) => Value::Text(text.into_owned()),
            Cell::Bytes { base64 } => Value::Bytes(STANDARD.decode(base64).ok()?),
        })
    };
    cells.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            Just(Value::Integer(i64::MIN)),
            Just(Value::Integer(i64::MAX)),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn every_row_is_one_line_and_comes_back_as_it_was(row in prop::collection::vec(value(), 0..20)) {
            let line = encode(&row).unwrap();
            prop_assert!(line.starts_with('[') && !line.contains('\n'));
            prop_assert_eq!(decode(&line), Some(row));
        }
    }
}
