//! The log file of a service: opened for it, followed for the reader, and its end shown when it dies.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Enough to see why a service died.
const LAST_LINES: usize = 20;

/// An open log; services write to files even in the foreground, so that they outlive the one who reads along.
pub(super) struct Log {
    path: PathBuf,
    reader: File,
    unfinished: Vec<u8>,
}

impl Log {
    /// Begins an empty log, keeps the one before it under `.1`, and gives the end to which the service writes.
    pub(super) fn begin(path: &Path) -> Result<(Self, File)> {
        match fs::rename(path, path.with_added_extension("1")) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(Failure::on("rename", path)(cause)),
            Ok(()) | Err(_) => {}
        }
        let writer = File::options().create(true).append(true).open(path).map_err(Failure::on("create", path))?;
        let reader = File::open(path).map_err(Failure::on("read", path))?;
        Ok((Self { path: path.to_owned(), reader, unfinished: Vec::new() }, writer))
    }

    /// The whole lines that have come since the last call.
    pub(super) fn news(&mut self) -> Result<Vec<String>> {
        self.reader.read_to_end(&mut self.unfinished).map_err(Failure::on("read", &self.path))?;
        let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let rest = self.unfinished.split_off(end + 1);
        let lines = String::from_utf8_lossy(&self.unfinished).lines().map(str::to_owned).collect();
        self.unfinished = rest;
        Ok(lines)
    }

    /// Shows the end of the log to a person.
    pub(super) fn show_end(&self) {
        let text = fs::read(&self.path).unwrap_or_default();
        eprint!("{}", last_lines(&String::from_utf8_lossy(&text)));
        eprintln!("(the whole log: {})", self.path.display());
    }
}

/// The last lines of a text, indented so that they stand apart from our own words.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_whole_lines_are_news() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, mut writer) = Log::begin(&folder.path().join("a.log")).unwrap();
        writer.write_all(b"one\ntw").unwrap();
        assert_eq!(log.news().unwrap(), ["one"]);
        writer.write_all(b"o\nthree\n").unwrap();
        assert_eq!(log.news().unwrap(), ["two", "three"]);
        assert_eq!(log.news().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn the_log_before_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "before\n").unwrap();
        let (mut log, _writer) = Log::begin(&path).unwrap();
        assert_eq!(log.news().unwrap(), Vec::<String>::new());
        assert_eq!(fs::read_to_string(folder.path().join("a.log.1")).unwrap(), "before\n");
    }

    #[test]
    fn the_end_of_a_log_is_short() {
        let text: String = (1..=30).map(|number| format!("{number}\n")).collect();
        let end = last_lines(&text);
        assert_eq!(end.lines().count(), LAST_LINES);
        assert!(end.starts_with("  11\n") && end.ends_with("  30\n"));
    }
}
