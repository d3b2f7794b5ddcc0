//! What the tests must leave behind: that both engines ran, and that every published code was provoked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};

const CODES_VARIABLE: &str = "GATEHOUSE_PROVOKED_CODES";
const ENGINES_VARIABLE: &str = "GATEHOUSE_ENGINES_SEEN";
const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Two files to which tests append a line each: a code they provoked, an engine they ran on.
pub(super) struct Evidence {
    codes: PathBuf,
    engines: PathBuf,
}

impl Evidence {
    /// Begins with empty files, so that an earlier run proves nothing.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        let evidence = Self { codes: target.join("provoked-codes.txt"), engines: target.join("engines-seen.txt") };
        for path in [&evidence.codes, &evidence.engines] {
            fs::create_dir_all(target).map_err(Failure::on("create", target))?;
            fs::write(path, "").map_err(Failure::on("write", path))?;
        }
        Ok(evidence)
    }

    /// Tells the tests where to write.
    pub(super) fn ask_for_it(&self, command: &mut Command) {
        command.env(CODES_VARIABLE, &self.codes).env(ENGINES_VARIABLE, &self.engines);
    }

    /// The number of published codes, all of them provoked; a failure names what is missing.
    pub(super) fn judge(&self, root: &Path) -> Result<usize> {
        let seen = lines(&read(&self.engines)?);
        let unseen: Vec<_> = ENGINES.into_iter().filter(|engine| !seen.contains(*engine)).collect();
        if !unseen.is_empty() {
            return Err(Failure::new(format!("no test ran on {}; both engines must be tested", unseen.join(" and "))));
        }
        let published = published(&fs::read_to_string(root.join("CODES.md")).unwrap_or_default());
        if published.is_empty() {
            return Err(Failure::new("CODES.md lists no code; `cargo xtask generate` writes it"));
        }
        let provoked = lines(&read(&self.codes)?);
        let unprovoked: Vec<_> = published.difference(&provoked).map(String::as_str).collect();
        if !unprovoked.is_empty() {
            let names = unprovoked.join(", ");
            return Err(Failure::new(format!(
                "no test provokes {names}; write one, or move the number to the reserved"
            )));
        }
        Ok(published.len())
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Failure::on("read", path))
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The codes of the tables in `CODES.md`: the first cell of each row; reserved numbers stand in no table.
fn published(markdown: &str) -> BTreeSet<String> {
    markdown
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('|')?.split('|').next())
        .map(|cell| cell.trim().trim_matches('`'))
        .filter(|cell| cell.starts_with("AUT-") || cell.starts_with("IDE-"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: &str = "\
# Codes

| Code | Title |
|---|---|
| AUT-0001 | Missing Fields in Request |
| `IDE-1007` | Username Taken |

## Reserved
- AUT-1006
";

    /// Judges a run whose tests left these lines.
    fn judge(codes: &str, engines: &str) -> std::result::Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("CODES.md"), CODES).unwrap();
        let evidence = Evidence::begin(folder.path()).unwrap();
        fs::write(&evidence.codes, codes).unwrap();
        fs::write(&evidence.engines, engines).unwrap();
        evidence.judge(folder.path()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_run_on_both_engines_that_provokes_every_code_passes() {
        assert_eq!(judge("IDE-1007\nAUT-0001\nAUT-0001\n", "postgres\nsqlite\n"), Ok(2));
    }

    #[test]
    fn a_run_on_one_engine_fails() {
        let sentence = judge("IDE-1007\nAUT-0001\n", "sqlite\nsqlite\n").unwrap_err();
        assert_eq!(sentence, "no test ran on postgres; both engines must be tested");
    }

    #[test]
    fn a_code_that_no_test_provokes_fails_and_a_reserved_one_does_not() {
        let sentence = judge("AUT-0001\n", "postgres\nsqlite\n").unwrap_err();
        assert_eq!(sentence, "no test provokes IDE-1007; write one, or move the number to the reserved");
    }

    #[test]
    fn an_earlier_run_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("engines-seen.txt"), "sqlite\npostgres\n").unwrap();
        let evidence = Evidence::begin(folder.path()).unwrap();
        assert_eq!(read(&evidence.engines).unwrap(), "");
    }
}
