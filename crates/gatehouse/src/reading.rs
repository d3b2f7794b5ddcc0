//! Reads the file of a backup, and trusts nothing in it before its end.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use serde::Deserialize;
use store::copy::{Table, Value};

use crate::format::{FORMAT, Line, Summing, decode};
use crate::{Refusal, Result};

pub use crate::format::{Header, Origin, Sum};

/// Bytes of a line at most; the longest row of any table is far below.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// What a whole backup holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What it begins with.
    pub header: Header,
    /// Its tables, with the service each belongs to.
    pub tables: Vec<(String, Table, Sum)>,
    /// Everything together.
    pub sum: Sum,
}

/// Reads a backup to its end and checks that it is whole; writes nothing.
///
/// # Errors
/// When it is no backup, is of a newer format, is cut short, or was changed.
pub fn verify(file: &Path) -> Result<Contents> {
    let mut reading = Reading::open(file)?;
    let mut tables = Vec::new();
    let mut current = None;
    loop {
        match reading.step()? {
            Step::Table { service, table } => current = Some((service, table)),
            Step::Row(_) => {}
            Step::TableEnd(sum) => {
                let (service, table) = current.take().ok_or_else(|| reading.damaged())?;
                tables.push((service, table, sum));
            }
            Step::End(sum) => return Ok(Contents { header: reading.header, tables, sum }),
        }
    }
}

/// A backup that is being read.
pub(crate) struct Reading {
    path: PathBuf,
    lines: BufReader<GzDecoder<BufReader<File>>>,
    header: Header,
    whole: Summing,
    table: Option<Summing>,
}

/// What comes next.
pub(crate) enum Step {
    Table { service: String, table: Table },
    Row(Vec<Value>),
    TableEnd(Sum),
    End(Sum),
}

/// What every version of the format begins with.
#[derive(Deserialize)]
struct Beginning {
    line: String,
    format: u32,
    version: String,
}

impl Reading {
    /// Opens a backup and reads its first line.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)
            .map_err(|error| Refusal::new(format!("{} cannot be read: {error}; name a backup", path.display())))?;
        let header = Header { format: FORMAT, version: String::new(), made_at: String::new(), databases: Vec::new() };
        let lines = BufReader::new(GzDecoder::new(BufReader::new(file)));
        let mut reading = Self { path: path.to_owned(), lines, header, whole: Summing::default(), table: None };
        let no_backup = || Refusal::new(format!("{} is no backup of Gatehouse; name one", path.display()));
        let Ok(Some(line)) = reading.line() else { return Err(no_backup()) };
        let beginning: Beginning = serde_json::from_str(&line).map_err(|_| no_backup())?;
        if beginning.line != "backup" {
            return Err(no_backup());
        }
        if beginning.format != FORMAT {
            return Err(Refusal::new(format!(
                "{} has the format {}, which this program does not know; restore it with Gatehouse {} or newer",
                path.display(),
                beginning.format,
                beginning.version
            )));
        }
        match serde_json::from_str(&line) {
            Ok(Line::Backup(header)) => reading.header = header,
            Ok(Line::Table { .. } | Line::TableEnd(_) | Line::End(_)) | Err(_) => return Err(reading.damaged()),
        }
        reading.whole.line(&line);
        Ok(reading)
    }

    /// Takes one step; what it gives belongs to a whole backup only once the end has come.
    pub(crate) fn step(&mut self) -> Result<Step> {
        let line = self.line()?.ok_or_else(|| self.damaged())?;
        if line.starts_with('[') {
            let row = decode(&line).ok_or_else(|| self.damaged())?;
            let table = self.table.as_mut();
            let Some(table) = table else { return Err(self.damaged()) };
            table.row(&line);
            self.whole.row(&line);
            return Ok(Step::Row(row));
        }
        let before = self.whole.sum();
        self.whole.line(&line);
        let said: Line = serde_json::from_str(&line).map_err(|_| self.damaged())?;
        match (said, self.table.take()) {
            (Line::Table { service, table }, None) => {
                self.table = Some(Summing::default());
                Ok(Step::Table { service, table })
            }
            (Line::TableEnd(sum), Some(table)) if table.sum() == sum => Ok(Step::TableEnd(sum)),
            (Line::End(sum), None) if before == sum && self.is_at_end() => Ok(Step::End(sum)),
            (Line::Backup(_) | Line::Table { .. } | Line::TableEnd(_) | Line::End(_), _) => Err(self.damaged()),
        }
    }

    pub(crate) fn damaged(&self) -> Refusal {
        Refusal::new(format!("{} is cut short or was changed; take another copy of the backup", self.path.display()))
    }

    /// The next line without its end; `None` where there is none.
    fn line(&mut self) -> Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut self.lines, LONGEST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|_| self.damaged())? == 0 {
            return Ok(None);
        }
        if bytes.pop() != Some(b'\n') {
            return Err(self.damaged());
        }
        String::from_utf8(bytes).map(Some).map_err(|_| self.damaged())
    }

    /// Whether nothing follows, neither compressed nor plain; the decoder has compared its own checksum then.
    fn is_at_end(&mut self) -> bool {
        let nothing = |bytes: std::io::Result<&[u8]>| bytes.is_ok_and(<[u8]>::is_empty);
        nothing(self.lines.fill_buf()) && nothing(self.lines.get_mut().get_mut().fill_buf())
    }
}
