//! Writes the file of a backup: nobody else reads it, and it has its name only when it is whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use store::copy::{Table, Value};
use tempfile::NamedTempFile;

use crate::format::{FORMAT, Header, Line, Origin, Sum, Summing, encode};
use crate::{Refusal, Result};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The file of a backup that is being made; dropped before [`finish`](Self::finish), it is gone.
pub(crate) struct Writing<'a> {
    to: &'a Path,
    out: GzEncoder<BufWriter<NamedTempFile>>,
    whole: Summing,
    table: Summing,
}

impl<'a> Writing<'a> {
    /// Begins a file that is not there yet.
    pub(crate) fn begin(to: &'a Path, made_at: String, databases: Vec<Origin>) -> Result<Self> {
        if to.symlink_metadata().is_ok() {
            return Err(Refusal::new(format!("{} is there already; name another file", to.display())));
        }
        // Of mode 0600 from its first moment.
        let made =
            NamedTempFile::with_prefix_in(".gatehouse-backup-", folder(to)).map_err(|error| cannot(to, error))?;
        let out = GzEncoder::new(BufWriter::new(made), Compression::default());
        let mut begun = Self { to, out, whole: Summing::default(), table: Summing::default() };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        begun
            .say(&Line::Backup(Header { format: FORMAT, version, made_at, databases }))
            .map_err(|fault| cannot(to, fault))?;
        Ok(begun)
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, service: &str, table: &Table) -> std::result::Result<(), Fault> {
        self.table = Summing::default();
        self.say(&Line::Table { service: service.to_owned(), table: table.clone() })
    }

    /// Adds a row of the table.
    pub(crate) fn row(&mut self, row: &[Value]) -> std::result::Result<(), Fault> {
        let line = encode(row)?;
        self.table.row(&line);
        self.whole.row(&line);
        writeln!(self.out, "{line}")?;
        Ok(())
    }

    /// Ends the table.
    pub(crate) fn table_end(&mut self) -> std::result::Result<Sum, Fault> {
        let sum = self.table.sum();
        self.say(&Line::TableEnd(sum.clone()))?;
        Ok(sum)
    }

    /// Ends the file, makes it durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<Sum> {
        let to = self.to;
        let sum = self.whole.sum();
        self.say(&Line::End(sum.clone())).map_err(|fault| cannot(to, fault))?;
        let buffered = self.out.finish().map_err(|error| cannot(to, error))?;
        let made = buffered.into_inner().map_err(|error| cannot(to, error))?;
        made.as_file().sync_all().map_err(|error| cannot(to, error))?;
        made.persist_noclobber(to).map_err(|error| cannot(to, error))?;
        File::open(folder(to)).and_then(|folder| folder.sync_all()).map_err(|error| cannot(to, error))?;
        Ok(sum)
    }

    fn say(&mut self, line: &Line) -> std::result::Result<(), Fault> {
        let line = serde_json::to_string(line)?;
        self.whole.line(&line);
        writeln!(self.out, "{line}")?;
        Ok(())
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn cannot(to: &Path, reason: impl std::fmt::Display) -> Refusal {
    Refusal::new(format!("{} cannot be written: {reason}; name a file in a folder with room for it", to.display()))
}
